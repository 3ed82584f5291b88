// Codes and sentences as seen on Kafka 4.4.0. What lies before the group's start is settled, and saying so again is no fault.
#include "emulator/kafka/share/acknowledging.h"

#include <algorithm>

namespace sluice::kafka::share_detail {

Acknowledged fault_of(streams::Position first, streams::Position last, const Array<std::int8_t>& types, bool renews) {
    const auto most = renews ? AcknowledgeType::renew : AcknowledgeType::reject;
    const bool good = first >= 0 && first <= last && !types.empty() &&
                      (types.size() == 1 || std::cmp_equal(types.size(), last - first + 1)) &&
                      std::ranges::all_of(types, [&](auto type) { return type >= 0 && type <= static_cast<std::int8_t>(most); });
    return {good ? ErrorCode::none : ErrorCode::invalid_request, {}};
}

Acknowledged check(const streams::Backlog& backlog, std::int32_t shard, std::uint32_t holder, streams::Position first,
                   streams::Position last) {
    if (first >= *backlog.next(shard))
        return {ErrorCode::invalid_request, "Batch record not found. The first offset in request is past acquired records."};
    if (last >= *backlog.next(shard))
        return {ErrorCode::invalid_request, "Batch record not found. The last offset in request is past acquired records."};
    for (auto at = std::max(first, *backlog.start(shard)); at <= last; ++at) {
        const auto* one = backlog.deliveries().find({shard, at});
        if (!one || !one->hidden)
            return {ErrorCode::invalid_record_state, "The offset cannot be acknowledged. The offset is not acquired."};
        if (one->holder != holder) return {ErrorCode::invalid_record_state, "Member is not the owner of batch record"};
    }
    return {};
}

void carry_out(streams::Backlog& backlog, streams::RecordPlace place, AcknowledgeType type, milliseconds lock) {
    switch (type) {
        case AcknowledgeType::gap:
        case AcknowledgeType::accept:
            return backlog.settle_held(place);
        case AcknowledgeType::reject:
            return backlog.reject_held(place);
        case AcknowledgeType::release:
            return backlog.give_back(place);
        case AcknowledgeType::renew:
            return backlog.hold_longer(place, lock);
    }
}

}   // namespace sluice::kafka::share_detail
