// A member of a share group that speaks through a connection of its own: it heartbeats, fetches and acknowledges.
#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "emulator/kafka/topics.h"
#include "protocol/kafka/messages/share_acknowledge.h"
#include "protocol/kafka/messages/share_fetch.h"
#include "protocol/kafka/messages/share_group_heartbeat.h"
#include "tests/support/kafka_client.h"

namespace sluice::kafka {

struct Acknowledgement {
    std::int64_t first{}, last{};
    std::vector<std::int8_t> types;
};
inline constexpr std::int8_t gapped = 0, accepted = 1, released = 2, rejected = 3, renewed = 4;

// First and last offset and how often it was delivered.
using AcquiredRun = std::tuple<std::int64_t, std::int64_t, int>;

struct ShareWish {
    std::int32_t max_records = 500, max_wait_ms = 0, min_bytes = 1, partition = 0;
    std::int8_t mode = 0;
    bool renews = false;
    std::vector<Acknowledgement> acknowledgements{};
};

template <class Request>
auto wire_batches(const std::vector<Acknowledgement>& said) {
    std::vector<typename Request::Topic::Partition::Batch> batches;
    for (const auto& one : said)
        batches.push_back(
            {.first_offset = one.first, .last_offset = one.last, .acknowledge_types = {one.types.data(), one.types.size()}});
    return batches;
}

class ShareMemberClient {
  public:
    ShareMemberClient(Server& server, std::string group, std::string member, const streams::Stream& topic)
        : client(server), group_(std::move(group)), member_(std::move(member)), topic_(to_wire_id(topic.topic_id)) {}

    void send_fetch(std::int32_t epoch, ShareWish wish = {}) {
        const auto batches = wire_batches<ShareFetchRequest>(wish.acknowledgements);
        const ShareFetchRequest::Topic::Partition partition{.partition_index = wish.partition,
                                                            .acknowledgement_batches = {batches.data(), batches.size()}};
        const ShareFetchRequest::Topic topic{.topic_id = topic_, .partitions = {&partition, 1}};
        ShareFetchRequest request;
        request.group_id = group_;
        request.member_id = member_;
        request.share_session_epoch = epoch;
        if (!wish.renews) {
            request.max_wait_ms = wish.max_wait_ms;
            request.min_bytes = wish.min_bytes;
            request.max_bytes = 1 << 20;
            request.max_records = wish.max_records;
        } else {
            request.max_bytes = 0;
        }
        request.batch_size = 500;
        request.share_acquire_mode = wish.mode;
        request.is_renew_ack = wish.renews;
        if (epoch != -1 || !wish.acknowledgements.empty()) request.topics = {&topic, 1};
        client.send(request, 2);
    }
    Received<ShareFetchResponse> fetch(std::int32_t epoch, ShareWish wish = {}) {
        send_fetch(epoch, std::move(wish));
        auto told = client.receive<ShareFetchResponse>(2);
        REQUIRE(told);
        return *told;
    }
    // Opens a session when it has none, and goes on with it.
    std::vector<AcquiredRun> acquire(ShareWish wish = {}) {
        const auto told = fetch(epoch_++, std::move(wish));
        REQUIRE(told->error_code == ErrorCode::none);
        return runs_of(told);
    }
    static std::vector<AcquiredRun> runs_of(const Received<ShareFetchResponse>& told) {
        std::vector<AcquiredRun> runs;
        for (const auto& topic : told->responses)
            for (const auto& partition : topic.partitions)
                for (const auto& run : partition.acquired_records)
                    runs.emplace_back(run.first_offset, run.last_offset, run.delivery_count);
        return runs;
    }
    ErrorCode acknowledge(std::vector<Acknowledgement> said, bool renews = false, std::int32_t partition = 0) {
        const auto batches = wire_batches<ShareAcknowledgeRequest>(said);
        const ShareAcknowledgeRequest::Topic::Partition one{.partition_index = partition,
                                                            .acknowledgement_batches = {batches.data(), batches.size()}};
        const ShareAcknowledgeRequest::Topic topic{.topic_id = topic_, .partitions = {&one, 1}};
        ShareAcknowledgeRequest request;
        request.group_id = group_;
        request.member_id = member_;
        request.share_session_epoch = epoch_++;
        request.is_renew_ack = renews;
        request.topics = {&topic, 1};
        const auto told = client.ask<ShareAcknowledgeResponse>(request, 2);
        REQUIRE(told->error_code == ErrorCode::none);
        return told->responses.at(0).partitions.at(0).error_code;
    }
    Received<ShareGroupHeartbeatResponse> heartbeat(std::int32_t epoch, std::vector<std::string_view> names = {}) {
        ShareGroupHeartbeatRequest request;
        request.group_id = group_;
        request.member_id = member_;
        request.member_epoch = epoch;
        if (!names.empty()) request.subscribed_topic_names = Array<std::string_view>{names.data(), names.size()};
        return client.ask<ShareGroupHeartbeatResponse>(request, 1);
    }
    void begin_anew() { epoch_ = 0; }

    Client client;

  private:
    std::string group_, member_;
    Uuid topic_;
    std::int32_t epoch_ = 0;
};

}   // namespace sluice::kafka
