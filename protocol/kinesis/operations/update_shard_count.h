// UpdateShardCount: uniform scaling is the only kind there is.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct UpdateShardCount {
    static constexpr std::string_view operation = "UpdateShardCount";
    std::optional<std::string_view> stream_name;
    std::optional<std::int32_t> target_shard_count;
    std::optional<std::string_view> scaling_type;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("TargetShardCount", m.target_shard_count, Rules{.required = true, .min = 1});
        f("ScalingType", m.scaling_type, Rules{.required = true, .one_of = "UNIFORM_SCALING"});
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    struct Result {
        std::optional<std::string> stream_name;
        std::optional<std::int32_t> current_shard_count;
        std::optional<std::int32_t> target_shard_count;
        std::optional<std::string> stream_arn;
        static constexpr void members(auto& m, auto& f) {
            f("StreamName", m.stream_name, rules::none);
            f("CurrentShardCount", m.current_shard_count, rules::none);
            f("TargetShardCount", m.target_shard_count, rules::none);
            f("StreamARN", m.stream_arn, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
