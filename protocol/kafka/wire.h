// The small change of Kafka's wire: big-endian integers, unsigned varints, lengths, and the memory a decoded
// request lives in. A reader never throws and never reads past its end: the first overrun latches `ok() == false`,
// every later read yields zero, so a decoder asks once, at the end.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "protocol/wire_limits.h"

namespace sluice::kafka {

using Bytes = std::span<const std::byte>;
using Blob = std::vector<std::byte>;

inline Bytes as_bytes(std::string_view text) { return std::as_bytes(std::span{text.data(), text.size()}); }
inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Sixteen bytes; all zero means "none". On the wire as they are, in text 22 characters of URL-safe base64.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};
    constexpr bool is_zero() const { return *this == Uuid{}; }
    constexpr auto operator<=>(const Uuid&) const = default;
};

// The records of a request: a view into its frame, or null.
struct Records {
    Bytes bytes{};
    bool null = true;
    constexpr Records() = default;
    constexpr Records(Bytes view) : bytes{view}, null{false} {}
};

// The records of an answer: pieces that follow each other on the wire without being copied together first.
// `owners` keep the pieces alive; a piece that outlives the answer by itself needs none.
struct RecordList {
    std::vector<Bytes> parts;
    std::vector<std::shared_ptr<const void>> owners;
    bool null = false;
    constexpr std::size_t size() const {
        std::size_t sum = 0;
        for (const auto& part : parts) sum += part.size();
        return sum;
    }
};

// A list inside a decoded request: a view of arena memory, or of any memory a caller lends for encoding.
template <class T>
class Array {
  public:
    constexpr Array() = default;
    constexpr Array(const T* data, std::size_t size) : data_{data}, size_{size} {}
    Array(const std::vector<T>& lent) : data_{lent.data()}, size_{lent.size()} {}
    constexpr const T* begin() const { return data_; }
    constexpr const T* end() const { return data_ + size_; }
    constexpr std::size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr const T& operator[](std::size_t i) const { return data_[i]; }
    constexpr const T& front() const { return data_[0]; }
    constexpr const T& back() const { return data_[size_ - 1]; }

  private:
    const T* data_ = nullptr;
    std::size_t size_ = 0;
};

// Memory for the lists of one request: 16 KiB in place, then blocks, and a limit over all of it, because nested
// lists of big structs make more memory out of a frame than the frame is long. Nothing in it is ever destroyed.
class Arena {
  public:
    static constexpr std::size_t inline_bytes = 16 * 1024;
    static constexpr std::size_t default_limit_bytes = wire_limits::request_list_bytes;

    explicit Arena(std::size_t limit_bytes = default_limit_bytes) : limit_{limit_bytes} {}
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    // Room for `count` objects, not yet constructed; nullptr when the limit would be passed.
    template <class T>
    T* room(std::size_t count) {
        static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= alignof(std::max_align_t));
        if (count > limit_ / sizeof(T)) return nullptr;
        const auto bytes = rounded(count * sizeof(T));
        return charge(bytes) ? reinterpret_cast<T*>(take(bytes)) : nullptr;
    }
    // Counts memory that lies elsewhere (the vectors of a decoded answer) against the same limit.
    bool charge(std::size_t bytes) {
        if (bytes > limit_ - used_) return false;
        used_ += bytes;
        return true;
    }
    std::size_t used() const { return used_; }
    std::size_t limit() const { return limit_; }

  private:
    // What is charged is what is taken, or a million lists of one small number would cost four times the limit.
    static constexpr std::size_t rounded(std::size_t bytes) {
        return (bytes + alignof(std::max_align_t) - 1) & ~(alignof(std::max_align_t) - 1);
    }
    std::byte* take(std::size_t bytes) {
        if (bytes > left_) {
            const auto block = bytes > inline_bytes ? bytes : inline_bytes;
            blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(block));
            if (bytes > inline_bytes) return blocks_.back().get();   // keeps what is left of the block in use
            at_ = blocks_.back().get();
            left_ = block;
        }
        left_ -= bytes;
        return std::exchange(at_, at_ + bytes);
    }

    alignas(std::max_align_t) std::byte first_[inline_bytes];
    std::byte* at_ = first_;
    std::size_t left_ = inline_bytes;
    std::size_t used_ = 0;
    std::size_t limit_;
    std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

template <std::integral I>
constexpr I big_endian(I value) {
    if constexpr (sizeof(I) == 1 || std::endian::native == std::endian::big)
        return value;
    else
        return std::byteswap(value);
}

class Reader {
  public:
    explicit Reader(Bytes bytes) : at_{bytes.data()}, end_{bytes.data() + bytes.size()} {}

    bool ok() const { return ok_; }
    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
    Bytes rest() const { return {at_, end_}; }
    void fail() {
        ok_ = false;
        at_ = end_;
    }
    template <std::integral I>
    I integer() {
        if (left() < sizeof(I)) {
            fail();
            return 0;
        }
        I value;
        std::memcpy(&value, at_, sizeof(I));
        at_ += sizeof(I);
        return big_endian(value);
    }
    std::uint32_t uvarint() {
        std::uint32_t value = 0;
        for (int shift = 0; shift < 35 && at_ != end_; shift += 7) {
            const auto byte = std::to_integer<std::uint32_t>(*at_++);
            value |= (byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
        fail();
        return 0;
    }
    Bytes take(std::size_t count) {
        if (count > left()) {
            fail();
            return {};
        }
        return {std::exchange(at_, at_ + count), count};
    }

  private:
    const std::byte* at_;
    const std::byte* end_;
    bool ok_ = true;
};

constexpr std::size_t uvarint_size(std::uint32_t value) { return static_cast<std::size_t>((std::bit_width(value | 1u) + 6) / 7); }

// Two sinks with one interface: the first learns how much memory the second will fill.
struct Count {
    std::size_t bytes = 0;
    template <std::integral I>
    void integer(I) {
        bytes += sizeof(I);
    }
    void uvarint(std::uint32_t value) { bytes += uvarint_size(value); }
    void raw(Bytes view) { bytes += view.size(); }
};

struct Fill {
    std::byte* at;
    template <std::integral I>
    void integer(I value) {
        value = big_endian(value);
        std::memcpy(at, &value, sizeof(I));
        at += sizeof(I);
    }
    void uvarint(std::uint32_t value) {
        for (; value >= 0x80; value >>= 7) *at++ = static_cast<std::byte>(value | 0x80);
        *at++ = static_cast<std::byte>(value);
    }
    void raw(Bytes view) {
        if (!view.empty()) std::memcpy(at, view.data(), view.size());
        at += view.size();
    }
};

}   // namespace sluice::kafka
