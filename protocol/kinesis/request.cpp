// The checks of the service's front end, in the order seen by kinesalite's tests against it.
#include "protocol/kinesis/request.h"

#include <algorithm>

#include "protocol/kinesis/operation_names.h"

namespace sluice::kinesis {
namespace {

constexpr std::string_view service_prefix = "Kinesis_20131202.";

std::string_view trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(" \t");
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

// xml stands for a content type that nobody knows.
Encoding encoding_of(const RequestHead& head) {
    const auto sent = header(head.headers, "Content-Type").value_or("");
    if (sent == content_type(Encoding::json)) return Encoding::json;   // nearly always
    const auto type = trimmed(sent.substr(0, sent.find(';')));
    for (const auto known : {Encoding::json, Encoding::cbor, Encoding::legacy_json})
        if (type == content_type(known)) return known;
    return Encoding::xml;
}

// The model's own literal, or empty.
std::string_view operation_of(const RequestHead& head) {
    auto name = header(head.headers, "X-Amz-Target").value_or("");
    if (!name.starts_with(service_prefix)) return {};
    name.remove_prefix(service_prefix.size());
    const auto found = std::ranges::lower_bound(operation_names, name);
    return found != operation_names.end() && *found == name ? *found : std::string_view{};
}

Answer preflight(const RequestHead& head) {
    Answer answer{.extended_id = false};
    answer.headers.emplace_back("Access-Control-Allow-Origin", "*");
    constexpr std::pair<std::string_view, std::string_view> echoed[] = {
        {"Access-Control-Request-Headers", "Access-Control-Allow-Headers"},
        {"Access-Control-Request-Method", "Access-Control-Allow-Methods"}};
    for (const auto& [asked, told] : echoed)
        if (const auto value = header(head.headers, asked)) answer.headers.emplace_back(told, *value);
    answer.headers.emplace_back("Access-Control-Max-Age", "172800");
    return answer;
}

Answer not_recognised() {
    return render({ErrorCode::access_denied, "Unable to determine service/operation name to be authorized"}, Encoding::xml);
}

}   // namespace

std::vector<std::pair<std::string_view, std::string>> origin_headers(const RequestHead& head) {
    if (!header(head.headers, "Origin")) return {};
    return {{"Access-Control-Allow-Origin", "*"},
            {"Access-Control-Expose-Headers",
             "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date"}};
}

bool well_formed(std::string_view body, Encoding encoding) {
    Arena arena{body.size()};
    const auto check = [](auto reader) {
        if (reader.peek() != Kind::map) return false;
        reader.skip();
        return reader.finished();
    };
    return encoding == Encoding::cbor ? check(CborReader{body, arena}) : check(JsonReader{body, arena});
}

std::variant<Routed, Answer> route(const RequestHead& head, std::string_view body) {
    if (head.method == "OPTIONS" && header(head.headers, "Origin")) return preflight(head);
    const auto refuse = [&](Answer answer) {
        answer.headers = origin_headers(head);
        return answer;
    };
    if (head.method != "POST") return refuse(not_recognised());
    const Encoding encoding = encoding_of(head);
    const std::string_view operation = operation_of(head);
    const Error unknown{ErrorCode::unknown_operation};
    if (body.empty()) {
        const Error error = operation.empty() ? unknown : Error{ErrorCode::serialization};
        return refuse(render(error, encoding == Encoding::json ? Encoding::json : Encoding::cbor));
    }
    if (encoding == Encoding::xml)
        return refuse(header(head.headers, "X-Amz-Target") ? render(unknown, encoding) : not_recognised());
    if (encoding == Encoding::legacy_json || operation.empty())
        return refuse(render(well_formed(body, encoding) ? unknown : Error{ErrorCode::serialization}, encoding));
    return Routed{operation, encoding};
}

Error error_of(aws::Refusal refusal) {
    using enum aws::RefusedFor;
    const auto code = [&] {
        switch (refusal.what) {
            case missing_token:
                return ErrorCode::missing_authentication_token;
            case both_ways:
            case wrong_signature:
                return ErrorCode::invalid_signature;
            case incomplete:
                return ErrorCode::incomplete_signature;
            case unknown_key:
                return ErrorCode::unrecognized_client;
            case expired_token:
                return ErrorCode::expired_token;
        }
        return ErrorCode::invalid_signature;
    };
    return {code(), std::move(refusal.text)};
}

std::expected<Caller, Error> authenticate(const RequestHead& head) {
    auto caller = aws::read_signature(head);
    if (!caller) return std::unexpected{error_of(std::move(caller.error()))};
    return *std::move(caller);
}

}   // namespace sluice::kinesis
