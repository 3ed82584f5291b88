#include "protocol/aws/request_head.h"

#include <algorithm>
#include <charconv>

namespace sluice::aws {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string decoded(std::string_view text, char plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* const digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
            out += static_cast<char>(value);
            i += 2;
        } else {
            out += text[i] == '+' ? plus : text[i];
        }
    }
    return out;
}

}   // namespace

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && (a == b || std::ranges::equal(a, b, {}, lower, lower));
}

std::optional<std::string_view> header(Headers headers, std::string_view name) {
    for (const auto& [key, value] : headers)
        if (same_name(key, name)) return value;
    return std::nullopt;
}

std::string_view path_of(std::string_view target) {
    auto path = target.substr(0, target.find('?'));
    if (const auto scheme = path.find("://"); !path.starts_with('/') && scheme != std::string_view::npos)   // as to a proxy
        path.remove_prefix(std::min(path.find('/', scheme + 3), path.size()));
    return path;
}

std::string_view query_of(std::string_view target) {
    const auto mark = target.find('?');
    return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

std::string percent_decoded(std::string_view text) { return decoded(text, '+'); }
std::string form_decoded(std::string_view text) { return decoded(text, ' '); }

void each_parameter(std::string_view query, const std::function<void(std::string_view, std::string_view)>& see) {
    for (std::size_t from = 0; from < query.size();) {
        const auto end = std::min(query.find('&', from), query.size());
        const auto pair = query.substr(from, end - from);
        const auto equals = std::min(pair.find('='), pair.size());
        if (!pair.empty()) see(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
        from = end + 1;
    }
}

std::optional<std::string> parameter(std::string_view query, std::string_view name) {
    if (query.empty()) return std::nullopt;
    std::optional<std::string> found;
    each_parameter(query, [&](std::string_view key, std::string_view value) {
        if (!found && percent_decoded(key) == name) found = percent_decoded(value);
    });
    return found;
}

}   // namespace sluice::aws
