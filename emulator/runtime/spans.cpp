#include "emulator/runtime/spans.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace sluice {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t ms;
};
constexpr std::array<Unit, 6> units{
    {{"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr double most_ms = 1e15;   // about 30,000 years

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Exactly `digits` digits from the front of `text`, which loses them; -1 when they are not there.
int take_digits(std::string_view& text, std::size_t digits) {
    int value = -1;
    if (text.size() < digits) return -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
    if (error != std::errc{} || end != text.data() + digits || text.front() == '-') return -1;
    text.remove_prefix(digits);
    return value;
}
bool take(std::string_view& text, char c) {
    if (text.empty() || lower(text.front()) != lower(c)) return false;
    text.remove_prefix(1);
    return true;
}

}   // namespace

std::expected<milliseconds, std::string> parse_span(std::string_view text) {
    const auto fault = std::unexpected{fmt::format("'{}' is no span of time; write it like 90s, 23h59m, 25h or 7d", text)};
    if (text == "0") return milliseconds{0};
    if (text.empty()) return fault;
    double total = 0;
    std::array<bool, units.size()> seen{};
    for (auto rest = text; !rest.empty();) {
        double number = 0;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
        if (error != std::errc{} || !(number >= 0)) return fault;
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        std::size_t n = 0;
        while (n < rest.size() && letter(rest[n])) ++n;
        const auto name = rest.substr(0, n);
        std::size_t i = 0;
        while (i < units.size() && units[i].name != name) ++i;
        if (i == units.size() || seen[i]) return fault;
        seen[i] = true;
        total += number * static_cast<double>(units[i].ms);
        rest.remove_prefix(n);
    }
    if (total > most_ms) return fault;
    return milliseconds{std::llround(total)};
}

std::string show_span(milliseconds span) {
    auto rest = span.count();
    if (rest == 0) return "0s";
    std::string out = rest < 0 ? "-" : "";
    if (rest < 0) rest = -rest;
    for (const auto& [name, ms] : units) {
        if (name == "w") continue;
        if (rest >= ms) out += fmt::format("{}{}", rest / ms, name);
        rest %= ms;
    }
    return out;
}

namespace {
std::expected<Time, std::string> parse_any_time(std::string_view text) {
    const auto fault = std::unexpected{fmt::format("'{}' is no moment; write it like 2027-01-01T00:00:00Z", text)};
    auto rest = text;
    const int year = take_digits(rest, 4);
    if (year < 0 || !take(rest, '-')) return fault;
    const int month = take_digits(rest, 2);
    if (month < 1 || !take(rest, '-')) return fault;
    const int day = take_digits(rest, 2);
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(std::max(day, 0))}};
    if (!date.ok()) return fault;
    Time at{std::chrono::sys_days{date}};
    if (rest.empty()) return at;
    if (!take(rest, 'T') && !take(rest, ' ')) return fault;
    const int hour = take_digits(rest, 2);
    if (hour < 0 || hour > 23 || !take(rest, ':')) return fault;
    const int minute = take_digits(rest, 2);
    if (minute < 0 || minute > 59) return fault;
    int second = 0;
    if (take(rest, ':')) second = take_digits(rest, 2);
    if (second < 0 || second > 59) return fault;
    at += std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
    if (take(rest, '.')) {
        int weight = 100, digits = 0;
        for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; rest.remove_prefix(1), weight /= 10, ++digits)
            at += milliseconds{(rest.front() - '0') * weight};
        if (digits == 0) return fault;
    }
    if (take(rest, 'Z')) return rest.empty() ? std::expected<Time, std::string>{at} : fault;
    const int sign = take(rest, '+') ? 1 : take(rest, '-') ? -1 : 0;
    if (sign == 0) return fault;
    const int hours = take_digits(rest, 2);
    take(rest, ':');
    const int minutes = take_digits(rest, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || !rest.empty()) return fault;
    return at - sign * (std::chrono::hours{hours} + std::chrono::minutes{minutes});
}
}   // namespace

std::expected<Time, std::string> parse_time(std::string_view text) {
    const auto at = parse_any_time(text);
    if (at && !in_bounds(*at)) return std::unexpected{fmt::format("'{}': {}", text, out_of_bounds)};
    return at;
}

std::string show_time(Time at) {
    const auto days = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{days};
    const auto ms = (at - days).count();
    auto out =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()), ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60);
    if (ms % 1000 != 0) out += fmt::format(".{:03}", ms % 1000);
    return out + "Z";
}

std::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
    const auto fault = std::unexpected{fmt::format("'{}' is no size; write it like 512MiB or 4GiB", text)};
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return fault;
    std::string unit;
    for (const char* c = end; c != text.data() + text.size(); ++c) unit += lower(*c);
    struct Size {
        std::string_view name;
        std::uint64_t bytes;
    };
    static constexpr Size sizes[] = {{"", 1},
                                     {"b", 1},
                                     {"kb", 1'000},
                                     {"mb", 1'000'000},
                                     {"gb", 1'000'000'000},
                                     {"kib", 1 << 10},
                                     {"mib", 1 << 20},
                                     {"gib", 1 << 30},
                                     {"tib", std::uint64_t{1} << 40}};
    for (const auto& size : sizes) {
        if (size.name != unit) continue;
        if (number > UINT64_MAX / 2 / size.bytes) return fault;
        return number * size.bytes;
    }
    return fault;
}

}   // namespace sluice
