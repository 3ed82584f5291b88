// What a request's AWS Signature Version 4 says about itself, read from its header or its query, and the sentences of the service
// about one that lacks a part. Nothing is computed here: verifier.h does.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/aws/request_head.h"

namespace sluice::aws {

// Views into the head, or into what `decoded` keeps.
struct Caller {
    std::string_view access_key, date,
        region;                   // of the credential scope; empty when it does not have its five parts
    std::string_view signed_at;   // X-Amz-Date or Date as sent
    std::string_view credential, service, terminator;
    std::string_view algorithm, signed_headers, signature;
    bool by_query = false;
    std::string_view expires;                                       // X-Amz-Expires of a query
    std::shared_ptr<const std::vector<std::string>> decoded = {};   // a query's values
};

// Each service spells these in its own way.
enum class RefusedFor { missing_token, both_ways, incomplete, wrong_signature, unknown_key, expired_token };
struct Refusal {
    RefusedFor what;
    std::string text;
    friend bool operator==(const Refusal&, const Refusal&) = default;
};

// Both ways to send it have their own sentences. Seen: kinesalite's tests, run against the live service.
std::expected<Caller, Refusal> read_signature(const RequestHead&);

}   // namespace sluice::aws
