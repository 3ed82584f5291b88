// The checks of the service's front end, in the order seen by kinesalite's tests against it. SigV4 is looked
// at for its presence and parts; the two ways to send it (header, query) have their own texts.
#include "protocol/kinesis/request.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "protocol/kinesis/operation_names.h"

namespace sluice::kinesis {
namespace {

constexpr std::string_view service_prefix = "Kinesis_20131202.";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && (a == b || std::ranges::equal(a, b, {}, lower, lower));
}

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

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* const digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
            out += static_cast<char>(value);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

// The first value of a query parameter; empty when it stands without one.
std::optional<std::string> parameter(std::string_view target, std::string_view name) {
    auto from = target.find('?');
    while (from != std::string_view::npos) {
        const auto end = target.find('&', ++from);
        const auto pair = target.substr(from, end == std::string_view::npos ? end : end - from);
        const auto equals = std::min(pair.find('='), pair.size());
        if (percent_decoded(pair.substr(0, equals)) == name)
            return percent_decoded(pair.substr(std::min(equals + 1, pair.size())));
        from = end;
    }
    return std::nullopt;
}

// KEY/DATE/REGION/SERVICE/aws4_request; a key may hold slashes of its own.
Caller caller_of(std::string_view credential, std::string_view signed_at) {
    Caller caller;
    caller.signed_at = signed_at;
    std::array<std::string_view, 4> scope;
    std::string_view rest = credential;
    for (auto& part : scope) {
        const auto slash = rest.rfind('/');
        if (slash == std::string_view::npos) return caller.access_key = credential, caller;
        part = rest.substr(slash + 1);
        rest = rest.substr(0, slash);
    }
    caller.access_key = rest, caller.date = scope[3], caller.region = scope[2];
    return caller;
}

std::unexpected<Error> incomplete(std::string message) {
    return std::unexpected{Error{ErrorCode::incomplete_signature, std::move(message)}};
}

std::expected<Caller, Error> from_header(const RequestHead& head, std::string_view authorization) {
    constexpr std::array<std::string_view, 3> needed{"Credential", "Signature", "SignedHeaders"};
    std::array<std::string_view, 3> found;
    for (auto rest = authorization;;) {
        const auto part = rest.substr(0, std::min(rest.find(','), rest.find(' ')));
        const auto equals = std::min(part.find('='), part.size());
        const auto which = std::ranges::find(needed, part.substr(0, equals));
        if (which != needed.end())
            found[static_cast<std::size_t>(which - needed.begin())] = part.substr(std::min(equals + 1, part.size()));
        if (part.size() == rest.size()) break;
        rest.remove_prefix(part.size() + 1);
    }
    std::string message;
    for (std::size_t i = 0; i < needed.size(); ++i)
        if (found[i].empty()) message.append("Authorization header requires '").append(needed[i]).append("' parameter. ");
    const auto amz_date = header(head.headers, "X-Amz-Date");
    const auto date = amz_date ? amz_date : header(head.headers, "Date");
    if (!date) message += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    if (!message.empty()) return incomplete(message.append("Authorization=").append(authorization));
    return caller_of(found[0], *date);
}

std::expected<Caller, Error> from_query(const RequestHead& head) {
    std::string message, credential, date;
    for (const std::string_view name :
         {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"}) {
        const auto value = parameter(head.target, name).value_or("");
        if (value.empty()) message.append("AWS query-string parameters must include '").append(name).append("'. ");
        if (name == "X-Amz-Credential") credential = value;
        if (name == "X-Amz-Date") date = value;
    }
    if (!message.empty()) return incomplete(message.append("Re-examine the query-string parameters."));
    const auto decoded = std::make_shared<const std::pair<std::string, std::string>>(std::move(credential), std::move(date));
    auto caller = caller_of(decoded->first, decoded->second);
    caller.decoded = decoded;
    return caller;
}

}   // namespace

std::optional<std::string_view> header(Headers headers, std::string_view name) {
    for (const auto& [key, value] : headers)
        if (same_name(key, name)) return value;
    return std::nullopt;
}

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

std::expected<Caller, Error> authenticate(const RequestHead& head) {
    const auto authorization = header(head.headers, "Authorization");
    const bool query = parameter(head.target, "X-Amz-Algorithm").has_value();
    if (authorization && query)
        return std::unexpected{Error{ErrorCode::invalid_signature,
                                     "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."}};
    if (authorization) return from_header(head, *authorization);
    if (query) return from_query(head);
    return std::unexpected{Error{ErrorCode::missing_authentication_token, "Missing Authentication Token"}};
}

}   // namespace sluice::kinesis
