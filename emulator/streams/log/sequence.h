// Position <-> sequence number: the documented 56 decimal digits (version 2), with index = position + 1 so that index 0 is
// the shard's start (rule 14). From a number to a position is arithmetic; the other way also needs the arrival second.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::streams {

struct Sequence {
    std::int64_t created_s{};   // the shard's create second
    std::int64_t index{};       // position + 1; 0 is the start, closing_index the end of a closed shard
    std::int64_t arrived_s{};   // second the record arrived
    std::int32_t shard{};
    int version = 2;       // 0 and 1 are old forms AWS still parses; 2 is what is written
    bool behind = false;   // no record's number: what lies between this one and the next
    friend bool operator==(const Sequence&, const Sequence&) = default;
};
constexpr std::int64_t closing_index = INT64_MAX;

// 56 digits, without a heap block: a reader is told ten thousand at a time.
using SequenceDigits = std::array<char, 56>;
SequenceDigits digits_of(const Sequence&);
std::string to_string(const Sequence&);
// The numbers of one shard in a row: the next position's is found by adding, at a fraction of what dividing costs.
class SequenceRun {
  public:
    // Until the next call.
    const SequenceDigits& at(const Sequence&);

  private:
    std::optional<Sequence> last_;
    std::array<std::uint64_t, 3> parts_{};   // 19 digits each, little end first; the last has 18
    SequenceDigits text_{};
};
// Accepts what AWS does ("5" is version 0, shard 5); nothing when the text is no sequence number.
std::optional<Sequence> parse_sequence(std::string_view text);

}   // namespace sluice::streams
