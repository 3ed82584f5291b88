// How a log lies in LMDB values: one stream of entries, cut into blocks of one page each (decision 001). Pure bytes, no
// LMDB here. Numbers inside values are little-endian as the machine has them, numbers inside keys big-endian so that they sort.
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
    std::uint32_t used{};            // bytes of the value in use, this header included
    std::uint32_t first_start{};     // where the first entry that starts here has its header; 0 when none does
    std::uint64_t log{};             // log and lead repeat the key: a misplaced page is noticed
    Position lead{};                 // the entry this block begins with or in the middle of
    Position end{};                  // after the last entry that starts here or earlier
    std::uint64_t bytes{};           // payload of all entries that start here or earlier, trimmed ones included
    std::int64_t running_max_ms{};   // largest record timestamp in them
    std::int64_t own_max_ms{};       // in the entries that start here; no_time when none does
    std::int64_t appended_ms{};      // of the last entry that starts here or earlier
};
static_assert(sizeof(Header) == 64);

// Lies in one block with its entry's first bytes; only the payload is ever cut.
struct EntryHeader {
    Position first{};
    std::int64_t appended_ms{};
    std::int64_t max_timestamp_ms{};
    std::uint32_t count{};
    std::uint32_t size{};
    Position end() const { return first + count; }
};
static_assert(sizeof(EntryHeader) == 32);

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
        if (key.size() != Key::size || size < sizeof(Header)) return std::nullopt;
        View view{load<Header>(data), 0, data, size};
        for (std::size_t i = 17; i < Key::size; ++i) view.part = view.part << 8 | static_cast<unsigned char>(key[i]);
        const Header& h = view.header;
        if (h.lead < 0 || std::memcmp(Key(LogId{h.log}, h.lead, view.part).data(), key.data(), Key::size) != 0)
            return std::nullopt;
        if (h.used > size || h.used < sizeof(Header)) return std::nullopt;
        if (h.first_start != 0 && (h.first_start < sizeof(Header) || h.first_start + sizeof(EntryHeader) > h.used))
            return std::nullopt;
        if (view.part == 0 && h.first_start != sizeof(Header)) return std::nullopt;
        return view;
    }

    // Headers of the entries that start here, in order, until `visit` says false. The last one's payload may go on in the next
    // block.
    template <class Visit>
    void starts(Visit&& visit) const {
        for (std::size_t at = header.first_start; at != 0 && at + sizeof(EntryHeader) <= header.used;) {
            const auto entry = load<EntryHeader>(data + at);
            if (!visit(entry)) return;
            at += sizeof(EntryHeader) + entry.size;
        }
    }
};

}   // namespace sluice::storage::block
