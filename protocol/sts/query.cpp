#include "protocol/sts/query.h"

namespace sluice::sts {
namespace {

// Parameters after the type do not matter.
bool is_form(const aws::RequestHead& head) {
    auto type = aws::header(head.headers, "Content-Type").value_or("");
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    return aws::same_name(type, "application/x-www-form-urlencoded");
}

}   // namespace

std::optional<Asked> asked(const aws::RequestHead& head, std::string_view body) {
    const bool form = head.method == "POST" && is_form(head) && !aws::header(head.headers, "X-Amz-Target");
    if (!form && head.method != "GET" && head.method != "HEAD") return std::nullopt;
    std::optional<std::string> action, of_version;
    aws::each_parameter(form ? body : aws::query_of(head.target), [&](std::string_view name, std::string_view value) {
        if (name == "Action" && !action) action = aws::form_decoded(value);
        if (name == "Version" && !of_version) of_version = aws::form_decoded(value);
    });
    if (!action) return std::nullopt;
    return Asked{*std::move(action), std::move(of_version).value_or("")};
}

Fault no_such_action(const Asked& asked) {
    return {400, "InvalidAction",
            "Could not find operation " + asked.action + " for version " +
                (asked.version.empty() ? "NO_VERSION_SPECIFIED" : asked.version),
            "http://webservices.amazon.com/AWSFault/2005-15-09"};
}

Fault fault_of(aws::Refusal refusal) {
    using enum aws::RefusedFor;
    switch (refusal.what) {
        case missing_token:
            return {403, "MissingAuthenticationToken", "Request is missing Authentication Token"};
        case incomplete:
            return {400, "IncompleteSignature", std::move(refusal.text)};
        case unknown_key:
            return {403, "InvalidClientTokenId", std::move(refusal.text)};
        case expired_token:
            return {403, "ExpiredToken", std::move(refusal.text)};
        case both_ways:
        case wrong_signature:
            break;
    }
    return {403, "SignatureDoesNotMatch", std::move(refusal.text)};
}

std::string xml_of(const Fault& fault, std::string_view request_id) {
    std::string text{"<ErrorResponse xmlns=\""};
    text.append(fault.of).append("\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>").append(fault.code);
    text += "</Code>\n    <Message>";
    aws::append_xml_text(text, fault.text);
    text.append("</Message>\n  </Error>\n  <RequestId>").append(request_id).append("</RequestId>\n</ErrorResponse>\n");
    return text;
}

}   // namespace sluice::sts
