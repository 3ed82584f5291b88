// Shard iterators, page tokens and receipt handles: opaque to the client, self-contained for us, so nothing is remembered per
// reader. Decoded bytes of an iterator start 00 00 00 00 00 00 00 01 like AWS's; the rest is AES-encrypted so that nobody builds
// one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/runtime/clock.h"
#include "emulator/streams/stream.h"

namespace sluice::kinesis {

struct Iterator {
    std::string stream;       // name, for error texts
    streams::StreamId id{};   // the incarnation
    std::int32_t shard{};
    streams::Position position{};
    Time issued{};
    std::uint64_t serial{};   // no two tokens are alike, even when nothing was read
};
std::string seal(const Iterator&);
std::optional<Iterator> open_iterator(std::string_view token);   // accepts the token in double quotes (seen: AWS)

// Where a listing goes on: of which listing, after what, and when it was said.
struct Page {
    std::string listing, after;
    Time issued{};
};
inline constexpr std::int32_t most_listed = 100;   // on a page of a listing: AWS API, MaxResults of most of them
std::string seal(const Page&);
std::optional<Page> open_page(std::string_view token);

// One delivery of a record by a queue: the n-th time that it was received.
struct Receipt {
    std::string queue;   // its id
    std::int32_t shard{};
    streams::Position position{};
    std::int32_t received{};
    bool dead = false;
};
std::string seal(const Receipt&);
std::optional<Receipt> open_receipt(std::string_view handle);

// "Sun Oct 10 05:17:11 UTC 2021", as Java prints dates.
std::string java_date(Time);

}   // namespace sluice::kinesis
