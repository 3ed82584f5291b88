#include "emulator/kinesis/tags.h"

#include <algorithm>

#include "emulator/kinesis/operations/attributes.h"
#include "protocol/utf8.h"

namespace sluice::kinesis {
namespace {

// The first code point, taken away. Precondition: UTF-8, not empty.
char32_t take_character(std::string_view& text) {
    const auto head = static_cast<unsigned char>(text.front());
    const std::size_t tail = head < 0x80 ? 0 : head < 0xE0 ? 1 : head < 0xF0 ? 2 : 3;
    char32_t code = tail == 0 ? head : head & (0x3FU >> tail);
    for (std::size_t i = 1; i <= tail; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
    text.remove_prefix(tail + 1);
    return code;
}

// Letters, digits, spaces and _ . : / = + - % @, the last but one of which is refused in other words. White space is the blank
// alone (seen: AWS 2016 refuses tabs and line ends). Beyond ASCII whole blocks of letters are taken and blocks of symbols are
// not.
bool allowed(char32_t c) {
    if (c < 0x80) {
        const auto ascii = static_cast<char>(c);
        return (ascii >= '0' && ascii <= '9') || (ascii >= 'a' && ascii <= 'z') || (ascii >= 'A' && ascii <= 'Z') ||
               std::string_view{" _.:/=+-%@"}.contains(ascii);
    }
    constexpr std::pair<char32_t, char32_t> letters[]{{0xAA, 0xAA},     {0xB5, 0xB5},     {0xBA, 0xBA},       {0xC0, 0x1FFF},
                                                      {0x2C00, 0x2DFF}, {0x3005, 0x3007}, {0x3021, 0xD7FF},   {0xF900, 0xFDFF},
                                                      {0xFE70, 0xFEFC}, {0xFF10, 0xFFDC}, {0x10000, 0x1BFFF}, {0x20000, 0x3FFFF}};
    return std::ranges::any_of(letters, [c](const auto& block) { return block.first <= c && c <= block.second; });
}

bool allowed(std::string_view text) {
    if (!is_utf8(text)) return false;
    while (!text.empty())
        if (!allowed(take_character(text))) return false;
    return true;
}

}   // namespace

std::optional<Error> fault_of_tags(const Call& call, std::string_view stream, const TextMap& tags, std::size_t others) {
    const auto any = [&](auto wrong) {
        return std::ranges::any_of(tags, [&](const auto& tag) { return wrong(tag.first) || wrong(tag.second); });
    };
    if (any([](std::string_view text) { return !allowed(text); })) return texts::tags_invalid();
    if (any([](std::string_view text) { return text.contains('%'); }))
        return texts::tags_illegal("add tags to", stream, call.account());
    for (const auto& [key, value] : tags)
        if (key.starts_with("aws:")) return texts::tag_reserved(key);
    if (tags.size() + others > most_tags) return texts::too_many_tags(stream, call.account());
    return {};
}

Task<std::optional<Error>> add_tags(Call& call, Resource of, const TextMap& tags) {
    if (auto fault = must_be_active(call, of)) co_return fault;
    auto all = of.tags();
    for (const auto& [key, value] : tags) all.erase(std::string{key});
    if (auto fault = fault_of_tags(call, call.name(*of.stream), tags, all.size())) co_return fault;
    for (const auto& [key, value] : tags) all[std::string{key}] = value;
    auto waiting = stored(set_tags(call, of, std::move(all)));
    co_return co_await std::move(waiting);
}

Task<std::optional<Error>> remove_tags(Call& call, Resource of, const std::vector<std::string_view>& keys) {
    if (auto fault = must_be_active(call, of)) co_return fault;
    if (!std::ranges::all_of(keys, [](std::string_view key) { return allowed(key); })) co_return texts::tags_invalid();
    if (std::ranges::any_of(keys, [](std::string_view key) { return key.contains('%'); }))
        co_return texts::tags_illegal("remove tags from", call.name(*of.stream), call.account());
    auto all = of.tags();
    for (const auto key : keys) all.erase(std::string{key});
    auto waiting = stored(set_tags(call, of, std::move(all)));
    co_return co_await std::move(waiting);
}

std::vector<Tag> tags_of(const Resource& of) {
    std::vector<Tag> all;
    for (const auto& [key, value] : of.tags()) all.push_back({key, value});
    return all;
}

}   // namespace sluice::kinesis
