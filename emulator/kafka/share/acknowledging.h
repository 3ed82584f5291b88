// What a member of a share group says of records that it acquired: gap, accept, release, reject, renew (KIP-932, KIP-1222). Of a
// partition all is carried out or nothing.
#pragma once

#include <optional>
#include <string>

#include "emulator/streams/queues/backlog.h"
#include "protocol/kafka/errors.h"
#include "protocol/kafka/wire.h"

namespace sluice::kafka {

struct Acknowledged {
    ErrorCode code = ErrorCode::none;
    std::optional<std::string> text;
};
struct Acknowledging {
    std::uint32_t holder{};
    milliseconds lock{};   // how long a renewed one is held
    bool renews = false;   // the request may renew
};

enum class AcknowledgeType : std::int8_t { gap, accept, release, reject, renew };

namespace share_detail {
Acknowledged fault_of(streams::Position first, streams::Position last, const Array<std::int8_t>& types, bool renews);
Acknowledged check(const streams::Backlog&, std::int32_t shard, std::uint32_t holder, streams::Position first,
                   streams::Position last);
void carry_out(streams::Backlog&, streams::RecordPlace, AcknowledgeType, milliseconds lock);
}   // namespace share_detail

// Batches of ShareFetch or ShareAcknowledge, whose forms without sense are looked for first. No backlog: the group does not read
// the topic.
template <class Batches>
Acknowledged acknowledge(streams::Backlog* backlog, std::int32_t shard, const Acknowledging& how, const Batches& batches) {
    for (const auto& batch : batches)
        if (auto fault = share_detail::fault_of(batch.first_offset, batch.last_offset, batch.acknowledge_types, how.renews);
            fault.code != ErrorCode::none)
            return fault;
    if (!backlog || !backlog->next(shard))
        return {ErrorCode::unknown_topic_or_partition, std::string(text_of(ErrorCode::unknown_topic_or_partition))};
    streams::Position done = -1;
    for (const auto& batch : batches) {
        if (batch.first_offset <= done)
            return {ErrorCode::invalid_record_state, "The offset cannot be acknowledged. The offset is not acquired."};
        done = batch.last_offset;
        if (auto fault = share_detail::check(*backlog, shard, how.holder, batch.first_offset, batch.last_offset);
            fault.code != ErrorCode::none)
            return fault;
    }
    for (const auto& batch : batches) {
        const auto start = *backlog->start(shard);
        for (auto at = std::max(batch.first_offset, start); at <= batch.last_offset; ++at) {
            const auto index = batch.acknowledge_types.size() == 1 ? 0 : static_cast<std::size_t>(at - batch.first_offset);
            share_detail::carry_out(*backlog, {shard, at}, static_cast<AcknowledgeType>(batch.acknowledge_types[index]),
                                    how.lock);
        }
    }
    return {};
}

}   // namespace sluice::kafka
