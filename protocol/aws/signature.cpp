#include "protocol/aws/signature.h"

#include <algorithm>
#include <array>

namespace sluice::aws {
namespace {

// KEY/DATE/REGION/SERVICE/TERMINATOR; a key may hold slashes of its own.
void take_credential(Caller& caller, std::string_view credential) {
    caller.credential = credential;
    std::array<std::string_view, 4> scope;
    std::string_view rest = credential;
    for (auto& part : scope) {
        const auto slash = rest.rfind('/');
        if (slash == std::string_view::npos) return void(caller.access_key = credential);
        part = rest.substr(slash + 1);
        rest = rest.substr(0, slash);
    }
    caller.access_key = rest, caller.date = scope[3], caller.region = scope[2];
    caller.service = scope[1], caller.terminator = scope[0];
}

std::unexpected<Refusal> incomplete(std::string text) {
    return std::unexpected{Refusal{RefusedFor::incomplete, std::move(text)}};
}

std::expected<Caller, Refusal> from_header(const RequestHead& head, std::string_view authorization) {
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
    Caller caller;
    take_credential(caller, found[0]);
    caller.signature = found[1], caller.signed_headers = found[2], caller.signed_at = *date;
    caller.algorithm = authorization.substr(0, authorization.find(' '));
    return caller;
}

std::expected<Caller, Refusal> from_query(std::string_view query) {
    constexpr std::array<std::string_view, 6> names{"X-Amz-Algorithm",     "X-Amz-Credential", "X-Amz-Signature",
                                                    "X-Amz-SignedHeaders", "X-Amz-Date",       "X-Amz-Expires"};
    constexpr std::size_t needed = 5;
    auto values = std::make_shared<std::vector<std::string>>();
    std::string message;
    for (const auto name : names) {
        const auto& value = values->emplace_back(parameter(query, name).value_or(""));
        if (value.empty() && values->size() <= needed)
            message.append("AWS query-string parameters must include '").append(name).append("'. ");
    }
    if (!message.empty()) return incomplete(message.append("Re-examine the query-string parameters."));
    Caller caller;
    caller.by_query = true;
    take_credential(caller, (*values)[1]);
    caller.algorithm = (*values)[0], caller.signature = (*values)[2], caller.signed_headers = (*values)[3];
    caller.signed_at = (*values)[4], caller.expires = (*values)[5];
    caller.decoded = std::move(values);
    return caller;
}

}   // namespace

std::expected<Caller, Refusal> read_signature(const RequestHead& head) {
    const auto authorization = header(head.headers, "Authorization");
    const auto query = query_of(head.target);
    const bool by_query = parameter(query, "X-Amz-Algorithm").has_value();
    if (authorization && by_query)
        return std::unexpected{Refusal{
            RefusedFor::both_ways, "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."}};
    if (authorization) return from_header(head, *authorization);
    if (by_query) return from_query(query);
    return std::unexpected{Refusal{RefusedFor::missing_token, "Missing Authentication Token"}};
}

}   // namespace sluice::aws
