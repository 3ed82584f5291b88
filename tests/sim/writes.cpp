// What a history writes. Each request changes the model at once, as if it will be stored; its answer is compared with what the
// model said then, and `fate` notes whether it was stored.
#include <algorithm>

#include "emulator/streams/log/sequence.h"
#include "protocol/batch/builder.h"
#include "protocol/kafka/messages/init_producer_id.h"
#include "protocol/kafka/messages/offset_commit.h"
#include "protocol/kafka/messages/produce.h"
#include "tests/sim/history.h"

namespace sluice::sim {

namespace {

std::optional<std::pair<std::int32_t, Position>> place(std::string_view number) {
    const auto sequence = streams::parse_sequence(number);
    if (!sequence) return {};
    return std::pair{sequence->shard, sequence->index - 1};
}

}   // namespace

Record History::new_record() {
    auto value = fmt::format("v{}", ++records_);
    if (plan_.thick && one_in(2))
        value += std::string(500 + below(5500), static_cast<char>('A' + below(26)));
    else if (one_in(12))
        value += std::string(200 + below(6000), static_cast<char>('a' + below(26)));
    if (one_in(150)) value += std::string(100'000 + below(400'000), 'x');
    return {fmt::format("k{}", below(20)), std::move(value)};
}

// Often the edge of a range: that is where a shard may be the wrong one.
Hash History::some_hash(const Stream& stream) {
    const auto& shard = stream.shards[below(stream.shards.size())];
    switch (below(4)) {
        case 0:
            return shard.first;
        case 1:
            return shard.last;
        default:
            return static_cast<Hash>(chance_.next()) << 64 | chance_.next();
    }
}

// By hash range, one after the other.
std::int32_t History::take_turn(const Stream& stream) {
    const auto open = stream.open_in_order();
    return open[turns_[stream.serial]++ % open.size()];
}

void History::write(Stream& stream) {
    const auto kind = below(20);
    if (kind < 8)
        put_records(stream);
    else if (kind < 17)
        produce(stream);
    else
        commit_offset(stream);
}

void History::put_records(Stream& stream) {
    struct Entry {
        std::int32_t shard{};
        bool admitted = false;
        Position position{};
    };
    struct Group {
        std::vector<Record> records;
        std::int64_t bytes = 0;
        std::shared_ptr<Write> write;
    };
    std::vector<Entry> expected;
    std::map<std::int32_t, Group> groups;
    kinesis::PutRecords request;
    request.stream_name = text(stream.name);
    request.records.emplace();
    const auto now = model_.time.now;
    for (auto n = one_in(3) ? 1 + below(12) : 1 + below(3); n > 0; --n) {
        auto record = new_record();
        const auto hash = some_hash(stream);
        request.records->push_back({.data = kinesis::Blob{text(record.value)},
                                    .explicit_hash_key = text(decimal(hash)),
                                    .partition_key = text(record.key)});
        auto& entry = expected.emplace_back();
        entry.shard = stream.spread ? take_turn(stream) : stream.open_shard(hash);
        if (entry.shard < 0) broken("the ranges of {} leave out {}", stream.name, decimal(hash));
        const auto& shard = stream.shards[static_cast<std::size_t>(entry.shard)];
        auto& group = groups[entry.shard];
        const auto bytes = static_cast<std::int64_t>(record.key.size() + record.value.size());
        entry.admitted =
            shard.write_records.covers(std::ssize(group.records) + 1) && shard.write_bytes.covers(group.bytes + bytes);
        if (!entry.admitted) continue;
        entry.position = shard.end() + std::ssize(group.records);
        group.bytes += bytes;
        group.records.push_back(std::move(record));
    }
    std::map<std::int32_t, std::shared_ptr<Write>> queued;
    const bool encrypted = !stream.key.empty();
    for (auto& [index, group] : groups)
        if (!group.records.empty())
            queued[index] = queue(stream, index, [records = group.records, bytes = group.bytes, now, encrypted](Shard& shard) {
                shard.write_records.take(std::ssize(records));
                shard.write_bytes.take(bytes);
                shard.append(records, now, std::max(now, shard.last_appended), encrypted);
            });
    say("PutRecords {}: {} records, {} shards", stream.name, expected.size(), queued.size());
    auto check = [this, expected, queued, encrypted, name = stream.name,
                  serial = stream.serial](kinesis::Reply<kinesis::PutRecords>& reply) {
        if (!reply) broken("PutRecords {}: {}", name, reply.error().message.value_or("?"));
        if (reply->encryption_type.has_value() != encrypted) broken("PutRecords {}: encrypted {}", name, !encrypted);
        for (std::size_t i = 0; i < expected.size(); ++i) {
            const auto& told = reply->records[i];
            const auto& entry = expected[i];
            const bool throttled = told.error_code && *told.error_code == "ProvisionedThroughputExceededException";
            if (throttled == entry.admitted) broken("PutRecords {}: entry {} throttled: {}", name, i, throttled);
            if (!entry.admitted) continue;
            fate(*queued.at(entry.shard), told.sequence_number.has_value());
            if (!told.sequence_number) continue;
            const auto at = place(told.sequence_number->view());
            if (!at || *at != std::pair{entry.shard, entry.position})
                broken("PutRecords {}: entry {} went to {}/{} and not to {}/{}", name, i, at ? at->first : -1,
                       at ? at->second : -1, entry.shard, entry.position);
            if (numbers_.size() > 20) numbers_.pop_front();
            numbers_.push_back({name, serial, entry.shard, entry.position, std::string{told.sequence_number->view()}});
        }
    };
    machine_->ask<kinesis::PutRecords>(std::move(request), hear<kinesis::Reply<kinesis::PutRecords>>(std::move(check)));
}

void History::produce(Stream& stream) {
    const auto index = static_cast<std::int32_t>(below(stream.shards.size()));
    auto& shard = stream.shards[static_cast<std::size_t>(index)];
    Author author;
    std::size_t count = 1 + below(4);
    if (!producer_ids_.empty() && !one_in(3)) {
        author.producer = *std::next(producer_ids_.begin(), static_cast<std::ptrdiff_t>(below(producer_ids_.size())));
        const auto known = shard.producers.find(author.producer);
        if (known == shard.producers.end()) {
            author.epoch = 0;
            author.first = 0;
        } else {
            author.epoch = known->second.epoch;
            const auto& recent = known->second.recent;
            author.first = recent.back().last + 1;
            if (one_in(3)) {
                const auto& again = recent[below(recent.size())];
                author.first = again.first;
                count = static_cast<std::size_t>(again.last - again.first + 1);
            } else if (one_in(8)) {
                author.first += static_cast<std::int32_t>(1 + below(3));
            } else if (one_in(12)) {
                author.epoch = static_cast<std::int16_t>(author.epoch + 1);
                if (!one_in(3)) author.first = 0;
            } else if (one_in(8) && author.epoch > 0) {
                author.epoch = static_cast<std::int16_t>(author.epoch - 1);
            }
        }
    }
    produce_as(stream, index, count, author);
}

void History::produce_as(Stream& stream, std::int32_t index, std::size_t count, const Author& author) {
    auto& shard = stream.shards[static_cast<std::size_t>(index)];
    const auto now = model_.time.now;
    const auto stamp = plan_.odd_stamps && one_in(2) ? now - 90 * minute_ms + static_cast<Ms>(below(100 * minute_ms))
                                                     : std::max(now, shard.last_appended);
    const auto [producer, epoch, first] = std::tuple{author.producer, author.epoch, author.first};
    const auto [sequence, earlier] =
        producer < 0 ? std::pair{Sequence::fresh, Position{0}} : shard.check(producer, epoch, first, count);
    std::vector<Record> records;
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
        bytes += static_cast<std::int64_t>(records.emplace_back(new_record()).value.size() + records.back().key.size());
    }
    std::vector<batch::Record> packed;
    for (const auto& record : records) {
        auto& one = packed.emplace_back();
        one.timestamp = stamp;
        one.key = std::as_bytes(std::span{record.key});
        one.value = std::as_bytes(std::span{record.value});
    }
    const auto codec = static_cast<std::int16_t>(one_in(3) ? below(5) : 0);
    auto sent = std::make_shared<batch::Blob>(
        batch::build(packed, {.attributes = static_cast<std::int16_t>(codec | (author.id ? batch::attribute::transactional : 0)),
                              .producer_id = producer,
                              .producer_epoch = epoch,
                              .base_sequence = first}));
    auto error = kafka::ErrorCode::none;
    Position base = -1;
    Ms debt = 0;
    std::shared_ptr<Write> write;
    if (shard.sealed)
        error = kafka::ErrorCode::policy_violation;
    else if (author.refused != kafka::ErrorCode::none)
        error = author.refused;
    else if (sequence == Sequence::out_of_order)
        error = kafka::ErrorCode::out_of_order_sequence_number;
    else if (sequence == Sequence::old_epoch)
        error = kafka::ErrorCode::invalid_producer_epoch;
    else if (sequence == Sequence::duplicate) {
        base = earlier;
    } else {
        base = shard.end();
        stream.odd_stamps |= plan_.odd_stamps && !stream.kinesis;
        write = queue(stream, index,
                      [records = std::move(records), now, real = model_.time.real, stamp, bytes, producer = producer,
                       encrypted = !stream.key.empty(), epoch = epoch, first = first,
                       transaction_of = author.id ? producer : -1](Shard& into) {
                          const auto at = into.append(records, now, stamp, encrypted, transaction_of);
                          into.write_records.take(std::ssize(records));
                          into.write_bytes.take(bytes);
                          if (producer < 0) return;
                          auto& known = into.producers[producer];
                          if (known.epoch != epoch) known.recent.clear();
                          known.wrote = real;
                          known.epoch = epoch;
                          known.recent.push_back(
                              {first, static_cast<std::int32_t>(first + std::ssize(records) - 1), at, into.last_appended});
                          if (known.recent.size() > 5) known.recent.pop_front();
                      });
        debt = std::max(shard.write_records.debt(), shard.write_bytes.debt());
    }
    say("Produce {}/{}: {} records, codec {}, producer {} epoch {} sequence {} {}-> {} at {}", stream.name, index, count, codec,
        producer, epoch, first, author.id ? "of " + *author.id + " " : "", static_cast<int>(error), base);
    struct Owned {
        std::shared_ptr<batch::Blob> bytes;
        kafka::ProduceRequest::Partition partition;
        kafka::ProduceRequest::Topic topic;
    };
    auto owned = std::make_shared<Owned>();
    owned->bytes = std::move(sent);
    owned->partition = {.index = index, .records = kafka::Records{*owned->bytes}};
    owned->topic = {.name = text(stream.name), .topic_id = {}, .partitions = {&owned->partition, 1}};
    owned_.push_back(owned);
    auto check = [this, error, base, debt, write, name = stream.name, index,
                  change = author.change](kafka::ProduceResponse& answer) {
        const auto& told = answer.topics[0].partitions[0];
        if (error != kafka::ErrorCode::none) {
            if (told.error_code != error)
                broken("Produce {}/{}: answered {} in place of {}", name, index, static_cast<int>(told.error_code),
                       static_cast<int>(error));
            return;
        }
        const bool stored = told.error_code == kafka::ErrorCode::none;
        if (!stored && !armed_) broken("Produce {}/{}: answered {}", name, index, static_cast<int>(told.error_code));
        if (write) fate(*write, stored);
        if (change) change->stored = stored;
        if (!stored) return;
        if (told.base_offset != base) broken("Produce {}/{}: offset {} in place of {}", name, index, told.base_offset, base);
        if (answer.throttle_time_ms != debt)
            broken("Produce {}/{}: throttled for {} ms in place of {}", name, index, answer.throttle_time_ms, debt);
    };
    machine_->ask<kafka::ProduceResponse>(
        kafka::ProduceRequest{.transactional_id = author.id ? std::optional{text(*author.id)} : std::nullopt,
                              .acks = -1,
                              .timeout_ms = 1000,
                              .topics = {&owned->topic, 1}},
        author.version, hear<kafka::ProduceResponse>(std::move(check)));
}

void History::commit_offset(Stream& stream) {
    const auto group = fmt::format("g{}", below(2));
    const auto index = static_cast<std::int32_t>(below(stream.shards.size()));
    const auto offset =
        static_cast<std::int64_t>(below(static_cast<std::uint64_t>(stream.shards[static_cast<std::size_t>(index)].end()) + 1));
    model_.offsets[group][{stream.serial, index}] = offset;
    queued_ = true;
    say("OffsetCommit {} {}/{} = {}", group, stream.name, index, offset);
    struct Owned {
        kafka::OffsetCommitRequest::Partition partition;
        kafka::OffsetCommitRequest::Topic topic;
    };
    auto owned = std::make_shared<Owned>();
    owned->partition = {.partition_index = index, .committed_offset = offset};
    owned->topic = {.name = text(stream.name), .topic_id = {}, .partitions = {&owned->partition, 1}};
    owned_.push_back(owned);
    kafka::OffsetCommitRequest request;
    request.group_id = text(group);
    request.topics = {&owned->topic, 1};
    auto check = [this, group, place = std::pair{stream.serial, index}, offset](kafka::OffsetCommitResponse& answer) {
        const auto code = answer.topics[0].partitions[0].error_code;
        const bool stored = code == kafka::ErrorCode::none;
        if (!stored && !armed_) broken("OffsetCommit {} {}: answered {}", group, place.second, static_cast<int>(code));
        auto& fate = offset_fates_[group][place];
        if (stored)
            fate.stored = offset;
        else
            fate.refused = true;
    };
    machine_->ask<kafka::OffsetCommitResponse>(std::move(request), 8, hear<kafka::OffsetCommitResponse>(std::move(check)));
}

void History::new_producer() {
    if (producer_ids_.size() >= 3) return;
    say("InitProducerId");
    kafka::InitProducerIdRequest request;
    request.transactional_id = std::nullopt;
    machine_->ask<kafka::InitProducerIdResponse>(std::move(request), 4, hear<kafka::InitProducerIdResponse>([this](auto& answer) {
                                                     producer_ids_.insert(answer.producer_id);
                                                     if (!given_ids_.insert(answer.producer_id).second)
                                                         broken("producer id {} was given out twice", answer.producer_id);
                                                 }));
}

}   // namespace sluice::sim
