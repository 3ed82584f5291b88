// How a log lies in LMDB values: one stream of payloads, cut into blocks of one page each (decision 001), the entries' headers
// at each block's end, so that payloads lie in a row (decision 008). Pure bytes, no LMDB here. Numbers inside values are
// little-endian as the machine has them, numbers inside keys big-endian so that they sort.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "storage/store.h"

namespace sluice::storage::block {

inline constexpr std::size_t page_bytes = 4096;
inline constexpr std::size_t value_bytes = page_bytes - 16;   // LMDB's page header; longer values need runs of free pages
inline constexpr std::int64_t no_time = std::numeric_limits<std::int64_t>::min();

struct Header {
    std::uint32_t used{};            // where the payload that lies here ends; it begins behind this header
    std::uint16_t starts{};          // entries that start here; their headers fill the block from its end towards the front
    std::uint16_t first_start{};     // where the payload of the first of them begins; 0 when none starts here
    std::uint64_t log{};             // log and lead repeat the key: a misplaced page is noticed
    Position lead{};                 // the entry this block begins with or in the middle of
    Position end{};                  // after the last entry that starts here or earlier
    std::uint64_t bytes{};           // payload of all entries that start here or earlier, trimmed ones included
    std::int64_t running_max_ms{};   // largest record timestamp in them
    std::int64_t own_max_ms{};       // in the entries that start here; no_time when none does
    std::int64_t appended_ms{};      // of the last entry that starts here or earlier
};
static_assert(sizeof(Header) == 64);

// Lies in the block where its entry's payload begins; only the payload is ever cut.
struct EntryHeader {
    Position first{};
    std::int64_t appended_ms{};
    std::int64_t max_timestamp_ms{};
    std::uint32_t count{};
    std::uint32_t size{};
    Position end() const { return first + count; }
};
static_assert(sizeof(EntryHeader) == 32);
inline constexpr std::size_t most_starts = (value_bytes - sizeof(Header)) / sizeof(EntryHeader);

// Where the n-th header of a block's entries lies, counted from 0; with the number of them, where room for payload ends.
inline constexpr std::size_t head_at(std::size_t n) { return value_bytes - (n + 1) * sizeof(EntryHeader); }
inline constexpr std::size_t payload_limit(std::size_t starts) { return value_bytes - starts * sizeof(EntryHeader); }

template <class T>
T load(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

// Key of a block: 'b', log, lead, part. Part 0 begins with the lead entry's header, part n is its n-th continuation.
class Key {
  public:
    static constexpr std::size_t size = 21;
    Key(LogId log, Position lead, std::uint32_t part) {
        bytes_[0] = 'b';
        put(1, static_cast<std::uint64_t>(log), 8);
        put(9, static_cast<std::uint64_t>(lead), 8);
        put(17, part, 4);
    }
    const char* data() const { return bytes_.data(); }
    bool same_log(std::string_view other) const {
        return other.size() == size && std::memcmp(other.data(), bytes_.data(), 9) == 0;
    }

  private:
    void put(std::size_t at, std::uint64_t value, std::size_t width) {
        for (std::size_t i = 0; i < width; ++i) bytes_[at + i] = static_cast<char>(value >> (8 * (width - 1 - i)));
    }
    std::array<char, size> bytes_{};
};

// A block as found, checked so far that its header can be trusted for addressing.
struct View {
    Header header;
    std::uint32_t part{};
    const std::byte* data{};
    std::size_t size{};

    // Nothing when key and value do not belong together.
    static std::optional<View> parse(std::string_view key, const std::byte* data, std::size_t size) {
        if (key.size() != Key::size || size != value_bytes) return std::nullopt;
        View view{load<Header>(data), 0, data, size};
        for (std::size_t i = 17; i < Key::size; ++i) view.part = view.part << 8 | static_cast<unsigned char>(key[i]);
        const Header& h = view.header;
        if (h.lead < 0 || std::memcmp(Key(LogId{h.log}, h.lead, view.part).data(), key.data(), Key::size) != 0)
            return std::nullopt;
        if (h.starts > most_starts || h.used < sizeof(Header) || h.used > payload_limit(h.starts)) return std::nullopt;
        if (h.starts == 0 ? h.first_start != 0 : h.first_start < sizeof(Header) || h.first_start > h.used) return std::nullopt;
        if (view.part == 0 && h.first_start != sizeof(Header)) return std::nullopt;
        return view;
    }

    EntryHeader head(std::size_t n) const { return load<EntryHeader>(data + head_at(n)); }

    // Headers of the entries that start here, in order, until `visit` says false. The last one's payload may go on in the next
    // block.
    template <class Visit>
    void starts(Visit&& visit) const {
        for (std::size_t n = 0; n < header.starts; ++n)
            if (!visit(head(n))) return;
    }
};

}   // namespace sluice::storage::block
