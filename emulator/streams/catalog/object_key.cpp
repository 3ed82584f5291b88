#include "emulator/streams/catalog/object_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "emulator/streams/catalog/bounds.h"

namespace sluice::streams {
namespace {

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool letter_or_digit(char c) { return lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool literal(char c) { return letter_or_digit(c) || std::string_view{"!-_'.*()/="}.contains(c); }

constexpr std::array<std::string_view, 9> variables{"channel-name", "channel-id", "stream-name", "yyyy", "yy",
                                                    "MM",           "dd",         "HH",          "mm"};
constexpr std::string_view extension = "extension", open = "!{";

// Calls `text` with literal text and `variable` with the names between braces. False: a brace is not closed.
template <class Text, class Variable>
bool walk(std::string_view form, Text text, Variable variable) {
    while (!form.empty()) {
        const auto at = std::min(form.find(open), form.size());
        if (at > 0) text(form.substr(0, at));
        form.remove_prefix(at);
        if (form.empty()) break;
        const auto end = form.find('}');
        if (end == std::string_view::npos) return false;
        variable(form.substr(open.size(), end - open.size()));
        form.remove_prefix(end + 1);
    }
    return true;
}

// `.json` of `extension:.json`.
std::string_view literal_extension(std::string_view variable) {
    return variable.starts_with("extension:.") ? variable.substr(extension.size() + 1) : std::string_view{};
}

bool is_extension(std::string_view variable) {
    const auto given = literal_extension(variable);
    return variable == extension || (given.size() > 1 && std::ranges::all_of(given, [](char c) { return lower(c) || c == '.'; }));
}

// What a path must not be, whatever the variables stand for: none of them holds a slash, and one may be all of a part.
std::string_view fault_of_path(std::string_view path) {
    if (path.starts_with('/')) return "starts with '/'";
    if (path.contains("..")) return "contains '..'";
    if (path.contains("//")) return "contains '//'";
    if (path == "." || path.starts_with("./") || path.contains("/./") || path.ends_with("/.")) return "has a part that is '.'";
    return {};
}

std::string expanded(std::string_view variable, const ObjectName& name) {
    if (variable == "channel-name") return std::string{name.channel};
    if (variable == "channel-id") return std::string{name.id};
    if (variable == "stream-name") return std::string{name.stream};
    const auto day = std::chrono::floor<std::chrono::days>(name.begun);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{name.begun - day};
    const auto year = static_cast<int>(date.year());
    if (variable == "yyyy") return fmt::format("{:04}", year);
    if (variable == "yy") return fmt::format("{:02}", year % 100);
    if (variable == "MM") return fmt::format("{:02}", static_cast<unsigned>(date.month()));
    if (variable == "dd") return fmt::format("{:02}", static_cast<unsigned>(date.day()));
    if (variable == "HH") return fmt::format("{:02}", time.hours().count());
    return fmt::format("{:02}", time.minutes().count());
}

constexpr std::size_t id_in_suffix = 8;

}   // namespace

std::string_view fault_of_key_template(std::string_view form, bool compressed) {
    if (form.empty() || form.size() > bounds::template_bytes) return "is not 1 to 1024 characters long";
    std::string path;   // with a letter for each variable
    std::string_view fault;
    bool extended = false, behind = false;
    const bool closed = walk(
        form,
        [&](std::string_view text) {
            if (!std::ranges::all_of(text, literal)) fault = "has a character other than letters, digits and ! - _ ' . * ( ) / =";
            behind |= extended;
            path += text;
        },
        [&](std::string_view variable) {
            behind |= extended;
            if (is_extension(variable))
                extended = true;
            else if (std::ranges::find(variables, variable) == variables.end())
                fault = "has a variable that there is not";
            else
                path += 'x';
        });
    if (!closed) return "has a '!{' without its '}'";
    if (!fault.empty()) return fault;
    if (behind) return "has something behind its extension";
    if (compressed && !extended) return "has no !{extension}, which compressed objects need";
    if (path.ends_with('/')) return "ends with '/'";
    return fault_of_path(path);
}

std::string_view fault_of_key_prefix(std::string_view prefix) {
    const auto good = [](char c) { return c != '=' && literal(c); };
    if (prefix.size() > bounds::prefix_bytes) return "is longer than 512 characters";
    if (!std::ranges::all_of(prefix, good)) return "has a character other than letters, digits and ! - _ ' . * ( ) /";
    return fault_of_path(prefix);
}

bool good_bucket(std::string_view name) {
    const auto good = [](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'; };
    return name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, good) && letter_or_digit(name.front()) &&
           letter_or_digit(name.back()) && !name.contains("..");
}

std::string object_key(std::string_view key_template, const ObjectName& name) {
    std::string key, end;
    (void)walk(
        key_template, [&](std::string_view text) { key += text; },
        [&](std::string_view variable) {
            if (variable == extension)
                end = name.extension;
            else if (const auto given = literal_extension(variable); !given.empty())
                end = given;
            else
                key += expanded(variable, name);
        });
    return fmt::format("{}-{}-{:06}-{:012}{}", key, name.id.substr(0, id_in_suffix), name.shard, name.first, end);
}

KeySizes longest_key(std::string_view key_template, ObjectName name) {
    name.shard = bounds::partitions_ever - 1;
    name.first = std::numeric_limits<storage::Position>::max();
    const auto key = object_key(key_template, name);
    KeySizes sizes{.whole = key.size()};
    for (std::string_view rest = key; !rest.empty();) {
        const auto slash = std::min(rest.find('/'), rest.size());
        sizes.part = std::max(sizes.part, slash);
        rest.remove_prefix(std::min(slash + 1, rest.size()));
    }
    return sizes;
}

}   // namespace sluice::streams
