// How a history changes the catalog: streams and topics come and go, shards are split, merged, scaled and added, limits,
// retention, tags and encryption are set. At most one of these in a turn, among writes to whatever is there.
#include <algorithm>

#include "protocol/kafka/messages/create_partitions.h"
#include "protocol/kafka/messages/create_topics.h"
#include "protocol/kafka/messages/delete_topics.h"
#include "tests/sim/history.h"

namespace sluice::sim {

void History::change_catalog(const std::string& name) {
    const auto found = model_.streams.find(name);
    if (found == model_.streams.end()) return create(name);
    auto& stream = found->second;
    switch (below(14)) {
        case 0:
            return remove(stream);
        case 1:
        case 2:
        case 3:
            return split(stream);
        case 4:
        case 5:
            return merge(stream);
        case 6:
            return add_partitions(stream);
        case 7:
            return set_retention(stream);
        case 8:
        case 9:
            return scale(stream);
        case 10:
            return set_tags(stream);
        case 11:
            return set_key(stream);
        case 12:
            return one_in(2) ? change_channels(stream) : change_consumers(stream);
        default:
            return set_limits(stream);
    }
}

void History::create(const std::string& name) {
    Stream made;
    made.name = name;
    made.serial = ++serials_;
    made.kinesis = one_in(2);
    made.shards.resize(1 + below(3));
    const auto ranges = even_ranges(made.shards.size());
    for (std::size_t i = 0; i < ranges.size(); ++i) std::tie(made.shards[i].first, made.shards[i].last) = ranges[i];
    for (auto& shard : made.shards) shard.opened = model_.time.now;
    const auto count = static_cast<std::int32_t>(made.shards.size());
    if (made.kinesis) {
        made.set_limits(1 << 20, 1000, 2 << 20, 5, 0, model_.time.now);
        made.on_demand = one_in(3);
        made.spread = made.on_demand && one_in(2);
        say("CreateStream {}: {} shards{}{}", name, count, made.on_demand ? ", on demand" : "", made.spread ? ", spread" : "");
        kinesis::CreateStream request;
        request.stream_name = text(name);
        request.shard_count = count;
        if (made.on_demand) request.stream_mode_details = kinesis::StreamModeDetails{.stream_mode = "ON_DEMAND"};
        if (made.spread) request.record_distribution_strategy = "AUTO";
        queued_ = true;
        machine_->ask<kinesis::CreateStream>(
            std::move(request),
            hear<kinesis::Reply<kinesis::CreateStream>>([this, name](auto& reply) { catalog_fate(name, reply.has_value()); }));
    } else {
        constexpr Ms retentions[] = {10 * minute_ms, 3 * hour_ms, 30 * hour_ms};
        made.retention = retentions[below(3)];
        say("CreateTopics {}: {} partitions, retention {} ms", name, count, *made.retention);
        struct Owned {
            kafka::CreateTopicsRequest::Config config;
            kafka::CreateTopicsRequest::Topic topic;
        };
        auto owned = std::make_shared<Owned>();
        owned->config = {.name = "retention.ms", .value = text(std::to_string(*made.retention))};
        owned->topic = {.name = text(name),
                        .num_partitions = count,
                        .replication_factor = -1,
                        .assignments = {},
                        .configs = {&owned->config, 1}};
        owned_.push_back(owned);
        kafka::CreateTopicsRequest request;
        request.topics = {&owned->topic, 1};
        queued_ = true;
        machine_->ask<kafka::CreateTopicsResponse>(std::move(request), 7,
                                                   hear<kafka::CreateTopicsResponse>([this, name](auto& answer) {
                                                       catalog_fate(name, answer.topics[0].error_code == kafka::ErrorCode::none);
                                                   }));
    }
    model_.streams[name] = std::move(made);
}

// What no text may be goes into a name and a value of a new stream: it is refused, and a restart finds nothing of it (rule 31).
void History::ask_for_hostile() {
    const std::string texts[] = {"\xFF\xFE",
                                 "a\xC3",
                                 "\xC0\xAF",
                                 "\xED\xA0\x80",
                                 "\xF4\x90\x80\x80",
                                 "\xF0\x9F\x98",
                                 std::string("a\0b", 3),
                                 std::string(40'000, 'x')};
    const auto& drawn = texts[below(std::size(texts))];
    const auto refused = [this](std::string_view what, bool taken) {
        if (taken) broken("{} with a hostile text was accepted", what);
    };
    if (one_in(2)) {
        say("CreateStream with a hostile name of {} bytes", drawn.size());
        kinesis::CreateStream request;
        request.stream_name = text(drawn);
        request.shard_count = 1;
        machine_->ask<kinesis::CreateStream>(
            std::move(request),
            hear<kinesis::Reply<kinesis::CreateStream>>([refused](auto& reply) { refused("CreateStream", reply.has_value()); }));
        return;
    }
    say("CreateTopics with a hostile value of {} bytes", drawn.size());
    struct Owned {
        kafka::CreateTopicsRequest::Config config;
        kafka::CreateTopicsRequest::Topic topic;
    };
    auto owned = std::make_shared<Owned>();
    owned->config = {.name = "compression.type", .value = text(drawn)};
    owned->topic = {
        .name = "hostile", .num_partitions = 1, .replication_factor = -1, .assignments = {}, .configs = {&owned->config, 1}};
    owned_.push_back(owned);
    kafka::CreateTopicsRequest request;
    request.topics = {&owned->topic, 1};
    machine_->ask<kafka::CreateTopicsResponse>(std::move(request), 7, hear<kafka::CreateTopicsResponse>([refused](auto& answer) {
                                                   refused("CreateTopics", answer.topics[0].error_code == kafka::ErrorCode::none);
                                               }));
}

void History::remove(Stream& stream) {
    const auto name = stream.name;
    const auto serial = stream.serial;
    const bool by_kinesis = one_in(2) && stream.channels.empty() && !stream.queue;   // which refuses while there are such
    for (auto& [group, offsets] : model_.offsets)
        std::erase_if(offsets, [&](const auto& one) { return one.first.first == serial; });
    model_.streams.erase(name);
    if (by_kinesis) {
        say("DeleteStream {}", name);
        kinesis::DeleteStream request;
        request.stream_name = text(name);
        request.enforce_consumer_deletion = true;
        queued_ = true;
        machine_->ask<kinesis::DeleteStream>(std::move(request),
                                             hear<kinesis::Reply<kinesis::DeleteStream>>([this, name, serial](auto& reply) {
                                                 catalog_fate(name, reply.has_value());
                                                 if (!reply) deletion_refused(serial);
                                             }));
    } else {
        say("DeleteTopics {}", name);
        auto owned = std::make_shared<std::string_view>(text(name));
        owned_.push_back(owned);
        kafka::DeleteTopicsRequest request;
        request.topic_names = {owned.get(), 1};
        queued_ = true;
        machine_->ask<kafka::DeleteTopicsResponse>(std::move(request), 4,
                                                   hear<kafka::DeleteTopicsResponse>([this, name, serial](auto& answer) {
                                                       const bool stored = answer.topics[0].error_code == kafka::ErrorCode::none;
                                                       catalog_fate(name, stored);
                                                       if (!stored) deletion_refused(serial);
                                                   }));
    }
}

void History::split(Stream& stream) {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < stream.shards.size(); ++i)
        if (!stream.shards[i].sealed && stream.shards[i].last - stream.shards[i].first > 16) open.push_back(i);
    if (open.empty() || stream.shards.size() > 8 || stream.on_demand) return;
    const auto index = open[below(open.size())];
    const auto first = stream.shards[index].first, last = stream.shards[index].last;
    const auto at = one_in(4) ? first + 2 : one_in(3) ? last - 1 : first + (last - first) / 2;
    say("SplitShard {}/{} at {}", stream.name, index, decimal(at));
    stream.split(index, at, model_.time.now);
    kinesis::SplitShard request;
    request.stream_name = text(stream.name);
    request.shard_to_split = text(fmt::format("shardId-{:012}", index));
    request.new_starting_hash_key = text(decimal(at));
    queued_ = true;
    machine_->ask<kinesis::SplitShard>(std::move(request),
                                       hear<kinesis::Reply<kinesis::SplitShard>>(
                                           [this, name = stream.name](auto& reply) { catalog_fate(name, reply.has_value()); }));
}

void History::merge(Stream& stream) {
    if (stream.on_demand) return set_spread(stream);
    for (std::size_t i = 0; i < stream.shards.size() && stream.shards.size() < 9; ++i)
        for (std::size_t j = 0; j < stream.shards.size(); ++j) {
            const auto &lower = stream.shards[i], &upper = stream.shards[j];
            if (lower.sealed || upper.sealed || lower.last == last_hash || lower.last + 1 != upper.first) continue;
            say("MergeShards {}/{} and {}", stream.name, i, j);
            stream.merge(i, j, model_.time.now);
            kinesis::MergeShards request;
            request.stream_name = text(stream.name);
            request.shard_to_merge = text(fmt::format("shardId-{:012}", i));
            request.adjacent_shard_to_merge = text(fmt::format("shardId-{:012}", j));
            queued_ = true;
            return machine_->ask<kinesis::MergeShards>(
                std::move(request), hear<kinesis::Reply<kinesis::MergeShards>>(
                                        [this, name = stream.name](auto& reply) { catalog_fate(name, reply.has_value()); }));
        }
}

// With a target that is a multiple of a quarter and without, up and down, down to less than half.
void History::scale(Stream& stream) {
    if (stream.shards.size() > 9 || stream.on_demand) return;
    const auto open = stream.open_in_order().size();
    const auto target = 1 + below(2 * open);
    say("UpdateShardCount {}: {} -> {}", stream.name, open, target);
    stream.scale(target, model_.time.now);
    kinesis::UpdateShardCount request;
    request.stream_name = text(stream.name);
    request.target_shard_count = static_cast<std::int32_t>(target);
    request.scaling_type = "UNIFORM_SCALING";
    queued_ = true;
    machine_->ask<kinesis::UpdateShardCount>(
        std::move(request), hear<kinesis::Reply<kinesis::UpdateShardCount>>(
                                [this, name = stream.name](auto& reply) { catalog_fate(name, reply.has_value()); }));
}

void History::set_spread(Stream& stream) {
    stream.spread = !stream.spread;
    turns_.erase(stream.serial);
    say("UpdateStreamRecordDistributionStrategy {}: {}", stream.name, stream.spread ? "AUTO" : "USER_PARTITION_KEY");
    kinesis::UpdateStreamRecordDistributionStrategy request;
    request.stream_arn = text("arn:aws:kinesis:us-east-1:000000000000:stream/" + stream.name);
    request.record_distribution_strategy = stream.spread ? "AUTO" : "USER_PARTITION_KEY";
    queued_ = true;
    machine_->ask<kinesis::UpdateStreamRecordDistributionStrategy>(
        std::move(request), hear<kinesis::Reply<kinesis::UpdateStreamRecordDistributionStrategy>>(
                                [this, name = stream.name](auto& reply) { catalog_fate(name, reply.has_value()); }));
}

void History::set_tags(Stream& stream) {
    const auto key = fmt::format("tag {}", below(4));
    const auto told = [this, name = stream.name](auto& reply) { catalog_fate(name, reply.has_value()); };
    queued_ = true;
    if (one_in(3)) {
        say("RemoveTagsFromStream {}: {}", stream.name, key);
        stream.tags.erase(key);
        kinesis::RemoveTagsFromStream request;
        request.stream_name = text(stream.name);
        request.tag_keys = std::vector{text(key)};
        return machine_->ask<kinesis::RemoveTagsFromStream>(std::move(request),
                                                            hear<kinesis::Reply<kinesis::RemoveTagsFromStream>>(told));
    }
    const auto value = one_in(3) ? std::string{} : fmt::format("v {}", below(100));
    say("AddTagsToStream {}: {} = {}", stream.name, key, value);
    stream.tags[key] = value;
    kinesis::AddTagsToStream request;
    request.stream_name = text(stream.name);
    request.tags = kinesis::TextMap{{text(key), text(value)}};
    machine_->ask<kinesis::AddTagsToStream>(std::move(request), hear<kinesis::Reply<kinesis::AddTagsToStream>>(told));
}

void History::set_key(Stream& stream) {
    const auto told = [this, name = stream.name](auto& reply) { catalog_fate(name, reply.has_value()); };
    const auto fill = [&](auto& request) {
        request.stream_name = text(stream.name);
        request.encryption_type = "KMS";
        request.key_id = text(fmt::format("key {}", below(2)));
    };
    queued_ = true;
    if (one_in(2)) {
        say("StopStreamEncryption {}", stream.name);
        stream.key.clear();
        kinesis::StopStreamEncryption request;
        fill(request);
        return machine_->ask<kinesis::StopStreamEncryption>(std::move(request),
                                                            hear<kinesis::Reply<kinesis::StopStreamEncryption>>(told));
    }
    kinesis::StartStreamEncryption request;
    fill(request);
    stream.key = *request.key_id;
    say("StartStreamEncryption {}: {}", stream.name, stream.key);
    machine_->ask<kinesis::StartStreamEncryption>(std::move(request), hear<kinesis::Reply<kinesis::StartStreamEncryption>>(told));
}

// Rule 16: nothing is sealed, all open ranges are dealt anew.
void History::add_partitions(Stream& stream) {
    if (stream.kinesis || stream.shards.size() > 7) return;
    const auto total = static_cast<std::int32_t>(stream.shards.size() + 1 + below(2));
    say("CreatePartitions {}: {}", stream.name, total);
    stream.shards.resize(static_cast<std::size_t>(total));
    std::vector<Shard*> open;
    for (auto& shard : stream.shards) {
        if (shard.opened == 0) shard.opened = model_.time.now;
        if (!shard.sealed) open.push_back(&shard);
    }
    const auto ranges = even_ranges(open.size());
    for (std::size_t i = 0; i < open.size(); ++i) std::tie(open[i]->first, open[i]->last) = ranges[i];
    stream.keep_limits(model_.time.now);
    auto owned = std::make_shared<kafka::CreatePartitionsRequest::Topic>();
    owned->name = text(stream.name);
    owned->count = total;
    owned->assignments = std::nullopt;
    owned_.push_back(owned);
    kafka::CreatePartitionsRequest request;
    request.topics = {owned.get(), 1};
    queued_ = true;
    machine_->ask<kafka::CreatePartitionsResponse>(
        std::move(request), 3, hear<kafka::CreatePartitionsResponse>([this, name = stream.name](auto& answer) {
            catalog_fate(name, answer.results[0].error_code == kafka::ErrorCode::none);
        }));
}

void History::set_retention(Stream& stream) {
    if (!stream.kinesis) return;
    const auto hours = static_cast<std::int32_t>(24 + below(30));
    const auto longer = hours * hour_ms >= *stream.retention;
    say("retention of {}: {} h", stream.name, hours);
    for (auto& shard : stream.shards) shard.expired = stream.expired(shard, model_.time.now);   // raising brings nothing back
    stream.retention = hours * hour_ms;
    model_.age();
    const auto told = [this, name = stream.name](auto& reply) { catalog_fate(name, reply.has_value()); };
    if (longer) {
        kinesis::IncreaseStreamRetentionPeriod request;
        request.stream_name = text(stream.name);
        request.retention_period_hours = hours;
        queued_ = true;
        machine_->ask<kinesis::IncreaseStreamRetentionPeriod>(std::move(request),
                                                              hear<kinesis::Reply<kinesis::IncreaseStreamRetentionPeriod>>(told));
    } else {
        kinesis::DecreaseStreamRetentionPeriod request;
        request.stream_name = text(stream.name);
        request.retention_period_hours = hours;
        queued_ = true;
        machine_->ask<kinesis::DecreaseStreamRetentionPeriod>(std::move(request),
                                                              hear<kinesis::Reply<kinesis::DecreaseStreamRetentionPeriod>>(told));
    }
}

// The control plane's way, which is no door's: settled at once.
void History::set_limits(Stream& stream) {
    if (armed_ || plan_.threaded || waiting_ != parked_) return;
    const std::int64_t records = one_in(4) ? 0 : 3 + static_cast<std::int64_t>(below(8));
    const std::int64_t bytes = one_in(3) ? 0 : 1000 + static_cast<std::int64_t>(below(5000));
    const std::int64_t out = one_in(3) ? 0 : 2000 + static_cast<std::int64_t>(below(5000));
    const std::int64_t burst = one_in(2) ? 0 : (1 << 20) + static_cast<std::int64_t>(below(1 << 20));
    say("limits of {}: {} B/s, {} at once, and {} records/s in, {} B/s out", stream.name, bytes, burst, records, out);
    stream.set_limits(bytes, records, out, 5, burst, model_.time.now);
    machine_->engine->set_limits(real(stream.name), "none", {bytes, records, out, 5, 5, 0, burst});
    machine_->settle();
    settled_ = model_;
}

}   // namespace sluice::sim
