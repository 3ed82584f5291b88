#include "tests/sim/model.h"

#include <algorithm>

namespace sluice::sim {

void Bucket::tick(Ms now) {
    if (rate == 0) return;
    for (; filled < now; ++filled) {
        if (thousandths == capacity * 1000) {
            filled = now;   // full stays full
            return;
        }
        thousandths = std::min(capacity * 1000, thousandths + rate);
    }
}

void Bucket::change(std::int64_t new_rate, std::int64_t new_capacity, Ms now) {
    tick(now);
    if (rate == 0) {
        thousandths = new_capacity * 1000;
        filled = now;
    }
    rate = new_rate;
    capacity = new_capacity;
    thousandths = std::min(thousandths, capacity * 1000);
}

const Batch* Shard::batch_at(Position at) const {
    for (const auto& batch : log)
        if (batch->end() > at) return batch.get();
    return nullptr;
}

const Record& Shard::record(Position at) const {
    const auto* batch = batch_at(at);
    return batch->records[static_cast<std::size_t>(at - batch->base)];
}

void Shard::tick(Ms now) {
    for (auto* bucket : {&write_bytes, &write_records, &read_bytes, &read_calls, &iterator_calls}) bucket->tick(now);
}

// KIP-98: sequences count to 2^31 - 1 and go on at 0; the last five batches are recognised when sent again.
std::pair<Sequence, Position> Shard::check(std::int64_t id, std::int16_t epoch, std::int32_t sequence, std::size_t count) const {
    const auto found = producers.find(id);
    if (found == producers.end()) return {Sequence::fresh, 0};
    const auto& known = found->second;
    if (epoch < known.epoch) return {Sequence::old_epoch, 0};
    if (epoch > known.epoch) return {sequence == 0 ? Sequence::fresh : Sequence::out_of_order, 0};
    const auto final = static_cast<std::int32_t>(sequence + static_cast<std::int32_t>(count) - 1);
    for (const auto& sent : known.recent)
        if (sent.first == sequence && sent.last == final) return {Sequence::duplicate, sent.base};
    const auto next = known.recent.empty() ? 0 : known.recent.back().last + 1;
    if (sequence == next) return {Sequence::fresh, 0};
    return {Sequence::out_of_order, 0};
}

Position Shard::append(std::vector<Record> records, Ms now, Ms stamp, bool encrypted, std::int64_t transaction_of) {
    last_appended = std::max(last_appended, now);
    const auto base = end();
    auto& hour = counted[now / hour_ms];
    for (const auto& record : records) {
        ++hour.records;
        hour.bytes += record.key.size() + record.value.size();
    }
    log.push_back(
        std::make_shared<const Batch>(Batch{base, last_appended, stamp, encrypted, std::move(records), transaction_of}));
    return base;
}

std::int32_t Stream::open_shard(Hash hash) const {
    for (std::size_t i = 0; i < shards.size(); ++i)
        if (!shards[i].sealed && shards[i].first <= hash && hash <= shards[i].last) return static_cast<std::int32_t>(i);
    return -1;
}

void Stream::set_limits(std::int64_t bytes, std::int64_t records, std::int64_t read_bytes, std::int64_t read_calls,
                        std::int64_t burst, Ms now) {
    limits[0] = bytes, limits[1] = records, limits[2] = read_bytes, limits[3] = read_calls, limits[4] = burst;
    for (auto& shard : shards) {
        shard.write_bytes.change(bytes, bytes == 0 ? 0 : std::max<std::int64_t>(burst == 0 ? bytes : burst, 1 << 20), now);
        shard.write_records.change(records, records, now);
        shard.read_bytes.change(read_bytes, read_bytes, now);
        shard.read_calls.change(read_calls, read_calls, now);
        shard.iterator_calls.change(read_calls, read_calls, now);   // the same number in every profile
    }
}

// Kinesis: append time. Kafka: the record's own time, looked at every five minutes; with a displaced clock the later of both.
Ms last_moment(const Stream& stream, const Batch& batch, bool displaced) {
    const auto keep = *stream.retention;
    if (stream.kinesis) return batch.appended + keep;
    if (displaced) return std::max(batch.stamp, batch.appended) + keep;
    return std::max(batch.stamp + keep, batch.appended + std::min(keep, 5 * minute_ms));
}

void Model::age() {
    for (auto& [name, stream] : streams)
        for (auto& shard : stream.shards) {
            shard.tick(time.now);
            for (const auto& batch : shard.log) {
                if (batch->end() <= shard.gone) continue;
                if (!stream.retention || last_moment(stream, *batch, time.displaced()) >= time.now) break;
                shard.gone = batch->end();
            }
            std::erase_if(shard.producers, [&](const auto& one) {
                return one.second.wrote + day_ms <= time.real && !shard.open_since(one.first);
            });
        }
}

std::int64_t Model::offset(const std::string& group, const Stream& stream, std::int32_t shard) const {
    const auto found = offsets.find(group);
    if (found == offsets.end()) return -1;
    const auto own = found->second.find({stream.serial, shard});
    if (own != found->second.end()) return own->second;
    std::vector<std::int32_t> ancestors = stream.shards[static_cast<std::size_t>(shard)].parents;
    for (std::size_t i = 0; i < ancestors.size(); ++i) {
        if (found->second.contains({stream.serial, ancestors[i]})) return stream.shards[static_cast<std::size_t>(shard)].gone;
        const auto& more = stream.shards[static_cast<std::size_t>(ancestors[i])].parents;
        ancestors.insert(ancestors.end(), more.begin(), more.end());
    }
    return -1;
}

std::vector<std::pair<Hash, Hash>> even_ranges(std::size_t count) {
    std::vector<std::pair<Hash, Hash>> ranges;
    if (count == 1) return {{0, last_hash}};
    const auto step = last_hash / count + (last_hash % count == count - 1 ? 1 : 0);   // floor(2^128 / count)
    for (std::size_t i = 0; i < count; ++i) ranges.emplace_back(step * i, i + 1 == count ? last_hash : step * (i + 1) - 1);
    return ranges;
}

std::string decimal(Hash value) {
    std::string out;
    do out.insert(out.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    while ((value /= 10) != 0);
    return out;
}

}   // namespace sluice::sim
