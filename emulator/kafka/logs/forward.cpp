#include "emulator/kafka/logs/forward.h"

#include <algorithm>
#include <map>

#include "protocol/batch/builder.h"

namespace sluice::kafka {

const streams::Shard& open_descendant(const streams::Shard& shard) {
    const auto& stream = *shard.stream;
    if (shard.open()) return shard;
    for (const auto index : shard.children) {
        if (auto* child = stream.shard(index)) return open_descendant(*child);
    }
    return *stream.open_ranges.front();
}

streams::Result<Forwarded> forward(Call& call, const streams::Shard& sealed, Bytes batch, const batch::Info& info,
                                   bool log_append_time) {
    const auto& stream = *sealed.stream;
    struct Target {
        std::vector<batch::Record> records;
        std::uint64_t payload_bytes = 0;
    };
    std::map<std::int32_t, Target> targets;
    Blob scratch;
    (void)batch::read(batch, scratch, [&](const batch::Record& record) {
        auto* shard = record.key ? stream.open_shard_for(streams::hash_of(as_text(*record.key))) : nullptr;
        auto& target = targets[shard ? shard->index : open_descendant(sealed).index];
        target.records.push_back(record);
        target.payload_bytes += (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
        return true;
    });   // validated before, so it walks to the end

    Forwarded done;
    done.kept.reserve(targets.size());
    std::vector<streams::Part> parts;
    for (const auto& [index, target] : targets) {
        auto& part = parts.emplace_back();
        part.shard = stream.shard(index);
        auto& bytes = done.kept.emplace_back(batch::build(target.records, {.attributes = static_cast<std::int16_t>(info.codec)}));
        part.append.records = static_cast<std::uint32_t>(target.records.size());
        part.append.payload_bytes = target.payload_bytes;
        part.append.max_timestamp_ms = std::ranges::max_element(target.records, {}, &batch::Record::timestamp)->timestamp;
        if (log_append_time) {
            part.append.max_timestamp_ms = std::max(to_ms(call.world.clock->now()), part.shard->last_appended_ms);
            batch::stamp_append_time(bytes, part.append.max_timestamp_ms);
        }
        part.append.batch = bytes;
    }
    streams::Append whole;
    whole.records = static_cast<std::uint32_t>(info.count);
    whole.producer_id = info.producer_id;
    whole.producer_epoch = info.producer_epoch;
    whole.base_sequence = info.base_sequence;
    for (const auto& part : parts) whole.max_timestamp_ms = std::max(whole.max_timestamp_ms, part.append.max_timestamp_ms);
    auto queued = call.engine.forward(sealed, whole, parts);
    if (!queued) return std::unexpected{queued.error()};
    done.queued = *std::move(queued);
    if (done.queued.duplicate) return done;
    for (const auto& part : parts)
        done.throttle =
            std::max(done.throttle, call.engine.charge_write(*part.shard, part.append.payload_bytes, part.append.records));
    return done;
}

}   // namespace sluice::kafka
