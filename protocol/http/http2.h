// HTTP/2 of one connection as a bytes machine (RFC 9113): received bytes in, requests out; answers in, bytes to send out. Frames,
// header compression and flow control are nghttp2's. What is ours is how much a client may make the server hold or do.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/wire_limits.h"

namespace sluice::http {

using StreamId = std::int32_t;

// As it came, whole. `:authority` is among the headers as Host, which signatures cover.
struct Http2Request {
    std::string method, target, body;
    std::vector<std::pair<std::string, std::string>> headers;   // names in lower case, as HTTP/2 has them
};

struct Http2Limits {
    std::size_t header_bytes = wire_limits::http_header_bytes;
    std::size_t body_bytes = wire_limits::http_body_bytes;
    std::size_t unfinished_bytes = wire_limits::http2_unfinished_bytes;
    std::uint32_t streams = wire_limits::http2_streams;
    std::size_t free_resets = wire_limits::http2_free_resets;
};

class Http2 {
  public:
    // Who uses the machine; called from inside `receive` and `next`. Only `asked` may give an answer at once.
    class User {
      public:
        virtual void asked(StreamId, Http2Request&&) = 0;
        // All of the body that was given so far has been taken by `next`.
        virtual void left(StreamId) = 0;
        // The stream is over: answered to its end, or nobody waits for its answer any more.
        virtual void closed(StreamId) = 0;

      protected:
        ~User() = default;
    };
    using Headers = std::span<const std::pair<std::string_view, std::string_view>>;

    explicit Http2(User&, Http2Limits = {});
    ~Http2();
    Http2(const Http2&) = delete;
    Http2& operator=(const Http2&) = delete;

    // False: it is no HTTP/2, and nothing is understood from here on. What breaks a rule of HTTP/2, or asks too much, is answered
    // by `next`, and then the connection is over.
    bool receive(std::span<const std::byte>);
    // Bytes that have to go to the client now, some 16 KiB at most; empty: none. They live until the next call.
    std::span<const std::byte> next();
    // Nothing more will come or go: one side said GOAWAY, and the streams are done.
    bool over() const;
    // Bytes of requests that are not whole, and of answers that have not been taken by `next`.
    std::size_t unfinished() const;
    std::size_t unsent() const;

    // The answer of a stream, in this order. A stream that is closed takes all of it and drops it.
    void head(StreamId, unsigned status, Headers, bool with_body);
    void piece(StreamId, std::shared_ptr<const std::string>);
    void end(StreamId);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}   // namespace sluice::http
