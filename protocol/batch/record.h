// One record of a batch, as the reader finds it and the builder writes it, and the zig-zag varints it is made of.
#pragma once

#include "protocol/batch/header.h"

namespace sluice::batch {

struct Record {
    std::int64_t timestamp{};   // ms since 1970
    std::optional<Bytes> key;
    std::optional<Bytes> value;
    std::int32_t header_count{};
    Bytes headers{};               // as on the wire, after the count
    std::int32_t offset_delta{};   // set by the reader; the builder counts for itself
};

constexpr std::uint64_t zigzag(std::int64_t value) {
    return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) { return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1)); }
constexpr std::size_t varint_size(std::int64_t value) {
    return static_cast<std::size_t>((std::bit_width(zigzag(value) | 1u) + 6) / 7);
}
inline std::byte* put_varint(std::byte* to, std::int64_t value) {
    auto rest = zigzag(value);
    for (; rest >= 0x80; rest >>= 7) *to++ = static_cast<std::byte>(rest | 0x80);
    *to++ = static_cast<std::byte>(rest);
    return to;
}

// Where a header's key or value lies; a null value is nullopt.
struct RecordHeader {
    Bytes key;
    std::optional<Bytes> value;
};

// Reads forward and latches `ok = false` at the first overrun; later reads yield zero.
struct Cursor {
    const std::byte* at;
    const std::byte* end;
    bool ok = true;

    explicit Cursor(Bytes bytes) : at{bytes.data()}, end{bytes.data() + bytes.size()} {}

    std::size_t left() const { return static_cast<std::size_t>(end - at); }
    std::int64_t fail() {
        ok = false;
        at = end;
        return 0;
    }
    std::int64_t varlong() {
        if (at != end && static_cast<std::uint8_t>(*at) < 0x80) {
            return unzigzag(std::to_integer<std::uint64_t>(*at++));
        }
        return long_varlong();
    }
    // Refuses what does not fit 32 bits.
    std::int32_t varint() {
        const auto value = varlong();
        if (value != static_cast<std::int32_t>(value)) return static_cast<std::int32_t>(fail());
        return static_cast<std::int32_t>(value);
    }
    Bytes take(std::int64_t count) {
        if (count < 0 || static_cast<std::uint64_t>(count) > left()) {
            fail();
            return {};
        }
        const Bytes view{at, static_cast<std::size_t>(count)};
        at += count;
        return view;
    }
    // Length and bytes; a negative length stands for null.
    std::optional<Bytes> nullable() {
        const auto length = varint();
        if (length < 0) return std::nullopt;
        return take(length);
    }

  private:
    std::int64_t long_varlong() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 70 && at != end; shift += 7) {
            const auto byte = std::to_integer<std::uint64_t>(*at++);
            value |= (byte & 0x7f) << shift;   // of the tenth byte only the lowest bit counts
            if (byte < 0x80) return unzigzag(value);
        }
        return fail();
    }
};

// Calls `each(RecordHeader)` for the headers of a record that the reader has accepted.
template <class Each>
void each_header(const Record& record, Each&& each) {
    Cursor in{record.headers};
    for (auto n = record.header_count; n > 0 && in.ok; --n) {
        const auto key = in.nullable();
        const auto value = in.nullable();
        if (in.ok && key) each(RecordHeader{*key, value});
    }
}

}   // namespace sluice::batch
