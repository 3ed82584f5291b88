// What `sluice put` and `sluice tail` need: records by the shard's own rules, without a client library.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "emulator/control/calls/service.h"
#include "emulator/streams/catalog/hash_key.h"
#include "emulator/streams/log/sequence.h"
#include "protocol/batch/builder.h"
#include "protocol/utf8.h"

namespace sluice::control {

namespace {

using Kind = Error::Kind;
constexpr std::int32_t slice_records = 500;
constexpr std::int64_t slice_bytes = 1 << 20;

std::string sequence_number(const streams::Shard& shard, streams::Position position, std::int64_t appended_ms) {
    return streams::to_string(streams::Sequence{
        .created_s = shard.created_s, .index = position + 1, .arrived_s = appended_ms / 1000, .shard = shard.index});
}

v1::Record show(const streams::Shard& shard, const streams::Record& record) {
    const auto text = [](std::span<const std::byte> bytes) {
        return std::string{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    };
    v1::Record out;
    out.set_shard(shard.index);
    out.set_offset(record.position);
    out.set_sequence_number(sequence_number(shard, record.position, record.appended_ms));
    *out.mutable_appended() = to_proto(from_ms(record.appended_ms));
    if (record.key) out.set_key(text(*record.key));
    if (record.value) out.set_data(text(*record.value));
    return out;
}

}   // namespace

Task<Result<v1::PutRecordResponse>> Service::handle(v1::PutRecordRequest request) {
    const auto found = find(request.world(), request.stream());
    if (!found) co_return std::unexpected{found.error()};
    const auto stream = *found;
    const auto serving = (*world(request.world()))->clock->serve();
    const auto bytes = request.key().size() + request.data().size();
    if (request.key().empty() || characters(request.key()) > 256)
        co_return std::unexpected{Error{Kind::invalid, "a key has 1 to 256 characters"}};
    if (bytes > static_cast<std::uint64_t>(stream->max_record_bytes))
        co_return std::unexpected{Error{Kind::invalid, fmt::format("key and data have {} bytes, '{}' takes {}", bytes,
                                                                   stream->name, stream->max_record_bytes)}};
    auto* shard = stream->spread() ? engine_.take_turn(*stream) : stream->open_shard_for(streams::hash_of(request.key()));
    if (!shard) co_return std::unexpected{Error{Kind::refused, "no shard is open for this key"}};
    if (const auto refusal = engine_.admit(*shard, bytes, 1, request.key()))
        co_return std::unexpected{Error{Kind::limited, streams::explain(*refusal)}};

    const auto now_ms = to_ms((*world(request.world()))->clock->now());
    const std::array<batch::Record, 1> records{{{.timestamp = now_ms,
                                                 .key = std::as_bytes(std::span{request.key()}),
                                                 .value = std::as_bytes(std::span{request.data()})}}};
    const auto made = batch::build(records);
    const auto queued = engine_.append(*shard, {.batch = made, .records = 1, .payload_bytes = bytes, .max_timestamp_ms = now_ms});
    if (!queued)
        co_return std::unexpected{Error{
            Kind::refused, queued.error() == streams::Fault::no_space ? "the store is full" : "the shard takes no records now"}};
    auto waiting = queued->ticket.committed();
    const auto done = co_await std::move(waiting);
    if (!done)
        co_return std::unexpected{Error{
            Kind::broken, done.error() == streams::Fault::no_space ? "the store is full" : "the record could not be stored"}};
    v1::PutRecordResponse answer;
    answer.set_shard(shard->index);
    answer.set_offset(queued->ticket.base());
    answer.set_sequence_number(sequence_number(*shard, queued->ticket.base(), queued->appended_ms));
    co_return answer;
}

Task<Result<void>> Service::stream(v1::TailRequest request, SinkPointer<v1::Record> sink) {
    const auto found = find(request.world(), request.stream());
    if (!found) co_return std::unexpected{found.error()};
    auto& in = **world(request.world());
    const auto stream = *found;
    std::optional<Time> from;
    if (request.has_from_time()) {
        const auto at = moment(request.from_time());
        if (!at) co_return std::unexpected{at.error()};
        from = *at;
    }
    if (request.has_from_ago()) from = in.clock->now() - from_proto(request.from_ago());
    std::vector<streams::Position> next,
        last;   // by shard; children of a split join as they come, from their start
    for (const auto& shard : stream->shards) {
        const auto bounds = engine_.bounds(*shard);
        next.push_back(from ? engine_.find_appended(*shard, *from) : request.from_start() ? bounds.begin : bounds.stable);
        last.push_back(bounds.end);
    }
    sink->opened();
    auto left = request.most() > 0 ? request.most() : INT64_MAX;
    while (!sink->closed && !stream->deleted && left > 0) {
        bool more = false;
        std::vector<const streams::Shard*> cold;   // a thread brings their records
        if (!request.only_stored()) next.resize(std::max(next.size(), stream->shards.size()), 0);
        for (std::size_t i = 0; i < next.size() && i < stream->shards.size() && !sink->full() && left > 0; ++i) {
            auto& shard = *stream->shards[i];
            if (next[i] >= (request.only_stored() ? last[i] : shard.end)) continue;
            const auto at_hand = engine_.chunk_at_hand(
                shard, next[i], {static_cast<std::int32_t>(std::min<std::int64_t>(slice_records, left)), slice_bytes});
            if (!at_hand) {
                cold.push_back(&shard);
                continue;
            }
            const auto& read = *at_hand;
            if (!read) co_return std::unexpected{Error{Kind::broken, "the log could not be read"}};
            for (const auto& record : read->records) {
                if (request.only_stored() && record.position >= last[i]) break;
                sink->push(show(shard, record));
                --left;
            }
            more = more || read->next > next[i];
            next[i] = std::max(read->next, next[i]);
        }
        if (!more && cold.empty() && request.only_stored() && !sink->full()) break;
        if (left == 0 || sink->closed || stream->deleted) break;
        Waiter waiter{engine_.executor()};
        waiter.watch(sink->changed);
        if (!sink->full()) {
            if (more) {   // the others get the loop between two slices
                auto turn = asio::post(engine_.executor(), use_task);
                co_await std::move(turn);
                continue;
            }
            for (auto* shard : cold) waiter.watch(engine_.brought(*shard));
            waiter.watch(in.changed);
            for (const auto& shard : stream->shards) waiter.watch(shard->appended);
        }
        auto waiting = waiter.wait();
        co_await std::move(waiting);
    }
    co_return Result<void>{};
}

}   // namespace sluice::control
