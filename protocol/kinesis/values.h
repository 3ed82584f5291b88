// The value types of Kinesis messages. Requests are views: into the body where it says the value literally,
// else into an `Arena` that lives as long as the body does. Results own what they say, except a record's
// data.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/wire_limits.h"

namespace sluice::kinesis {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

// Raw bytes; base64 in JSON, a byte string in CBOR.
struct Blob {
    std::string_view bytes;
    friend bool operator==(const Blob&, const Blob&) = default;
};

// In the order sent; of a repeated key the last value counts.
using TextMap = std::vector<std::pair<std::string_view, std::string_view>>;

// Text of at most N bytes without a heap block: sequence numbers (56 digits) and shard ids (20), ten thousand
// at a time. It holds nothing that JSON would spell in another way.
template <std::size_t N>
class InlineText {
  public:
    InlineText() = default;
    // Longer text is cut; both uses have a fixed length.
    InlineText(std::string_view text) : size_(static_cast<std::uint8_t>(std::min(text.size(), N))) {
        std::memcpy(bytes_, text.data(), size_);
    }
    InlineText(const std::string& text) : InlineText(std::string_view{text}) {}
    InlineText(const char* text) : InlineText(std::string_view{text}) {}
    operator std::string_view() const { return {bytes_, size_}; }
    std::string_view view() const { return {bytes_, size_}; }
    friend bool operator==(const InlineText& a, const InlineText& b) { return a.view() == b.view(); }

  private:
    static_assert(N < 256);
    char bytes_[N];
    std::uint8_t size_ = 0;
};
using SequenceText = InlineText<63>;
using ShardIdText = InlineText<31>;

// Room for what a body spells in a longer way than we keep it (base64, escapes, chunked strings). Undoing any
// of these yields at most as many bytes as were read, so one block of the body's size is always enough.
class Arena {
  public:
    explicit Arena(std::size_t body_bytes) : left_(body_bytes) {}
    // Precondition: the sum of all takes stays within the body's size.
    char* take(std::size_t bytes) {
        if (!block_) block_ = next_ = (owner_ = std::make_unique_for_overwrite<char[]>(left_)).get();
        char* at = next_;
        next_ += bytes;
        left_ -= bytes;
        return at;
    }
    // Gives back the tail of the last take.
    void give_back(std::size_t bytes) {
        next_ -= bytes;
        left_ += bytes;
    }

  private:
    std::unique_ptr<char[]> owner_;
    char* block_ = nullptr;
    char* next_ = nullptr;
    std::size_t left_;
};

// What kind of value comes next; `nothing` after the first syntax error.
enum class Kind : std::uint8_t { nothing, null, boolean, number, text, bytes, list, map };

// Deeper nesting is refused as malformed.
constexpr int max_nesting = wire_limits::nesting;

}   // namespace sluice::kinesis
