// A request with a signature in its header or its query: method, target and headers a line each, an empty line, the body. What
// must hold: what is signed is hardly longer than the request; the order in which headers come does not matter; a name that a
// client sends makes no tag of an answer in XML.
#include <algorithm>
#include <set>

#include "protocol/aws/verifier.h"
#include "protocol/sts/query.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

using namespace aws;

std::string_view line_of(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    return line;
}

std::string told(const RequestHead& head, std::string_view body) {
    const auto caller = read_signature(head);
    if (!caller) return caller.error().text;
    Verifier verifier{{{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""}}};
    const Time now = *signed_time("20261127T214300Z");
    const auto right = verifier.verify(head, *caller, sha256(body), caller->service == "sts" ? "sts" : "kinesis", {&now, 1});
    const auto canonical = canonical_request(head, caller->signed_headers, hex(sha256(body)));
    return (right ? "" : right.error().text) + "\n" + canonical.value_or("none");
}

}   // namespace

void signatures(Bytes input) {
    const Exact exact{input};
    auto rest = exact.text();
    RequestHead head;
    head.method = line_of(rest), head.target = line_of(rest);
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    std::set<std::string> names;
    while (!rest.empty()) {
        const auto line = line_of(rest);
        if (line.empty()) break;
        const auto colon = std::min(line.find(':'), line.size());
        headers.emplace_back(line.substr(0, colon), line.substr(std::min(line.size(), colon + 1)));
        std::string small{headers.back().first};
        std::ranges::transform(small, small.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        names.insert(std::move(small));
    }
    head.headers = headers;
    const auto once = told(head, rest);
    // A query's bytes can become three each, and the sentence of a refusal quotes what it refuses.
    must(once.size() <= 5 * input.size() + 1'000, "what is signed is hardly longer than the request");
    if (names.size() == headers.size()) {
        std::ranges::reverse(headers);
        must(told(head, rest) == once, "the order of headers does not matter");
    }
    if (auto asked = sts::asked(head, rest)) {
        const auto xml = sts::xml_of(sts::no_such_action(*asked), "id");
        must(std::ranges::count(xml, '<') == 12, "what a client names makes no tag");
    }
}

}   // namespace sluice::fuzz
