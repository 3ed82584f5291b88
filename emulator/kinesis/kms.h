// Keys of KMS that are not as they should be. No key is used here, so any text is a good one, unless `--kms-key KEY=STATE` says
// what is wrong with it: then StartStreamEncryption with it, and puts and reads of streams that are encrypted with it, are
// refused.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>
#include <string_view>

#include "protocol/kinesis/errors.h"

namespace sluice::streams {
struct Stream;
}

namespace sluice::kinesis {

struct Call;

struct KeyState {
    std::string_view name;
    ErrorCode code;
    std::string_view text;   // behind the key; KMS's own words where they are known (unconfirmed for Kinesis)
};
// AWS API: the six exceptions of PutRecord, PutRecords, GetRecords and StartStreamEncryption.
inline constexpr std::array key_states{
    KeyState{"denied", ErrorCode::kms_access_denied, " does not exist, or you are not allowed to access it."},
    KeyState{"disabled", ErrorCode::kms_disabled, " is disabled."},
    KeyState{"not-found", ErrorCode::kms_not_found, " does not exist."},
    KeyState{"opt-in", ErrorCode::kms_opt_in_required,
             " cannot be used: the AWS access key ID needs a subscription for the service."},
    KeyState{"pending-deletion", ErrorCode::kms_invalid_state, " is pending deletion."},
    KeyState{"throttled", ErrorCode::kms_throttling, " is used more often than KMS allows. Reduce the frequency of your calls."}};

inline auto key_state_names() { return key_states | std::views::transform(&KeyState::name); }
inline std::optional<ErrorCode> key_state(std::string_view name) {
    const auto* found = std::ranges::find(key_states, name, &KeyState::name);
    return found == key_states.end() ? std::nullopt : std::optional{found->code};
}

// A key is meant by its id, its alias or its ARN, and an ARN also names what stands behind its last `:key/` or `:`.
std::optional<Error> fault_of_key(const Call&, std::string_view key);
// Of the key that a stream is encrypted with, if it is.
std::optional<Error> fault_of_key(const Call&, const streams::Stream&);

}   // namespace sluice::kinesis
