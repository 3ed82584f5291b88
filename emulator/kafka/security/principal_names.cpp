#include "emulator/kafka/security/principal_names.h"

#include <re2/re2.h>

#include <algorithm>

namespace sluice::kafka {
namespace {

// Up to the next slash without a backslash before it, which is taken too; nothing when there is none.
std::optional<std::string_view> part(std::string_view& rest) {
    for (std::size_t at = 0; at < rest.size(); ++at) {
        if (rest[at] == '\\') {
            ++at;
        } else if (rest[at] == '/') {
            const auto found = rest.substr(0, at);
            rest.remove_prefix(at + 1);
            return found;
        }
    }
    return std::nullopt;
}

// Java's $1 is \1 there; a backslash of Java's makes the next letter plain.
std::string rewrite_of(std::string_view replacement, int groups) {
    std::string made;
    const auto plain = [&](char letter) { made.append(letter == '\\' ? "\\\\" : std::string(1, letter)); };
    for (std::size_t at = 0; at < replacement.size(); ++at) {
        const bool more = at + 1 < replacement.size();
        const int group = more && replacement[at] == '$' ? replacement[at + 1] - '0' : -1;
        if (replacement[at] == '\\' && more) {
            plain(replacement[++at]);
        } else if (group >= 0 && group <= groups) {
            made.append("\\").append(1, replacement[++at]);
        } else {
            plain(replacement[at]);
        }
    }
    return made;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

}   // namespace

std::expected<PrincipalNames, std::string> PrincipalNames::read(std::string_view rules) {
    PrincipalNames names;
    auto rest = trimmed(rules);
    if (rest.empty()) rest = "DEFAULT";
    const auto invalid = [&](std::string_view what) {
        return std::unexpected{"Invalid rule: `" + std::string(what) + "`; a rule is DEFAULT or RULE:pattern/replacement/[LU]"};
    };
    while (!rest.empty()) {
        const auto whole = rest;
        Rule rule;
        if (rest.starts_with("DEFAULT")) {
            rest.remove_prefix(7);
        } else if (rest.starts_with("RULE:")) {
            rest.remove_prefix(5);
            const auto pattern = part(rest);
            const auto replacement = pattern ? part(rest) : std::nullopt;
            if (!replacement) return invalid(whole);
            re2::RE2::Options quiet{re2::RE2::Quiet};
            auto compiled = std::make_shared<re2::RE2>(*pattern, quiet);
            if (!compiled->ok()) return invalid(whole);
            rule.name = rewrite_of(*replacement, compiled->NumberOfCapturingGroups());
            rule.pattern = std::move(compiled);
            if (!rest.empty() && (rest.front() == 'L' || rest.front() == 'U')) {
                rule.letters = rest.front();
                rest.remove_prefix(1);
            }
        } else {
            return invalid(whole);
        }
        names.rules_.push_back(std::move(rule));
        rest = trimmed(rest);
        if (rest.empty()) break;
        if (rest.front() != ',') return invalid(whole);
        rest = trimmed(rest.substr(1));
        if (rest.empty()) return invalid(whole);
    }
    return names;
}

std::optional<std::string> PrincipalNames::of(std::string_view subject) const {
    for (const auto& rule : rules_) {
        if (!rule.pattern) return std::string(subject);
        if (!re2::RE2::FullMatch(subject, *rule.pattern)) continue;
        std::string name;
        re2::RE2::Extract(subject, *rule.pattern, rule.name, &name);
        const auto turned = [&](char c) {
            if (rule.letters == 'L' && c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
            if (rule.letters == 'U' && c >= 'a' && c <= 'z') return static_cast<char>(c - 'a' + 'A');
            return c;
        };
        std::ranges::transform(name, name.begin(), turned);
        return name;
    }
    return std::nullopt;
}

}   // namespace sluice::kafka
