// Every exception this door can answer with, in one table: its name, its HTTP status, and how its message is
// spelled. A client-caused fault is an `Error` value until `render` turns it into bytes. Source: facts
// checked against AWS.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::kinesis {

enum class ErrorCode {
    access_denied,
    dry_run_operation,
    expired_iterator,
    expired_next_token,
    expired_token,
    incomplete_signature,
    internal_failure,
    invalid_argument,
    invalid_signature,
    kms_access_denied,
    kms_disabled,
    kms_invalid_state,
    kms_not_found,
    kms_opt_in_required,
    kms_throttling,
    limit_exceeded,
    missing_authentication_token,
    provisioned_throughput_exceeded,
    resource_in_use,
    resource_not_found,
    serialization,
    throttling,
    unknown_operation,
    unrecognized_client,
    validation,
};

// Without a message the key is left out of the body, as AWS does for bodies that do not parse.
struct Error {
    ErrorCode code;
    std::optional<std::string> message = std::nullopt;
    friend bool operator==(const Error&, const Error&) = default;
};

// How a body is written; an answer has the encoding of its request.
enum class Encoding {
    json,          // application/x-amz-json-1.1
    cbor,          // application/x-amz-cbor-1.1
    legacy_json,   // application/json: only ever answered with errors, in the form of an older service
    xml,           // no content type: the request was not recognised at all
};

// Empty for xml.
std::string_view content_type(Encoding);

// An answer without the headers every answer has (ids, Date, Content-Length).
struct Answer {
    unsigned status = 200;
    std::string_view content_type = {};   // empty: no such header
    std::string front = {};               // bytes of the answer that go before the body's, which is not moved for them
    std::string body = {};
    std::vector<std::pair<std::string_view, std::string>> headers = {};
    bool extended_id = true;       // whether x-amz-id-2 is sent
    std::string request_id = {};   // where the body tells it too; else whoever sends the answer makes one
};

std::string_view exception_name(ErrorCode);
unsigned http_status(ErrorCode);
Answer render(const Error&, Encoding);

}   // namespace sluice::kinesis
