// What the service checks before an operation runs, as pure functions, and the order it checks in:
// route (method, content type, name) → body's syntax → operation known → authentication → types →
// constraints. `read` does the rest of that order after `route` with one walk over the body.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "protocol/aws/signature.h"
#include "protocol/kinesis/decode.h"
#include "protocol/kinesis/errors.h"
#include "protocol/kinesis/validate.h"

namespace sluice::kinesis {

using aws::Caller;   // of nothing verified: whoever verifies it does so before an operation begins
using aws::header;
using aws::Headers;
using aws::RequestHead;

// An operation of the model, served or not. The name is a literal of ours.
struct Routed {
    std::string_view operation;
    Encoding encoding;
};

// Either an operation, or the finished answer.
std::variant<Routed, Answer> route(const RequestHead&, std::string_view body);

// Whether the request brings a signature with all its parts, by its header or its query; not whether it is right.
std::expected<Caller, Error> authenticate(const RequestHead&);
Error error_of(aws::Refusal);

// Whether the body is one well-formed object; for operations that are known but have no structure here.
bool well_formed(std::string_view body, Encoding);

// Headers that an answer to a request with an Origin needs besides its own; empty without one.
std::vector<std::pair<std::string_view, std::string>> origin_headers(const RequestHead&);

// The request of an operation, valid as far as it can be told without knowing any stream. Its views live as
// long as the body and the arena, which must be new and of the body's size.
template <class T>
std::expected<T, Error> read(std::string_view body, Encoding encoding, Arena& arena, const std::expected<Caller, Error>& caller) {
    std::expected<T, Error> request;
    std::optional<std::string> fault;
    const auto decode = [&](auto reader) {
        Decoder decoder{reader};
        const bool good = decoder.body(*request);
        fault = std::move(decoder.fault());
        return good;
    };
    const bool good = encoding == Encoding::cbor ? decode(CborReader{body, arena}) : decode(JsonReader{body, arena});
    if (!good) return std::unexpected{Error{ErrorCode::serialization}};
    if (!caller) return std::unexpected{caller.error()};
    if (fault) return std::unexpected{Error{ErrorCode::serialization, std::move(fault)}};
    if (auto broken = validate(*request)) return std::unexpected{Error{ErrorCode::validation, std::move(broken)}};
    return request;
}

}   // namespace sluice::kinesis
