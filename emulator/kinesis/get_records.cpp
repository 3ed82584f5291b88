// GetRecords: what lies behind an iterator, within the shard's read limits. Records that Kafka wrote are shown as rule 20 says.
// At the end of a closed shard there is no next iterator but a list of children, each with all its parents (KCL checks that).
#include <algorithm>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/iterators.h"
#include "emulator/kinesis/partition_key.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts.h"
#include "storage/planted.h"

namespace sluice::kinesis {
namespace {

std::vector<ChildShard> children_of(const streams::Shard& shard) {
    std::vector<ChildShard> told;
    for (const auto index : shard.children) {
        const auto* child = shard.stream->shard(index);
        ChildShard one{.shard_id = shard_id(index),
                       .parent_shards = {},
                       .hash_key_range = {streams::to_string(child->range.first), streams::to_string(child->range.last)}};
        for (const auto parent : child->parents) one.parent_shards.push_back(shard_id(parent));
        told.push_back(std::move(one));
    }
    return told;
}

std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Task<Reply<GetRecords>> handle(Call& call, const GetRecords& request) {
    if (request.stream_id) co_return std::unexpected{texts::stream_id_refused()};
    auto it = open_iterator(*request.shard_iterator);
    if (!it) co_return std::unexpected{texts::invalid_iterator()};
    const Time now = call.world.clock->now();
    if (now - it->issued > milliseconds{streams::iterator_life_ms})
        co_return std::unexpected{texts::iterator_expired(java_date(it->issued), java_date(now))};
    const auto name = call.names.name(it->stream);
    if (request.stream_arn && name_in_arn(*request.stream_arn) != name)
        co_return std::unexpected{texts::iterator_of_other_stream(*request.stream_arn)};
    const auto stream = call.engine.find(call.world, it->stream);
    auto* shard = stream && stream->id == it->id && call.names.mine(*stream) ? stream->shard(it->shard) : nullptr;
    if (!shard || expired(*shard, now))
        co_return std::unexpected{texts::shard_does_not_exist(shard_id(it->shard), name, call.account())};
    if (request.dry_run.value_or(false)) co_return std::unexpected{texts::dry_run()};
    if (call.engine.admit_read_call(*shard))
        co_return std::unexpected{Error{ErrorCode::provisioned_throughput_exceeded,
                                        texts::rate_exceeded(shard_id(it->shard), name, call.account())}};

    const auto from = std::max(it->position, call.engine.bounds(*shard).begin);
    auto read = call.engine.read_records(*shard, from, request.limit.value_or(streams::get_records_count), streams::get_records_bytes);
    if (!read) co_return std::unexpected{texts::internal_failure()};
    call.engine.charge_read(*shard, streams::Door::kinesis, read->bytes, read->records.size());

    GetRecords::Result told;
    told.records.reserve(read->records.size());
    SequenceNumbers numbers{*shard};
    for (const auto& record : read->records)
        told.records.push_back(Record{
            .sequence_number = numbers.at(record.position, record.appended_ms),
            .approximate_arrival_timestamp = from_ms(record.appended_ms),
            .data = {record.value ? as_text(*record.value) : std::string_view{}},
            .partition_key = shown_partition_key(record.key, call.kept),
            .encryption_type = {}});
    const bool caught_up = read->next >= shard->end;
    if (caught_up) {
        told.millis_behind_latest = 0;
    } else {
        // Clients take 0 for "caught up", so anything unread is at least one millisecond behind.
        const auto appended = call.engine.appended_ms(*shard, read->next).value_or(to_ms(now));
        told.millis_behind_latest = std::max<std::int64_t>(1, to_ms(now) - appended);
    }
    if (!shard->open() && caught_up && told.records.empty()) {
        told.child_shards = children_of(*shard);
    } else {
        it->position = read->next + (planted("iterator-skips-a-record") && !told.records.empty() ? 1 : 0);
        it->issued = now;
        it->serial = call.engine.random().next();
        told.next_shard_iterator = seal(*it);
    }
    co_return told;
}

template Task<Answer> serve<GetRecords>(streams::Engine&, const DoorOptions&, Serving);

}  // namespace sluice::kinesis
