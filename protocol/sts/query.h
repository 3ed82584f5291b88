// The query protocol of AWS as STS speaks it: an action with its parameters in a form or a query, an answer in XML.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/aws/signature.h"
#include "protocol/aws/xml.h"

namespace sluice::sts {

inline constexpr std::string_view service = "sts";   // of a credential scope
inline constexpr std::string_view version = "2011-06-15";
inline constexpr std::string_view content_type = "text/xml";
inline constexpr std::string_view name_space = "https://sts.amazonaws.com/doc/2011-06-15/";

struct Asked {
    std::string action, version;   // as sent
};
// What a request asks for by this protocol: GET (or HEAD) with an Action in its query, or POST of a form that holds one and no
// X-Amz-Target. Nothing for all other requests.
std::optional<Asked> asked(const aws::RequestHead&, std::string_view body);

struct Fault {
    unsigned status;
    std::string_view code;
    std::string text;
    // Faults of the front end have another name space. Seen: SES 2018 and SNS 2016, which have the same front end.
    std::string_view of = name_space;
};
Fault no_such_action(const Asked&);
// The same refusals as other services tell, under the codes of the query protocol. Seen: AWS 2017 to 2024.
Fault fault_of(aws::Refusal);
std::string xml_of(const Fault&, std::string_view request_id);

template <class Operation>
std::string xml_of(const typename Operation::Result& result, std::string_view request_id) {
    std::string text{"<"};
    text.append(Operation::operation).append("Response xmlns=\"").append(name_space).append("\">\n  <");
    text.append(Operation::operation).append("Result>\n");
    const auto put = [&](std::string_view name, const std::string& value) {
        text.append("    <").append(name).append(">");
        aws::append_xml_text(text, value);
        text.append("</").append(name).append(">\n");
    };
    Operation::Result::members(result, put);
    text.append("  </").append(Operation::operation).append("Result>\n  <ResponseMetadata>\n    <RequestId>").append(request_id);
    return text.append("</RequestId>\n  </ResponseMetadata>\n</").append(Operation::operation).append("Response>\n");
}

}   // namespace sluice::sts
