// A client with a transactional id, call by call, and what readers of committed data take of the topic "t".
#pragma once

#include <set>

#include "protocol/kafka/messages/add_offsets_to_txn.h"
#include "protocol/kafka/messages/add_partitions_to_txn.h"
#include "protocol/kafka/messages/end_txn.h"
#include "protocol/kafka/messages/init_producer_id.h"
#include "protocol/kafka/messages/offset_fetch.h"
#include "protocol/kafka/messages/txn_offset_commit.h"
#include "tests/support/kafka_client.h"

namespace sluice::kafka {

struct Writing {
    std::int64_t id = -1;
    std::int16_t epoch = -1;
};

struct Transactor {
    explicit Transactor(Server& server, std::string_view the_name = "me") : client(server), name(the_name) {}

    InitProducerIdResponse init(Writing expected = {}, int version = 5, std::int32_t timeout_ms = 60'000) {
        const auto told = client.ask<InitProducerIdResponse>(InitProducerIdRequest{.transactional_id = name,
                                                                                   .transaction_timeout_ms = timeout_ms,
                                                                                   .producer_id = expected.id,
                                                                                   .producer_epoch = expected.epoch},
                                                             version);
        if (told->error_code == ErrorCode::none) now = {told->producer_id, told->producer_epoch}, sequence = 0;
        return *told.body;
    }
    ProduceResponse::Partition write(Writing as, std::int32_t first, std::string_view topic, std::int32_t partition,
                                     std::string_view value, int version = 12) {
        const auto records = batch_of({value}, 1'700'000'000'000,
                                      {.attributes = batch::attribute::transactional,
                                       .producer_id = as.id,
                                       .producer_epoch = as.epoch,
                                       .base_sequence = first});
        const ProduceRequest::Partition p{.index = partition, .records = Bytes{records}};
        const ProduceRequest::Topic t{.name = topic, .topic_id = {}, .partitions = {&p, 1}};
        const auto answer = client.ask<ProduceResponse>(
            ProduceRequest{.transactional_id = name, .acks = -1, .timeout_ms = 1000, .topics = {&t, 1}}, version);
        return answer->topics.at(0).partitions.at(0);
    }
    // To one partition only, or sequences would have to be counted.
    ErrorCode put(std::string_view value, int version = 12) { return write(now, sequence++, "t", 0, value, version).error_code; }
    EndTxnResponse end(bool commit, int version = 5) { return end(now, commit, version); }
    EndTxnResponse end(Writing as, bool commit, int version = 5) {
        const auto told = client.ask<EndTxnResponse>(
            EndTxnRequest{.transactional_id = name, .producer_id = as.id, .producer_epoch = as.epoch, .committed = commit},
            version);
        if (told->error_code == ErrorCode::none && version >= 5) now = {told->producer_id, told->producer_epoch}, sequence = 0;
        return *told.body;
    }
    std::vector<ErrorCode> add(Writing as, std::initializer_list<std::int32_t> partitions, int version = 3,
                               std::string_view topic = "t") {
        const AddPartitionsToTxnRequest::Topic t{.name = topic, .partitions = {std::data(partitions), partitions.size()}};
        AddPartitionsToTxnRequest request;
        request.v3_and_below_transactional_id = name;
        request.v3_and_below_producer_id = as.id;
        request.v3_and_below_producer_epoch = as.epoch;
        request.v3_and_below_topics = {&t, 1};
        const auto told = client.ask<AddPartitionsToTxnResponse>(request, version);
        std::vector<ErrorCode> codes;
        for (const auto& p : told->results_by_topic_v3_and_below.at(0).results_by_partition)
            codes.push_back(p.partition_error_code);
        return codes;
    }
    ErrorCode add_group(std::string_view group, int version = 3) {
        return client
            .ask<AddOffsetsToTxnResponse>(
                AddOffsetsToTxnRequest{
                    .transactional_id = name, .producer_id = now.id, .producer_epoch = now.epoch, .group_id = group},
                version)
            ->error_code;
    }
    ErrorCode commit_offset(std::string_view group, std::int32_t partition, std::int64_t offset, int version = 5,
                            std::string_view member = "", std::int32_t generation = -1) {
        const TxnOffsetCommitRequest::Topic::Partition p{.partition_index = partition, .committed_offset = offset};
        const TxnOffsetCommitRequest::Topic t{.name = "t", .topic_id = {}, .partitions = {&p, 1}};
        const auto told = client.ask<TxnOffsetCommitResponse>(TxnOffsetCommitRequest{.transactional_id = name,
                                                                                     .group_id = group,
                                                                                     .producer_id = now.id,
                                                                                     .producer_epoch = now.epoch,
                                                                                     .generation_id_or_member_epoch = generation,
                                                                                     .member_id = member,
                                                                                     .group_instance_id = {},
                                                                                     .topics = {&t, 1}},
                                                              version);
        return told->topics.at(0).partitions.at(0).error_code;
    }

    Client client;
    std::string name;
    Writing now;
    std::int32_t sequence = 0;
};

// As a consumer that reads committed data takes it: aborted ranges and control batches are left out.
inline std::vector<std::string> committed_values(Client& client, std::int32_t partition_index = 0) {
    Fetching fetching("t", 0);
    fetching.partition.partition = partition_index;
    fetching.request.isolation_level = 1;
    const auto answer = client.ask<FetchResponse>(fetching.request, 12);
    const auto& partition = answer->topics.at(0).partitions.at(0);
    Blob all;
    for (const auto part : partition.records.parts) all.insert(all.end(), part.begin(), part.end());
    auto aborted = partition.aborted_transactions.value();
    std::set<std::int64_t> skipped;
    std::vector<std::string> values;
    Blob scratch;
    for (Bytes rest = all; !rest.empty();) {
        const auto header = batch::parse_header(rest);
        REQUIRE(header);
        std::erase_if(aborted, [&](const auto& one) {
            if (one.first_offset > header->last_offset()) return false;
            skipped.insert(one.producer_id);
            return true;
        });
        if (header->control()) {
            skipped.erase(header->producer_id);
        } else if (!header->transactional() || !skipped.contains(header->producer_id)) {
            REQUIRE(batch::read(rest, scratch, [&](const batch::Record& r) {
                values.emplace_back(as_text(r.value.value_or(Bytes{})));
                return true;
            }));
        }
        rest = rest.subspan(static_cast<std::size_t>(header->size()));
    }
    return values;
}

struct Offset {
    std::int64_t offset;
    ErrorCode code;
    friend bool operator==(const Offset&, const Offset&) = default;
};

inline Offset offset_of(Client& client, std::string_view group, bool stable = false) {
    const std::int32_t partition = 0;
    const OffsetFetchRequest::GroupTopic t{.name = "t", .topic_id = {}, .partition_indexes = {&partition, 1}};
    OffsetFetchRequest::Group g;
    g.group_id = group;
    g.topics = Array<OffsetFetchRequest::GroupTopic>{&t, 1};
    OffsetFetchRequest request;
    request.groups = {&g, 1};
    request.require_stable = stable;
    const auto told = client.ask<OffsetFetchResponse>(request, 8);
    const auto& p = told->groups.at(0).topics.at(0).partitions.at(0);
    return {p.committed_offset, p.error_code};
}

}   // namespace sluice::kafka
