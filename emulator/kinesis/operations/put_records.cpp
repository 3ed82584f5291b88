// PutRecords: a fault in any entry refuses the whole request; a limit refuses just the entries beyond it, in order.
#include "protocol/kinesis/operations/put_records.h"
#include "emulator/kinesis/address.h"
#include "emulator/kinesis/records/puts.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {
namespace {

std::expected<std::vector<Put>, Error> check_all(const streams::Stream& stream, const std::vector<PutRecords::Entry>& entries) {
    std::vector<Put> puts;
    puts.reserve(entries.size());
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto& entry = entries[i];
        auto put = check_put(stream, i + 1, entry.partition_key, entry.explicit_hash_key, entry.data->bytes);
        if (!put) return std::unexpected{put.error()};
        total += put->bytes();
        puts.push_back(*put);
    }
    if (total > static_cast<std::uint64_t>(streams::put_records_bytes)) return std::unexpected{texts::records_too_large()};
    return puts;
}

// Which of a request's entries went where: the group and the place in it, or nowhere.
struct Placed {
    std::ptrdiff_t group = -1;
    std::size_t nth = 0;
};

}   // namespace

Task<Reply<PutRecords>> handle(Call& call, const PutRecords& request) {
    const auto found = find_stream(call, address_of(request));
    if (!found) co_return std::unexpected{found.error()};
    const auto& stream = *found;
    if (auto fault = accepts_puts(call, *stream)) co_return std::unexpected{*fault};
    const auto puts = check_all(*stream, *request.records);
    if (!puts) co_return std::unexpected{puts.error()};
    if (request.dry_run.value_or(false)) co_return std::unexpected{texts::dry_run()};

    PutRecords::Result told;
    told.records.resize(puts->size());
    std::vector<ShardPuts> groups;
    std::vector<std::size_t> sizes;
    std::vector<Placed> placed(puts->size());
    const auto refuse = [&](std::size_t i, std::string_view code, std::string text) {
        told.records[i].error_code = code;
        told.records[i].error_message = std::move(text);
        ++told.failed_record_count;
    };
    for (std::size_t i = 0; i < puts->size(); ++i) {
        const auto& put = (*puts)[i];
        const auto& shard = shard_of(call.engine, *stream, put);
        if (call.engine.admit(shard, put.bytes(), 1, put.key)) {
            refuse(i, "ProvisionedThroughputExceededException",
                   texts::rate_exceeded(shard_id(shard.index), call.name(*stream), call.account()));
            continue;
        }
        // A request touches few shards; looking from the newest group finds neighbours at once.
        auto at = std::ssize(groups) - 1;
        while (at >= 0 && &groups[static_cast<std::size_t>(at)].shard() != &shard) --at;
        if (at < 0) {
            at = std::ssize(groups);
            groups.emplace_back(shard);
            sizes.push_back(0);
        }
        placed[i] = {at, sizes[static_cast<std::size_t>(at)]++};
        groups[static_cast<std::size_t>(at)].add(put);
    }
    // Others are served while a large batch is made. Its shard may be closed meanwhile: then its records fail and the client
    // sends them again.
    std::uint64_t bytes = 0;
    for (const auto& put : *puts) bytes += put.bytes();
    if (call.engine.large(bytes)) {
        auto away = call.engine.aside([&groups, now_ms = to_ms(call.world.clock->now())] {
            for (auto& group : groups) group.build(now_ms);
        });
        co_await std::move(away);
    }
    std::vector<bool> stored(groups.size());
    struct Told {
        ShardIdText id;
        SequenceNumbers numbers;
    };
    std::vector<Told> names;
    names.reserve(groups.size());
    for (const auto& group : groups) names.push_back({shard_id(group.shard().index), SequenceNumbers{group.shard()}});
    if (stream->encrypted()) told.encryption_type = "KMS";   // all are queued in this turn
    for (std::size_t g = 0; g < groups.size(); ++g) stored[g] = groups[g].queue(call.engine);
    for (std::size_t g = 0; g < groups.size(); ++g) {
        if (!stored[g]) continue;
        const auto& ticket = groups[g].ticket();
        if (!ticket.done()) co_await ticket.finished();
        stored[g] = ticket.outcome().has_value();
    }
    for (std::size_t i = 0; i < puts->size(); ++i) {
        if (placed[i].group < 0) continue;
        const auto g = static_cast<std::size_t>(placed[i].group);
        if (!stored[g]) {
            refuse(i, "InternalFailure", "Internal service failure.");
            continue;
        }
        const auto& group = groups[g];
        told.records[i].sequence_number = names[g].numbers.at(group.position(placed[i].nth), group.appended_ms());
        told.records[i].shard_id = names[g].id;
    }
    co_return told;
}

template Task<Answer> serve<PutRecords>(Serving);

}   // namespace sluice::kinesis
