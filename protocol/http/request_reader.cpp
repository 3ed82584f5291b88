// Beast's parser reads heads; finding the end of a head, waiting for a body of known length (so that a body is never
// copied) and chunks are done here: of a last chunk that comes in pieces Beast reads before the start (1.81; found by
// fuzzing). When a message came in several reads its head is parsed once more at the end: well under a microsecond,
// against views that a growing buffer would have left behind.
#include "protocol/http/request_reader.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <charconv>
#include <cstring>
#include <expected>
#include <utility>

namespace sluice::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;

std::string_view std_view(beast::string_view text) { return {text.data(), text.size()}; }

class Parser final : public beast::http::basic_parser<true> {
  public:
    explicit Parser(const Limits& limits) {
        request.headers.reserve(16);
        header_limit(static_cast<std::uint32_t>(limits.header_bytes) + 1);
        body_limit(limits.body_bytes);
    }
    Request request;
    int version = 11;
    bool expects_continue = false;

  private:
    void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target,
                         int http_version, error_code&) override {
        request.method = std_view(method);
        request.target = std_view(target);
        version = http_version;
    }
    void on_field_impl(beast::http::field name, beast::string_view name_text, beast::string_view value,
                       error_code&) override {
        if (name == beast::http::field::expect) expects_continue = beast::iequals(value, "100-continue");
        request.headers.emplace_back(std_view(name_text), std_view(value));
    }
    void on_response_impl(int, beast::string_view, int, error_code&) override {}
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(beast::string_view piece, error_code&) override { return piece.size(); }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view piece, error_code&) override { return piece.size(); }
    void on_finish_impl(error_code&) override {}
};

unsigned status_of(error_code error) {
    if (error == beast::http::error::body_limit) return 413;
    if (error == beast::http::error::header_limit) return 431;
    if (error == beast::http::error::bad_version) return 505;
    return 400;
}

bool token(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view{"!#$%&'*+-.^_`|~"}.contains(c);
}

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

}  // namespace

struct RequestReader::Chunked {
    Chunked(const Limits& limits, std::string_view head_bytes) : head(head_bytes), parser(limits) {}
    enum class At { size, data, data_end, trailers };
    std::string head, body;
    Parser parser;
    At at = At::size;
    std::size_t left = 0;           // of the data of the chunk
    std::size_t scanned = 0;        // of the pending bytes: known to hold no line's end
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
    return chunked_ ? pending_bytes + chunked_->head.size() + chunked_->body.size() : pending_bytes;
}

void RequestReader::received(std::size_t bytes) { size_ += bytes; }

Step RequestReader::refuse(unsigned status) {
    refused_ = status;
    return Refusal{status};
}

// The size of the head with its empty line; 0 while that has not come, or after a refusal. Lines must end in
// CR LF, and what does not begin like a method is no HTTP at all, so garbage is told apart at once.
std::size_t RequestReader::find_head() {
    const std::string_view bytes = pending();
    if (bytes.empty()) return 0;
    if (!token(bytes.front())) return refused_ = 400, 0;
    for (;;) {
        const auto line = bytes.find('\n', scanned_);
        if (line == std::string_view::npos || line >= limits_.header_bytes) {
            scanned_ = bytes.size();
            if (bytes.size() > limits_.header_bytes) refused_ = 431;
            return 0;
        }
        if (bytes[line - 1] != '\r') return refused_ = 400, 0;
        scanned_ = line + 1;
        if (bytes.substr(0, scanned_).ends_with("\r\n\r\n")) return scanned_;
    }
}

Step RequestReader::next() {
    used_ += std::exchange(give_up_, 0);
    handed_out_.reset();
    if (refused_ != 0) return Refusal{refused_};
    if (chunked_) return read_chunks();
    // Empty lines before a request are forgiven (RFC 9112, 2.2).
    while (scanned_ == 0 && pending().starts_with("\r\n")) used_ += 2;
    if (scanned_ == 0 && pending() == "\r") return NeedMore{};
    if (wanted_ > pending().size()) return NeedMore{};
    const std::size_t head = find_head();
    if (refused_ != 0) return Refusal{refused_};
    return head == 0 ? Step{NeedMore{}} : parse_head(head);
}

Step RequestReader::parse_head(std::size_t head_bytes) {
    // Folded lines are obsolete, and refused (RFC 9112, 5.2): Beast would hand out views into its own stack.
    const std::string_view head = pending().substr(0, head_bytes);
    if (head.contains("\n ") || head.contains("\n\t")) return refuse(400);
    Parser parser{limits_};
    error_code error;
    parser.put(boost::asio::buffer(buffer_.get() + used_, head_bytes), error);
    if (error && error != beast::http::error::need_more) return refuse(status_of(error));
    if (!parser.is_header_done()) return refuse(400);   // of a first line without a version Beast wants more
    if (parser.chunked()) {
        chunked_ = std::make_unique<Chunked>(limits_, head);
        chunked_->parser.put(boost::asio::buffer(chunked_->head), error);
        used_ += head_bytes;
        scanned_ = 0;
        const bool expects = parser.expects_continue && pending().empty();
        return expects ? Step{NeedMore{.continue_expected = true}} : read_chunks();
    }
    const auto length = parser.content_length();
    if (length && *length > limits_.body_bytes) return refuse(413);
    const std::size_t body = length ? static_cast<std::size_t>(*length) : 0;
    wanted_ = head_bytes + body;
    if (pending().size() < wanted_) {
        scanned_ = head_bytes - 2;  // the last line of the head is found again when the body is there
        const bool ask =
            parser.expects_continue && pending().size() == head_bytes && !std::exchange(continue_said_, true);
        return NeedMore{.continue_expected = ask};
    }
    Request request = std::move(parser.request);
    request.body = pending().substr(head_bytes, body);
    request.keep_alive = parser.keep_alive();
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
    Request request = std::move(handed_out_->parser.request);
    request.body = handed_out_->body;
    request.keep_alive = handed_out_->parser.keep_alive();
    return request;
}

}  // namespace sluice::http
