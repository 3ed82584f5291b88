// The table, and the four spellings of an error.
#include "protocol/kinesis/errors.h"

#include <array>

#include "protocol/aws/xml.h"
#include "protocol/kinesis/cbor.h"
#include "protocol/kinesis/json.h"

namespace sluice::kinesis {
namespace {

struct Row {
    ErrorCode code;
    std::string_view name;
    unsigned status = 400;
};

// Modelled client errors are 400, not found and throttled included. KMSOptInRequired has no "Exception" in
// the model.
constexpr auto table = std::to_array<Row>({
    {ErrorCode::access_denied, "AccessDeniedException"},
    {ErrorCode::dry_run_operation, "DryRunOperationException"},
    {ErrorCode::expired_iterator, "ExpiredIteratorException"},
    {ErrorCode::expired_next_token, "ExpiredNextTokenException"},
    {ErrorCode::expired_token, "ExpiredTokenException"},
    {ErrorCode::incomplete_signature, "IncompleteSignatureException"},
    {ErrorCode::internal_failure, "InternalFailure", 500},
    {ErrorCode::invalid_argument, "InvalidArgumentException"},
    {ErrorCode::invalid_signature, "InvalidSignatureException"},
    {ErrorCode::kms_access_denied, "KMSAccessDeniedException"},
    {ErrorCode::kms_disabled, "KMSDisabledException"},
    {ErrorCode::kms_invalid_state, "KMSInvalidStateException"},
    {ErrorCode::kms_not_found, "KMSNotFoundException"},
    {ErrorCode::kms_opt_in_required, "KMSOptInRequired"},
    {ErrorCode::kms_throttling, "KMSThrottlingException"},
    {ErrorCode::limit_exceeded, "LimitExceededException"},
    {ErrorCode::missing_authentication_token, "MissingAuthenticationTokenException"},
    {ErrorCode::provisioned_throughput_exceeded, "ProvisionedThroughputExceededException"},
    {ErrorCode::resource_in_use, "ResourceInUseException"},
    {ErrorCode::resource_not_found, "ResourceNotFoundException"},
    {ErrorCode::serialization, "SerializationException"},
    {ErrorCode::throttling, "ThrottlingException"},
    {ErrorCode::unknown_operation, "UnknownOperationException"},
    {ErrorCode::unrecognized_client, "UnrecognizedClientException"},
    {ErrorCode::validation, "ValidationException"},
});
constexpr bool in_order() {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (static_cast<std::size_t>(table[i].code) != i) return false;
    return table.size() == static_cast<std::size_t>(ErrorCode::validation) + 1;
}
static_assert(in_order(), "one row for each code, in the order of the codes");

const Row& row(ErrorCode code) { return table[static_cast<std::size_t>(code)]; }

template <class Writer>
void write(Writer writer, const Error& error, std::string_view name) {
    writer.begin_map(error.message ? 2 : 1);
    writer.key("__type"), writer.text(name);
    if (error.message) {
        writer.key(error.code == ErrorCode::serialization ? "Message" : "message");
        writer.text(*error.message);
    }
    writer.end_map();
}

}   // namespace

std::string_view content_type(Encoding encoding) {
    switch (encoding) {
        case Encoding::json:
            return "application/x-amz-json-1.1";
        case Encoding::cbor:
            return "application/x-amz-cbor-1.1";
        case Encoding::legacy_json:
            return "application/json";
        case Encoding::xml:
            return "";
    }
    return "";
}

std::string_view exception_name(ErrorCode code) { return row(code).name; }
unsigned http_status(ErrorCode code) { return row(code).status; }

Answer render(const Error& error, Encoding encoding) {
    const Row& found = row(error.code);
    Answer answer{.status = found.status, .content_type = content_type(encoding)};
    switch (encoding) {
        case Encoding::json:
            write(JsonWriter{answer.body}, error, found.name);
            break;
        case Encoding::cbor:
            write(CborWriter{answer.body}, error, found.name);
            break;
        case Encoding::legacy_json:
            if (error.code == ErrorCode::unknown_operation) answer.status = 404;
            answer.body.append(R"({"Output":{"__type":"com.amazon.coral.service#)").append(found.name);
            answer.body += R"("},"Version":"1.0"})";
            break;
        case Encoding::xml:
            answer.status = error.message ? 403 : 404;
            answer.body.append("<").append(found.name);
            if (!error.message) {
                answer.body += "/>\n";
                break;
            }
            aws::append_xml_text(answer.body += ">\n  <Message>", *error.message);
            answer.body.append("</Message>\n</").append(found.name).append(">\n");
            break;
    }
    return answer;
}

}   // namespace sluice::kinesis
