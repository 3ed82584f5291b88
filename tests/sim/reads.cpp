// What a history reads, through the handlers of both doors, from random places on; and a parked fetch that has to be answered
// when there is something to say, never before.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "emulator/streams/log/sequence.h"
#include "protocol/batch/reader.h"
#include "protocol/kafka/messages/fetch.h"
#include "protocol/kafka/messages/list_offsets.h"
#include "protocol/kafka/messages/offset_fetch.h"
#include "protocol/kinesis/base64.h"
#include "tests/sim/history.h"

namespace sluice::sim {

namespace {
std::string base64(std::string_view bytes) {
    std::string text(kinesis::base64_size(bytes.size()), '\0');
    kinesis::put_base64(text.data(), bytes);
    return text;
}
}   // namespace

void History::read(Stream& stream) {
    switch (below(10)) {
        case 8:
            return look_at_transactions();
        case 9:
            return fetch(stream, false, true);
        case 0:
        case 1:
        case 2:
            return get_records(stream);
        case 3:
        case 4:
            return fetch(stream, false);
        case 5:
            if (!waiting_fetch_) fetch(stream, true, one_in(2));
            return;
        case 6:
            return list_offsets(stream);
        default:
            return fetch_offset(stream);
    }
}

// An iterator of one of the five kinds, then pages from it; the reader is kept and may go on much later.
void History::get_records(Stream& stream) {
    const auto now = model_.time.now;
    if (!reader_ || one_in(3)) {
        kinesis::GetShardIterator request;
        Reader made{stream.name, stream.serial, static_cast<std::int32_t>(below(stream.shards.size())), {}, 0, now};
        auto kind = below(5);
        if (kind >= 3) {   // from a sequence number told earlier
            const auto number = numbers_.empty() ? nullptr : &numbers_[below(numbers_.size())];
            if (!number || number->serial != stream.serial)
                kind = 0;
            else {
                made.shard = number->shard;
                made.next = number->position + (kind == 4 ? 1 : 0);
                request.starting_sequence_number = text(number->text);
            }
        }
        auto& shard = stream.shards[static_cast<std::size_t>(made.shard)];
        if (kind == 0) made.next = shard.gone;
        if (kind == 1) made.next = shard.stable();
        if (kind == 2) {
            const auto* at = shard.log.empty() ? nullptr : shard.log[below(shard.log.size())].get();
            const auto ms = std::min(now, at ? at->appended + static_cast<Ms>(below(2)) : now);
            request.timestamp = from_ms(ms);
            made.next = shard.end();
            for (auto one = shard.log.rbegin(); one != shard.log.rend() && (*one)->appended >= ms && (*one)->end() > shard.gone;
                 ++one)
                made.next = (*one)->base;
        }
        constexpr const char* kinds[] = {"TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"};
        request.stream_name = text(stream.name);
        request.shard_id = text(fmt::format("shardId-{:012}", made.shard));
        request.shard_iterator_type = kinds[kind];
        const bool expired = stream.expired(shard, now);
        const bool room = shard.sealed || shard.iterator_calls.covers(1);
        bool told = false;
        machine_->ask<kinesis::GetShardIterator>(std::move(request),
                                                 hear<kinesis::Reply<kinesis::GetShardIterator>>([&](auto& reply) {
                                                     told = reply.has_value();
                                                     if (told) made.token = reply->shard_iterator;
                                                 }));
        machine_->turn();
        if (told != (!expired && room))
            broken("GetShardIterator {} of {}/{}: answered {}", kinds[kind], stream.name, made.shard, told);
        if (!told) return;
        if (!shard.sealed) shard.iterator_calls.take(1);
        say("GetShardIterator {}/{} {} -> {}", stream.name, made.shard, kinds[kind], made.next);
        reader_ = std::move(made);
    }
    auto& reader = *reader_;
    const auto found = model_.streams.find(reader.stream);
    auto* at = found == model_.streams.end() || found->second.serial != reader.serial ? nullptr : &found->second;
    auto* shard = at && static_cast<std::size_t>(reader.shard) < at->shards.size()
                      ? &at->shards[static_cast<std::size_t>(reader.shard)]
                      : nullptr;
    const bool lost = !shard || now - reader.issued > 300'000 || at->expired(*shard, now);
    const auto room =
        lost || ((shard->read_calls.covers(1)) && (shard->read_bytes.rate == 0 || shard->read_bytes.thousandths > 0));
    const auto limit = one_in(3) ? 10'000 : static_cast<std::int32_t>(1 + below(12));
    const auto check = [&](int status, const std::string& text) {
        const bool served = status == 200;
        const auto reply = nlohmann::json::parse(text);
        if (served != (!lost && room)) broken("GetRecords {}/{}: {}", reader.stream, reader.shard, served ? "answered" : text);
        if (!served) return;
        const auto& records = reply.at("Records");
        shard->read_calls.take(1);
        auto next = std::max(reader.next, shard->gone);
        std::int64_t bytes = 0;
        const auto stable = shard->stable();
        for (const auto& record : records) {
            next = shard->next_shown(next);
            if (next >= stable) broken("GetRecords {}/{}: a record too many at {}", reader.stream, reader.shard, next);
            const auto* batch = shard->batch_at(next);
            const auto& expected = shard->record(next);
            const auto number = streams::parse_sequence(record.at("SequenceNumber").get<std::string>());
            if (!number || number->index - 1 != next)
                broken("GetRecords {}/{}: position {} where {} was due", reader.stream, reader.shard,
                       number ? number->index - 1 : -1, next);
            if (record.contains("EncryptionType") != batch->encrypted)
                broken("GetRecords {}/{}: at {} encrypted {}", reader.stream, reader.shard, next, !batch->encrypted);
            if (record.at("Data") != base64(expected.value) || record.at("PartitionKey") != expected.key)
                broken("GetRecords {}/{}: other bytes at {}", reader.stream, reader.shard, next);
            if (std::llround(record.at("ApproximateArrivalTimestamp").get<double>() * 1000) != batch->appended)
                broken("GetRecords {}/{}: another arrival time at {}", reader.stream, reader.shard, next);
            bytes += static_cast<std::int64_t>(expected.key.size() + expected.value.size());
            ++next;
        }
        // What nobody is shown is passed by while there is room for more.
        const bool full = std::ssize(records) >= limit || bytes >= (9 << 20);
        const auto last = next;
        next = shard->next_shown(next);
        if (next < stable && !full) broken("GetRecords {}/{}: ended at {} before {}", reader.stream, reader.shard, next, stable);
        if (shard->read_bytes.rate != 0) {
            auto& bucket = shard->read_bytes;
            bucket.thousandths = bytes > bucket.capacity ? -bytes * 1000 : bucket.thousandths - bytes * 1000;
        }
        const bool caught_up = next >= shard->end();
        const auto behind = [&](Position of) { return of >= stable ? 0 : std::max<Ms>(1, now - shard->batch_at(of)->appended); };
        if (const Ms told = reply.at("MillisBehindLatest"); told != behind(next) && !(full && told == behind(last)))
            broken("GetRecords {}/{}: {} ms behind in place of {}", reader.stream, reader.shard, told, behind(next));
        const bool ended = shard->sealed && caught_up && records.empty();
        if (ended == reply.contains("NextShardIterator"))
            broken("GetRecords {}/{}: next iterator {}", reader.stream, reader.shard, !ended);
        if (ended && reply.at("ChildShards").size() != shard->children.size())
            broken("GetRecords {}/{}: {} children", reader.stream, reader.shard, reply.at("ChildShards").size());
        reader.next = next;
        reader.issued = now;
        if (!ended) reader.token = reply.at("NextShardIterator");
    };
    ++waiting_;
    machine_->get_records(nlohmann::json{{"ShardIterator", reader.token}, {"Limit", limit}}.dump(),
                          [&, life = lives_](int status, const std::string& text) {
                              if (life != lives_ || silenced_) return;
                              --waiting_;
                              check(status, text);
                          });
    machine_->turn();
    say("GetRecords {}/{} limit {} -> {}", reader.stream, reader.shard, limit,
        lost    ? "lost"
        : !room ? "throttled"
                : std::to_string(reader.next));
    if (lost || (room && shard->sealed && reader.next >= shard->end())) reader_.reset();
}

Position History::fetched(Shard& shard, Position from, const kafka::FetchResponse::Partition& told, std::int32_t limit,
                          const std::string& where, bool committed) {
    const auto most = committed ? shard.stable() : shard.end();
    batch::Blob all, scratch;
    for (const auto part : told.records.parts) all.insert(all.end(), part.begin(), part.end());
    batch::Bytes rest = all;
    auto next = from;
    while (!rest.empty()) {
        const auto header = batch::parse_header(rest);
        const auto* expected = shard.batch_at(next);
        if (!header) broken("Fetch {}: no batch where {} was due", where, next);
        if (!expected) broken("Fetch {}: a batch at {} after the end", where, header->base_offset);
        if (expected->base >= most) broken("Fetch {}: a batch at {} that is not decided", where, expected->base);
        if (header->transactional() != (expected->transaction_of >= 0) || header->control() != expected->marker ||
            (header->transactional() && header->producer_id != expected->transaction_of))
            broken("Fetch {}: the batch at {} has attributes {} of producer {}", where, expected->base, header->attributes,
                   header->producer_id);
        if (header->base_offset != expected->base)
            broken("Fetch {}: a batch at {} where {} was due", where, header->base_offset, expected->base);
        std::size_t index = 0;
        const auto whole = batch::read(rest, scratch, [&](const batch::Record& record) {
            if (index >= expected->records.size())
                broken("Fetch {}: a record too many in the batch at {}", where, expected->base);
            const auto& wanted = expected->records[index++];
            const auto same = [](const auto& bytes, const std::string& value) {
                return bytes && kafka::as_text(*bytes) == value;
            };
            if (!same(record.key, wanted.key) || !same(record.value, wanted.value) || record.timestamp != expected->stamp)
                broken("Fetch {}: another record at {}", where, expected->base + static_cast<Position>(index) - 1);
            return true;
        });
        if (!whole || index != expected->records.size())
            broken("Fetch {}: the batch at {} has {} records", where, expected->base, index);
        next = expected->end();
        rest = rest.subspan(static_cast<std::size_t>(header->size()));
    }
    if (static_cast<std::int64_t>(all.size()) < limit / 2 && next < most && limit > 2'000'000)
        broken("Fetch {}: ended at {} before {}", where, next, most);
    if (next == from && from < most) broken("Fetch {}: nothing from {} on, and there is up to {}", where, from, most);
    if (shard.read_bytes.rate != 0 && next != from) {
        auto& bucket = shard.read_bytes;
        const auto bytes = static_cast<std::int64_t>(all.size());
        bucket.thousandths = bytes > bucket.capacity ? -bytes * 1000 : bucket.thousandths - bytes * 1000;
    }
    return next;
}

void History::fetch(Stream& stream, bool parked, bool committed) {
    const auto index = static_cast<std::int32_t>(below(stream.shards.size()));
    auto& shard = stream.shards[static_cast<std::size_t>(index)];
    const bool room = shard.read_bytes.rate == 0 || shard.read_bytes.thousandths > 0;
    if (parked && (!room || shard.sealed)) return;
    const auto most = committed ? shard.stable() : shard.end();
    const auto from = parked ? most
                             : std::max<Position>(0, shard.gone - 1) +
                                   static_cast<Position>(below(static_cast<std::uint64_t>(shard.end() - shard.gone) + 3));
    const auto limit = one_in(2) ? 4 << 20 : static_cast<std::int32_t>(1 + below(5000));
    const auto wait = parked ? 500 + static_cast<Ms>(below(60'000)) : 0;
    struct Owned {
        kafka::FetchRequest::Partition partition;
        kafka::FetchRequest::Topic topic;
        std::string name;
    };
    auto owned = std::make_shared<Owned>();
    owned->name = stream.name;
    owned->partition.partition = index;
    owned->partition.fetch_offset = from;
    owned->partition.partition_max_bytes = limit;
    owned->topic.topic = owned->name;
    owned->topic.partitions = {&owned->partition, 1};
    kafka::FetchRequest request;
    request.max_wait_ms = static_cast<std::int32_t>(wait);
    request.min_bytes = 1;
    request.isolation_level = committed ? 1 : 0;
    request.topics = {&owned->topic, 1};
    const auto where = fmt::format("{}/{} from {}{}", stream.name, index, from, committed ? ", committed" : "");
    say("Fetch {} limit {} wait {}", where, limit, wait);
    if (parked) {
        auto mine = waiting_fetch_ = std::make_shared<Parked>(
            Parked{stream.name, stream.serial, index, from, model_.time.now + wait, model_.time.real + wait});
        mine->committed = committed;
        ++parked_;
        machine_->ask<kafka::FetchResponse>(
            std::move(request), 11, hear<kafka::FetchResponse>([this, mine, owned, limit, where](auto& answer) {
                --parked_;
                mine->answered = true;
                if (answer.topics.empty()) return;
                const auto& told = answer.topics[0].partitions[0];
                mine->empty =
                    told.error_code == kafka::ErrorCode::none && told.records.parts.empty() && answer.throttle_time_ms == 0;
                const auto found = model_.streams.find(mine->stream);
                if (told.error_code != kafka::ErrorCode::none || mine->empty || found == model_.streams.end() ||
                    found->second.serial != mine->serial)
                    return;
                auto& asked = found->second.shards[static_cast<std::size_t>(mine->shard)];
                if (told.records.parts.empty()) {
                    if (asked.read_bytes.rate == 0 || asked.read_bytes.thousandths > 0)
                        broken("Fetch {}: throttled with room for more", where);
                    return;
                }
                mine->seen_end = fetched(asked, mine->from, told, plan_.threaded ? 0 : limit, where, mine->committed);
            }));
        machine_->turn();
        return;
    }
    const bool out = from < shard.gone || from > shard.end();
    machine_->ask<kafka::FetchResponse>(
        std::move(request), 11, hear<kafka::FetchResponse>([&](auto& answer) {
            const auto& told = answer.topics[0].partitions[0];
            if ((told.error_code == kafka::ErrorCode::offset_out_of_range) != out)
                broken("Fetch {}: code {}, kept are {}..{}", where, static_cast<int>(told.error_code), shard.gone, shard.end());
            if (out) return;
            if (told.high_watermark != shard.end() || told.log_start_offset != shard.gone)
                broken("Fetch {}: {}..{} in place of {}..{}", where, told.log_start_offset, told.high_watermark, shard.gone,
                       shard.end());
            if (told.last_stable_offset != shard.stable())
                broken("Fetch {}: decided up to {} in place of {}", where, told.last_stable_offset, shard.stable());
            if (!room && from < most) {
                if (!told.records.parts.empty() || answer.throttle_time_ms == 0) broken("Fetch {}: data without room", where);
                return;
            }
            const auto next = fetched(shard, from, told, limit, where, committed);
            if (committed) check_aborted(shard, from, next, told, where);
        }));
    machine_->turn();
}

// A parked fetch is answered when records were committed, its shard was sealed, the stream went or its time is over.
void History::check_parked() {
    if (!waiting_fetch_) return;
    auto& parked = *waiting_fetch_;
    const auto found = model_.streams.find(parked.stream);
    auto* stream = found == model_.streams.end() || found->second.serial != parked.serial ? nullptr : &found->second;
    auto* shard = stream ? &stream->shards[static_cast<std::size_t>(parked.shard)] : nullptr;
    // That retention takes what it waits behind is no news: whoever asks next is told so.
    const auto most = !shard                                           ? 0
                      : parked.committed && shard->gone <= parked.from ? shard->stable()
                      : parked.committed                               ? 0
                                                                       : shard->end();
    const bool news = !shard || shard->sealed || most > parked.from;
    const bool late = model_.time.now >= parked.virtual_due || model_.time.real >= parked.real_due;
    if (shard && parked.seen_end > shard->end())
        broken("a reader of {}/{} saw records up to {} and only {} are stored", parked.stream, parked.shard, parked.seen_end,
               shard->end());
    if (parked.answered && parked.empty && !late)
        broken("a fetch of {}/{} was answered with nothing before its time", parked.stream, parked.shard);
    if (!parked.answered && (news || late))
        broken("a fetch of {}/{} waits on although {}", parked.stream, parked.shard, news ? "there is news" : "its time is over");
    if (parked.answered) waiting_fetch_.reset();
}

void History::list_offsets(Stream& stream) {
    const auto index = static_cast<std::int32_t>(below(stream.shards.size()));
    const auto& shard = stream.shards[static_cast<std::size_t>(index)];
    const auto ms = shard.log.empty() ? model_.time.now : shard.log[below(shard.log.size())]->stamp + static_cast<Ms>(below(2));
    Position expected = -1;
    const bool latest = one_in(4), committed = one_in(2);
    for (const auto& batch : shard.log)
        if (batch->stamp >= ms && batch->end() > shard.gone) {
            expected = batch->base;
            break;
        }
    if (committed && expected >= shard.stable()) expected = -1;
    if (latest) expected = committed ? shard.stable() : shard.end();
    auto owned = std::make_shared<std::pair<kafka::ListOffsetsRequest::Partition, kafka::ListOffsetsRequest::Topic>>();
    owned->first = {.partition_index = index, .current_leader_epoch = -1, .timestamp = latest ? -1 : ms};
    owned->second = {.name = text(stream.name), .partitions = {&owned->first, 1}};
    owned_.push_back(owned);
    kafka::ListOffsetsRequest request;
    request.isolation_level = committed ? 1 : 0;
    request.topics = {&owned->second, 1};
    say("ListOffsets {}/{} at {}{} -> {}", stream.name, index, latest ? -1 : ms, committed ? ", committed" : "", expected);
    machine_->ask<kafka::ListOffsetsResponse>(std::move(request), 5, hear<kafka::ListOffsetsResponse>([&](auto& answer) {
                                                  const auto told = answer.topics[0].partitions[0].offset;
                                                  if (told != expected)
                                                      broken("ListOffsets {}/{} at {}: {} in place of {}", stream.name, index, ms,
                                                             told, expected);
                                              }));
    machine_->turn();
}

void History::fetch_offset(Stream& stream) {
    const auto group = fmt::format("g{}", below(2));
    const auto index = static_cast<std::int32_t>(below(stream.shards.size()));
    const auto expected = model_.offset(group, stream, index);
    auto owned = std::make_shared<std::pair<std::int32_t, kafka::OffsetFetchRequest::Topic>>();
    owned->first = index;
    owned->second = {.name = text(stream.name), .partition_indexes = {&owned->first, 1}};
    owned_.push_back(owned);
    kafka::OffsetFetchRequest request;
    request.require_stable = one_in(2);
    const bool unstable = request.require_stable && model_.pending(group, {stream.serial, index});
    request.group_id = text(group);
    request.topics = kafka::Array<kafka::OffsetFetchRequest::Topic>{&owned->second, 1};
    say("OffsetFetch {} {}/{} -> {}", group, stream.name, index, expected);
    machine_->ask<kafka::OffsetFetchResponse>(
        std::move(request), 7, hear<kafka::OffsetFetchResponse>([&](auto& answer) {
            const auto& partition = answer.topics[0].partitions[0];
            const auto told = partition.committed_offset;
            if ((partition.error_code == kafka::ErrorCode::unstable_offset_commit) != unstable)
                broken("OffsetFetch {} {}/{}: answered {}", group, stream.name, index, static_cast<int>(partition.error_code));
            if (!unstable && told != expected)
                broken("OffsetFetch {} {}/{}: {} in place of {}", group, stream.name, index, told, expected);
        }));
    machine_->turn();
}

}   // namespace sluice::sim
