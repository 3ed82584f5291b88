// StartStreamEncryption: NONE passes as a value and is none that it takes.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct StartStreamEncryption {
    static constexpr std::string_view operation = "StartStreamEncryption";
    std::optional<std::string_view> stream_name;
    std::optional<std::string_view> encryption_type;
    std::optional<std::string_view> key_id;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("EncryptionType", m.encryption_type, Rules{.required = true, .one_of = "NONE, KMS"});
        f("KeyId", m.key_id, Rules{.required = true, .min_length = 1, .max_length = 2048});
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
