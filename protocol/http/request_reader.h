// HTTP/1.1 requests out of received bytes, as a byte machine: the session reads into `space`, says how much
// with `received`, and asks `next` until it wants more. Pipelined requests come one after the other, and a
// body is a view into the receive buffer, never a copy (chunked bodies, which no SDK sends, are put together
// in a buffer of their own).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/wire_limits.h"

namespace sluice::http {

struct Limits {
    std::size_t header_bytes = wire_limits::http_header_bytes;
    std::size_t body_bytes = wire_limits::http_body_bytes;
};

// `continue_expected` is said once for a request that waits for a "100 Continue" before it sends its body.
struct NeedMore {
    bool continue_expected = false;
};

// Views live until the next call of `next` or `space`.
struct Request {
    std::string_view method, target;
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    std::string_view body;
    bool keep_alive = true;
    bool takes_chunks = true;   // an answer in chunks: not HTTP/1.0
};

// Answer with this status and close; what follows in the stream cannot be understood.
struct Refusal {
    unsigned status;
};

using Step = std::variant<NeedMore, Request, Refusal>;

class RequestReader {
  public:
    explicit RequestReader(Limits limits = {});
    ~RequestReader();
    RequestReader(RequestReader&&) noexcept;

    // Where to put received bytes; never empty. As large as what is missing of a body whose length is known.
    std::span<char> space();
    void received(std::size_t bytes);
    // The next request, whose bytes are given up by the next call; after a refusal always that refusal.
    Step next();
    // Whether bytes of an unfinished request are held, and how many (after `next` wanted more).
    bool in_request() const { return size_ > used_ || chunked_ != nullptr; }
    std::size_t held() const;

  private:
    struct Chunked;
    Step parse_head(std::size_t head_bytes);
    Step read_chunks();
    Step refuse(unsigned status);
    std::size_t find_head();
    std::string_view pending() const { return {buffer_.get() + used_, size_ - used_}; }

    Limits limits_;
    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0, size_ = 0, used_ = 0;   // bytes held, and how many of them are given up
    std::size_t scanned_ = 0;                          // of the pending bytes: known to hold no end of the head
    std::size_t give_up_ = 0;                          // bytes of the request handed out last
    std::size_t wanted_ = 0;                           // bytes of the whole request once its length is known
    bool continue_said_ = false;
    Refusal refused_{0};
    std::unique_ptr<Chunked> chunked_, handed_out_;   // being read; and the one whose views are out
};

// The interim answer to a NeedMore that expects it.
inline constexpr std::string_view continue_response = "HTTP/1.1 100 Continue\r\n\r\n";

}   // namespace sluice::http
