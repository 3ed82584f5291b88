// The wording of each constraint. Seen: kinesalite's tests, run against the live service.
#include "protocol/kinesis/validate.h"

#include <algorithm>

#include "protocol/utf8.h"

namespace sluice::kinesis {
namespace {

void write(std::string& out, const Path& path) {
    if (path.above != nullptr) write(out, *path.above), out += '.';
    if (path.item != 0) out.append(std::to_string(path.item)).append(".");
    const char first = path.member.front();
    out += first >= 'A' && first <= 'Z' ? static_cast<char>(first - 'A' + 'a') : first;
    out += path.member.substr(1);
}

std::string quoted(std::string_view value) {
    std::string text;
    text.reserve(value.size() + 2);
    return text.append("'").append(value).append("'");
}

bool below(std::int64_t value, std::int64_t bound) { return bound != Rules::none && value < bound; }
bool above(std::int64_t value, std::int64_t bound) { return bound != Rules::none && value > bound; }
std::string at_least(std::int64_t bound) { return "Member must have length greater than or equal to " + std::to_string(bound); }
std::string at_most(std::int64_t bound) { return "Member must have length less than or equal to " + std::to_string(bound); }

bool one_of(std::string_view value, std::string_view all) {
    for (std::size_t from = 0; from <= all.size();) {
        const auto comma = std::min(all.find(", ", from), all.size());
        if (all.substr(from, comma - from) == value) return true;
        from = comma + 2;
    }
    return false;
}

bool outside(std::string_view text, std::int64_t least, std::int64_t most) {
    const auto length = static_cast<std::int64_t>(characters(text));
    return below(length, least) || above(length, most);
}

std::string inner(std::string_view what, std::int64_t least, std::int64_t most) {
    std::string text{what};
    return text.append(" must satisfy constraint: [").append(at_most(most)).append(", ").append(at_least(least)).append("]");
}

}   // namespace

void Faults::add(const Path& path, std::string_view value, std::string_view constraint) {
    if (full()) return;
    std::string part{"Value "};
    part.append(value).append(value.empty() ? "at '" : " at '");
    write(part, path);
    parts_.push_back(std::move(part.append("' failed to satisfy constraint: ").append(constraint)));
}

void Faults::missing(const Path& path) { add(path, "null", "Member must not be null"); }

void Faults::number(const Path& path, std::int64_t value, const Rules& rules) {
    const auto say = [&](std::string_view how, std::int64_t bound) {
        add(path, quoted(std::to_string(value)),
            "Member must have value " + std::string(how) + " than or equal to " + std::to_string(bound));
    };
    if (below(value, rules.min)) say("greater", rules.min);
    if (above(value, rules.max)) say("less", rules.max);
}

void Faults::scalar(const Path& path, std::string_view value, const Rules& rules) {
    if (rules.pattern != nullptr && !rules.pattern->matches(value))
        add(path, quoted(value), "Member must satisfy regular expression pattern: " + std::string(rules.pattern->text));
    if (!rules.one_of.empty() && !one_of(value, rules.one_of))
        add(path, quoted(value), "Member must satisfy enum value set: [" + std::string(rules.one_of) + "]");
    if (rules.min_length == Rules::none && rules.max_length == Rules::none) return;
    const auto length = static_cast<std::int64_t>(characters(value));
    if (below(length, rules.min_length)) add(path, quoted(value), at_least(rules.min_length));
    if (above(length, rules.max_length)) add(path, quoted(value), at_most(rules.max_length));
}

void Faults::scalar(const Path& path, const Blob& value, const Rules& rules) {
    if (!above(static_cast<std::int64_t>(value.bytes.size()), rules.max_length)) return;
    const std::string size = std::to_string(value.bytes.size());
    add(path, quoted("java.nio.HeapByteBuffer[pos=0 lim=" + size + " cap=" + size + "]"), at_most(rules.max_length));
}

void Faults::entries(const Path& path, std::size_t count, const Rules& rules) {
    const auto length = static_cast<std::int64_t>(count);
    if (below(length, rules.min_length)) add(path, length == 0 ? "'[]'" : "", at_least(rules.min_length));
    if (above(length, rules.max_length)) add(path, "", at_most(rules.max_length));
}

void Faults::list(const Path& path, const std::vector<std::string_view>& value, const Rules& rules) {
    const auto print = [&] {
        std::string text{"'["};
        for (const auto item : value) text.append(text.size() > 2 ? ", " : "").append(item);
        return text.append("]'");
    };
    const auto length = static_cast<std::int64_t>(value.size());
    if (below(length, rules.min_length)) add(path, print(), at_least(rules.min_length));
    if (above(length, rules.max_length)) add(path, print(), at_most(rules.max_length));
    if (std::ranges::any_of(value, [&](auto item) { return outside(item, rules.item_min_length, rules.item_max_length); }))
        add(path, print(), inner("Member", rules.item_min_length, rules.item_max_length));
    if (!rules.item_one_of.empty() && !std::ranges::all_of(value, [&](auto item) { return one_of(item, rules.item_one_of); }))
        add(path, print(),
            "Member must satisfy constraint: [Member must satisfy enum value set: [" + std::string(rules.item_one_of) + "]]");
}

void Faults::map(const Path& path, const TextMap& value, const Rules& rules) {
    const auto print = [&] {
        std::string text{"'{"};
        for (const auto& [key, item] : value) text.append(text.size() > 2 ? ", " : "").append(key).append("=").append(item);
        return text.append("}'");
    };
    const auto length = static_cast<std::int64_t>(value.size());
    if (below(length, rules.min_length)) add(path, print(), at_least(rules.min_length));
    if (above(length, rules.max_length)) add(path, print(), at_most(rules.max_length));
    if (std::ranges::any_of(
            value, [&](const auto& entry) { return outside(entry.first, rules.item_min_length, rules.item_max_length); }))
        add(path, print(), inner("Map keys", rules.item_min_length, rules.item_max_length));
    if (std::ranges::any_of(
            value, [&](const auto& entry) { return outside(entry.second, rules.value_min_length, rules.value_max_length); }))
        add(path, print(), inner("Map value", rules.value_min_length, rules.value_max_length));
}

std::optional<std::string> Faults::message() const {
    if (parts_.empty()) return std::nullopt;
    std::string text = std::to_string(parts_.size());
    text.append(parts_.size() == 1 ? " validation error detected: " : " validation errors detected: ");
    for (const auto& part : parts_) text.append(&part == &parts_.front() ? "" : "; ").append(part);
    return text;
}

}   // namespace sluice::kinesis
