// Finding the end of a head, waiting for a body of known length (so that a body is never copied) and chunks. When a message
// came in several reads its head is parsed once more at the end: well under a microsecond, against views that a growing
// buffer would have left behind.
#include "protocol/http/request_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <expected>
#include <utility>

#include "protocol/http/head.h"

namespace sluice::http {
namespace {

// The size on a chunk's line; extensions are passed over. No size is larger than what a body may have.
std::expected<std::size_t, unsigned> chunk_size(std::string_view line, std::size_t most) {
    std::size_t size = 0;
    const auto done = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (done.ec == std::errc::invalid_argument) return std::unexpected{400u};
    auto rest = line.substr(static_cast<std::size_t>(done.ptr - line.data()));
    while (rest.starts_with(' ') || rest.starts_with('\t')) rest.remove_prefix(1);
    if (!rest.empty() && rest.front() != ';') return std::unexpected{400u};
    if (done.ec != std::errc{} || size > most) return std::unexpected{413u};
    return size;
}

}   // namespace

struct RequestReader::Chunked {
    explicit Chunked(std::string_view bytes) : head_bytes(bytes), head(*http::parse_head(head_bytes)) {}
    enum class At { size, data, data_end, trailers };
    std::string head_bytes, body;
    Head head;   // views into its own copy
    At at = At::size;
    std::size_t left = 0;      // of the data of the chunk
    std::size_t scanned = 0;   // of the pending bytes: known to hold no line's end
    std::size_t trailer_bytes = 0;
};

RequestReader::RequestReader(Limits limits) : limits_(limits) {}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;

std::span<char> RequestReader::space() {
    constexpr std::size_t least = 16 * 1024, most_idle = wire_limits::http_idle_buffer_bytes;
    used_ += std::exchange(give_up_, 0);
    const std::size_t held = size_ - used_;
    const std::size_t room = wanted_ > held ? std::max(wanted_ - held, least) : least;
    if (held == 0) size_ = used_ = 0;
    // What a large body needed is not kept for the small ones that follow.
    if (held == 0 && capacity_ > most_idle && wanted_ <= most_idle) buffer_.reset(), capacity_ = 0;
    if (capacity_ - size_ < least || capacity_ - size_ < std::min(room, limits_.body_bytes)) {
        const std::size_t capacity = std::max(held + room, 4 * least);
        if (capacity > capacity_) {
            auto larger = std::make_unique_for_overwrite<char[]>(capacity);
            if (held != 0) std::memcpy(larger.get(), buffer_.get() + used_, held);
            buffer_ = std::move(larger);
            capacity_ = capacity;
        } else {
            std::memmove(buffer_.get(), buffer_.get() + used_, held);
        }
        size_ = held, used_ = 0;
    }
    return {buffer_.get() + size_, capacity_ - size_};
}

std::size_t RequestReader::held() const {
    const auto pending_bytes = size_ - used_;
    return chunked_ ? pending_bytes + chunked_->head_bytes.size() + chunked_->body.size() : pending_bytes;
}

void RequestReader::received(std::size_t bytes) { size_ += bytes; }

Step RequestReader::refuse(unsigned status) {
    refused_ = {status};
    return refused_;
}

// The size of the head with its empty line; 0 while that has not come, or after a refusal. Lines must end in
// CR LF, and what does not begin like a method is no HTTP at all, so garbage is told apart at once.
std::size_t RequestReader::find_head() {
    const std::string_view bytes = pending();
    if (bytes.empty()) return 0;
    if (!token(bytes.front())) {
        refuse(400);
        return 0;
    }
    for (;;) {
        const auto line = bytes.find('\n', scanned_);
        if (line == std::string_view::npos || line >= limits_.header_bytes) {
            scanned_ = bytes.size();
            if (bytes.size() > limits_.header_bytes) refuse(431);
            return 0;
        }
        if (bytes[line - 1] != '\r') {
            refuse(400);
            return 0;
        }
        scanned_ = line + 1;
        if (bytes.substr(0, scanned_).ends_with("\r\n\r\n")) return scanned_;
    }
}

Step RequestReader::next() {
    used_ += std::exchange(give_up_, 0);
    handed_out_.reset();
    if (refused_.status != 0) return refused_;
    if (chunked_) return read_chunks();
    // Empty lines before a request are forgiven (RFC 9112, 2.2).
    while (scanned_ == 0 && pending().starts_with("\r\n")) used_ += 2;
    if (scanned_ == 0 && pending() == "\r") return NeedMore{};
    if (wanted_ > pending().size()) return NeedMore{};
    const std::size_t head = find_head();
    if (refused_.status != 0) return refused_;
    return head == 0 ? Step{NeedMore{}} : parse_head(head);
}

Step RequestReader::parse_head(std::size_t head_bytes) {
    const std::string_view bytes = pending().substr(0, head_bytes);
    auto head = http::parse_head(bytes);
    if (!head) return refuse(head.error());
    if (head->chunked) {
        chunked_ = std::make_unique<Chunked>(bytes);
        used_ += head_bytes;
        scanned_ = 0;
        const bool expects = head->expects_continue && pending().empty();
        return expects ? Step{NeedMore{.continue_expected = true}} : read_chunks();
    }
    if (head->length && *head->length > limits_.body_bytes) return refuse(413);
    const auto body = static_cast<std::size_t>(head->length.value_or(0));
    wanted_ = head_bytes + body;
    if (pending().size() < wanted_) {
        scanned_ = head_bytes - 2;   // the last line of the head is found again when the body is there
        const bool ask = head->expects_continue && pending().size() == head_bytes && !std::exchange(continue_said_, true);
        return NeedMore{.continue_expected = ask};
    }
    Request request{head->method,     head->target,      std::move(head->headers), pending().substr(head_bytes, body),
                    head->keep_alive, head->takes_chunks};
    give_up_ = std::exchange(wanted_, 0);
    scanned_ = 0;
    continue_said_ = false;
    return request;
}

// chunked-body of RFC 9112, 7.1: lines of a size with as much data behind each, until a size of 0 and the trailers, which
// nobody here asks for.
Step RequestReader::read_chunks() {
    using At = Chunked::At;
    auto& c = *chunked_;
    for (;;) {
        const std::string_view bytes = pending();
        if (c.at == At::data) {
            const auto here = std::min(c.left, bytes.size());
            c.body.append(bytes.substr(0, here));
            used_ += here;
            c.left -= here;
            if (c.left > 0) return NeedMore{};
            c.at = At::data_end;
            continue;
        }
        const auto end = bytes.find('\n', c.scanned);
        c.scanned = bytes.size();
        // A chunk's own line has no excuse to be long.
        if (std::min(end, bytes.size()) > limits_.header_bytes) return refuse(400);
        if (end == std::string_view::npos) return NeedMore{};
        if (end == 0 || bytes[end - 1] != '\r') return refuse(400);
        const auto line = bytes.substr(0, end - 1);
        used_ += end + 1;
        c.scanned = 0;
        if (c.at == At::data_end) {
            if (!line.empty()) return refuse(400);
            c.at = At::size;
        } else if (c.at == At::size) {
            const auto size = chunk_size(line, limits_.body_bytes - c.body.size());
            if (!size) return refuse(size.error());
            c.left = *size;
            c.at = *size == 0 ? At::trailers : At::data;
        } else if (line.empty()) {
            break;
        } else if (c.trailer_bytes += line.size() + 2; c.trailer_bytes > limits_.header_bytes) {
            return refuse(431);
        } else if (!token(line.front()) || !line.contains(':')) {
            return refuse(400);
        }
    }
    handed_out_ = std::move(chunked_);
    auto& head = handed_out_->head;
    return Request{head.method, head.target, std::move(head.headers), handed_out_->body, head.keep_alive, head.takes_chunks};
}

}   // namespace sluice::http
