#include "emulator/streams/catalog/bounds.h"

#include <algorithm>

namespace sluice::streams::bounds {

namespace {

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

}   // namespace

bool good_name(std::string_view name) {
    const auto good = [](char c) { return letter_or_digit(c) || c == '.' || c == '_' || c == '-'; };
    return !name.empty() && name.size() <= name_bytes && name != "." && name != ".." && std::ranges::all_of(name, good);
}

bool good_place(std::string_view text) {
    return !text.empty() && text.size() <= place_bytes &&
           std::ranges::all_of(text, [](char c) { return letter_or_digit(c) || c == '_' || c == '-'; });
}

std::string_view fault_of_place(std::string_view account, std::string_view region) {
    if (!good_place(account)) return "a stream's account is none";
    if (!good_place(region)) return "a stream's region is none";
    return {};
}

std::string_view fault_of_key(std::string_view key) {
    return good_text(key, key_bytes) ? std::string_view{} : "a stream's key is no text of at most 2048 characters";
}

std::string_view fault_of_policy(std::string_view policy) {
    return good_text(policy, policy_bytes) ? std::string_view{} : "a stream's policy is no text of at most 20480 bytes";
}

std::string_view fault_of_capacity(std::int64_t warm, std::int64_t shards) {
    if (warm < 0 || warm > most_warm_mibps) return "a stream's warm throughput is none";
    if (shards < 0 || shards > listed_shards) return "a stream's next number of shards is none";
    return {};
}

}   // namespace sluice::streams::bounds
