#include "emulator/kafka/groups/topic_pattern.h"

#include <re2/re2.h>

namespace sluice::kafka {

namespace {

// Kafka's broker reads them with the Java port of the same library, which says the same in other words.
std::string_view pattern_fault(const re2::RE2& pattern) {
    switch (pattern.error_code()) {
        case re2::RE2::ErrorMissingParen:   // seen: Kafka 4.4.0
            return "missing closing )";
        case re2::RE2::ErrorMissingBracket:
            return "missing closing ]";
        case re2::RE2::ErrorUnexpectedParen:
            return "unexpected )";
        case re2::RE2::ErrorBadEscape:
            return "invalid escape sequence";
        case re2::RE2::ErrorBadCharRange:
            return "invalid character class range";
        case re2::RE2::ErrorBadCharClass:
            return "invalid character class";
        case re2::RE2::ErrorTrailingBackslash:
            return "trailing backslash at end of expression";
        case re2::RE2::ErrorRepeatArgument:
            return "missing argument to repetition operator";
        case re2::RE2::ErrorRepeatOp:
            return "invalid nested repetition operator";
        case re2::RE2::ErrorRepeatSize:
            return "invalid repeat count";
        case re2::RE2::ErrorBadPerlOp:
            return "invalid or unsupported Perl syntax";
        case re2::RE2::ErrorBadNamedCapture:
            return "invalid named capture";
        case re2::RE2::ErrorPatternTooLarge:
            return "expression too large";
        default:
            return pattern.error();
    }
}

}   // namespace

std::expected<TopicPattern, std::string> TopicPattern::read(std::string_view text) {
    re2::RE2::Options quiet{re2::RE2::Quiet};
    auto compiled = std::make_shared<re2::RE2>(text, quiet);
    if (!compiled->ok()) return std::unexpected{std::string(pattern_fault(*compiled))};
    TopicPattern pattern;
    pattern.compiled_ = std::move(compiled);
    return pattern;
}

bool TopicPattern::matches(std::string_view topic) const { return re2::RE2::FullMatch(topic, *compiled_); }

}   // namespace sluice::kafka
