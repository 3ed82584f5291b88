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

}   // namespace sluice::streams::bounds
