// TxnOffsetCommit v0-6: offsets that are a group's when the transaction is committed. From v5 on the group becomes part of the
// transaction by it (KIP-890); before, AddOffsetsToTxn has to come first. Codes as seen on Kafka 4.4.0.
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/transactions/transactions.h"
#include "protocol/kafka/messages/txn_offset_commit.h"
#include "protocol/utf8.h"

namespace sluice::kafka {

namespace {

ErrorCode commit_denied(const Call& call, const TxnOffsetCommitRequest& request) {
    const auto code = refusal(call, ResourceType::transactional_id, request.transactional_id);
    return code != ErrorCode::none ? code : refusal(call, ResourceType::group, request.group_id);
}

// What all partitions are refused with. The group is part of the transaction before it is looked at, as in Kafka.
ErrorCode commit_fault(Call& call, const TxnOffsetCommitRequest& request) {
    auto& transactions = call.broker.transactions(call.world);
    const Producer producer{.id = request.producer_id, .epoch = request.producer_epoch};
    if (request.group_id.empty()) return ErrorCode::invalid_group_id;
    if (request.transactional_id.empty()) return ErrorCode::invalid_request;
    const bool known = transactions.has_pending(request.group_id);
    auto code = call.version >= 5 ? transactions.add(request.transactional_id, producer, request.group_id).code
                                  : transactions.fault(request.transactional_id, producer, request.group_id);
    if (code == ErrorCode::transaction_abortable && call.version < 4) code = ErrorCode::invalid_txn_state;
    if (code == ErrorCode::producer_fenced) code = ErrorCode::invalid_producer_epoch;
    if (code != ErrorCode::none) return code;
    const auto member = call.broker.groups(call.world)
                            .may_commit_in_transaction(request.group_id, request.member_id, request.group_instance_id,
                                                       request.generation_id_or_member_epoch, known);
    // The newest version tells a group that is not there from one that has moved on.
    if (member == ErrorCode::illegal_generation && call.version >= 6 && !call.broker.groups(call.world).find(request.group_id))
        return ErrorCode::group_id_not_found;
    return member;
}

}   // namespace

Task<TxnOffsetCommitResponse> handle(Call& call, const TxnOffsetCommitRequest& request) {
    TxnOffsetCommitResponse response;
    Offsets::ByPartition offsets;
    const auto no_commit = commit_denied(call, request);
    bool too_long = false;
    for (const auto& asked : request.topics) {
        const auto stream = call.version >= 6 ? topic(call, asked.topic_id) : topic(call, asked.name);
        auto& told = response.topics.emplace_back();
        told.name = asked.name;
        told.topic_id = asked.topic_id;
        auto denied = no_commit;
        if (denied == ErrorCode::none && (stream || call.version < 6))
            denied = refusal(call, ResourceType::topic, stream ? std::string_view{stream->name} : asked.name);
        for (const auto& partition : asked.partitions) {
            auto& p = told.partitions.emplace_back();
            p.partition_index = partition.partition_index;
            const auto metadata = partition.committed_metadata.value_or("");
            if (denied != ErrorCode::none) {
                p.error_code = denied;
            } else if (!stream) {
                p.error_code = call.version >= 6 ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition;
            } else if (!stream->shard(partition.partition_index)) {
                p.error_code = ErrorCode::unknown_topic_or_partition;
            } else if (metadata.size() > Groups::longest_metadata && utf16_units(metadata) > Groups::longest_metadata) {
                p.error_code = ErrorCode::offset_metadata_too_large;
                too_long = true;
            } else {
                offsets.insert_or_assign(Partition{stream->topic_id, partition.partition_index},
                                         CommittedOffset{.offset = partition.committed_offset,
                                                         .leader_epoch = partition.committed_leader_epoch,
                                                         .metadata = std::string(metadata),
                                                         .committed = {}});
            }
        }
    }
    streams::Ticket ticket;
    ErrorCode refused = ErrorCode::none;
    if (!offsets.empty() || too_long) {   // the group becomes part of the transaction in either case
        streams::Unit whole{call.engine};
        refused = commit_fault(call, request);
        if (refused != ErrorCode::none || offsets.empty())
            ticket = whole.ticket();
        else
            ticket = call.broker.transactions(call.world)
                         .commit_offsets(request.transactional_id, request.group_id, std::move(offsets));
    }
    const auto committed = co_await ticket.committed();
    if (!committed) refused = ErrorCode::coordinator_not_available;
    if (refused == ErrorCode::none) co_return response;
    for (auto& told : response.topics)
        for (auto& p : told.partitions)
            if (p.error_code == ErrorCode::none || p.error_code == ErrorCode::offset_metadata_too_large) p.error_code = refused;
    co_return response;
}

template Task<void> serve<TxnOffsetCommitRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
