// DeleteStream: with consumers registered it needs EnforceConsumerDeletion.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct DeleteStream {
    static constexpr std::string_view operation = "DeleteStream";
    std::optional<std::string_view> stream_name;
    std::optional<bool> enforce_consumer_deletion;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("EnforceConsumerDeletion", m.enforce_consumer_deletion, rules::none);
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
