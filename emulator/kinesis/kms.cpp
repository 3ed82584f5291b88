#include "emulator/kinesis/kms.h"

#include <string>

#include "emulator/kinesis/call.h"

namespace sluice::kinesis {
namespace {

// arn:aws:kms:us-east-1:123456789012:key/ID is the key ID, …:alias/NAME is alias/NAME.
std::string_view short_form(std::string_view key) {
    if (!key.starts_with("arn:")) return key;
    const auto last = key.substr(key.rfind(':') + 1);
    return last.starts_with("key/") ? last.substr(4) : last;
}

}   // namespace

std::optional<Error> fault_of_key(const Call& call, std::string_view key) {
    const auto& keys = call.options.kms_keys;
    if (keys.empty()) return {};
    for (const auto& [named, code] : keys) {
        if (key != named && short_form(key) != short_form(named)) continue;
        const auto& state = *std::ranges::find(key_states, code, &KeyState::code);
        return Error{code, "Key '" + std::string{key} + "'" + std::string{state.text}};
    }
    return {};
}

std::optional<Error> fault_of_key(const Call& call, const streams::Stream& stream) {
    return stream.encrypted() ? fault_of_key(call, stream.key) : std::nullopt;
}

}   // namespace sluice::kinesis
