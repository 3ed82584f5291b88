// The patterns of the service model as plain functions; each matches the whole value.
#include "protocol/kinesis/rules.h"

#include <algorithm>

#include "protocol/kinesis/channel_rules.h"

namespace sluice::kinesis {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool upper(char c) { return c >= 'A' && c <= 'Z'; }
bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_name(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return lower(c) || upper(c) || digit(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_number(std::string_view text, std::size_t most_digits) {
    if (text == "0") return true;
    return !text.empty() && text.size() <= most_digits && text.front() != '0' && std::ranges::all_of(text, digit);
}
bool is_hash_key(std::string_view text) { return is_number(text, 39); }
bool is_sequence(std::string_view text) { return is_number(text, 129); }

bool is_stream_id(std::string_view text) {
    const auto good = [](char c) { return lower(c) || digit(c); };
    return text.size() == 24 && text[20] == '-' && std::ranges::all_of(text.substr(0, 20), good) &&
           std::ranges::all_of(text.substr(21), good);
}

bool is_arn(std::string_view text) { return is_arn_of(text, ":stream/"); }
bool is_queue_arn(std::string_view text) { return is_arn_of(text, ":queue/"); }
bool is_channel_arn(std::string_view text) { return is_arn_of(text, ":channel/"); }

}   // namespace

// Each `.*` may hold further colons, so every ":stream/" or what `resource` is is tried; one pass, however long the text.
bool is_arn_of(std::string_view text, std::string_view resource) {
    constexpr std::string_view start = "arn:aws", service = ":kinesis:";
    if (!text.starts_with(start) || std::ranges::any_of(text, [](char c) { return c == '\n' || c == '\r'; })) return false;
    const auto at_service = text.find(service, start.size());
    if (at_service == std::string_view::npos) return false;
    const auto last_space = std::find_if(text.rbegin(), text.rend(), space);
    const auto after_spaces = static_cast<std::size_t>(text.rend() - last_space);
    constexpr std::size_t account = 12;
    for (auto at = text.find(resource, at_service); at != std::string_view::npos; at = text.find(resource, at + 1)) {
        const auto name = at + resource.size();
        if (name >= text.size() || name < after_spaces || at < at_service + service.size() + 1 + account) continue;
        if (text[at - account - 1] == ':' && std::ranges::all_of(text.substr(at - account, account), digit)) return true;
    }
    return false;
}

namespace {

// `:123456789012:` at that colon.
bool account_at(std::string_view text, std::size_t colon) {
    constexpr std::size_t digits = 12;
    return colon + digits + 1 < text.size() && text[colon + digits + 1] == ':' &&
           std::ranges::all_of(text.substr(colon + 1, digits), digit);
}

// Read from its end, where no name holds a ':' or a '/'.
bool is_consumer_arn(std::string_view text) {
    constexpr std::string_view start = "arn:aws", service = ":kinesis:", stream = "stream/", consumer = "/consumer/";
    if (!text.starts_with(start) || std::ranges::any_of(text, [](char c) { return c == '\n' || c == '\r'; })) return false;
    const auto colon = text.rfind(':');
    const auto second = text.substr(colon + 1);
    if (second.empty() || !std::ranges::all_of(second, digit)) return false;
    const auto of_consumer = text.substr(0, colon).rfind(consumer);
    if (of_consumer == std::string_view::npos) return false;
    if (!is_name(text.substr(of_consumer + consumer.size(), colon - of_consumer - consumer.size()))) return false;
    const auto of_stream = text.substr(0, of_consumer).rfind(stream);
    if (of_stream == std::string_view::npos) return false;
    if (!is_name(text.substr(of_stream + stream.size(), of_consumer - of_stream - stream.size()))) return false;
    const auto head = text.substr(0, of_stream);
    const auto at_service = head.find(service, start.size());
    if (at_service == std::string_view::npos) return false;
    for (auto at = head.find(':', at_service + service.size()); at != std::string_view::npos; at = head.find(':', at + 1))
        if (account_at(head, at)) return true;
    return false;
}

// Likewise in one pass from each end.
bool is_resource_arn(std::string_view text) {
    constexpr std::string_view start = "arn:aws", service = ":kinesis:";
    constexpr std::size_t account = 12;
    if (!text.starts_with(start) || std::ranges::any_of(text, [](char c) { return c == '\n' || c == '\r'; })) return false;
    const auto at_service = text.find(service, start.size());
    if (at_service == std::string_view::npos) return false;
    auto at = at_service + service.size();   // from here on `.*`, which may be empty, and the account's colon
    while ((at = text.find(':', at)) != std::string_view::npos && !account_at(text, at)) ++at;
    if (at == std::string_view::npos) return false;
    const auto begin = at + account + 2;
    const auto last_space = std::find_if(text.rbegin(), text.rend(), space);
    const auto after_spaces = static_cast<std::size_t>(text.rend() - last_space);
    for (auto slash = text.rfind('/', text.size() - 2);
         slash != std::string_view::npos && slash >= begin && slash + 1 >= after_spaces; slash = text.rfind('/', slash - 1)) {
        const auto kind = text.substr(begin, slash - begin);
        if (kind.ends_with("stream") || kind.ends_with("channel") || kind.ends_with("queue")) return true;
    }
    return false;
}

}   // namespace

const Pattern name_pattern{"[a-zA-Z0-9_.-]+", &is_name};
const Pattern arn_pattern{R"(arn:aws.*:kinesis:.*:\d{12}:stream/\S+)", &is_arn};
const Pattern queue_arn_pattern{R"(arn:aws.*:kinesis:.*:\d{12}:queue/\S+)", &is_queue_arn};
const Pattern channel_arn_pattern{R"(arn:aws.*:kinesis:.*:\d{12}:channel/\S+)", &is_channel_arn};
const Pattern consumer_arn_pattern{
    R"(^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+)", &is_consumer_arn};
const Pattern resource_arn_pattern{R"(arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel|queue)/\S+)", &is_resource_arn};
const Pattern stream_id_pattern{"[a-z0-9]{20}-[a-z0-9]{3}", &is_stream_id};
const Pattern hash_key_pattern{R"(0|([1-9]\d{0,38}))", &is_hash_key};
const Pattern sequence_pattern{R"(0|([1-9]\d{0,128}))", &is_sequence};

}   // namespace sluice::kinesis
