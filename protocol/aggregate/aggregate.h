// The aggregated records of the Kinesis Producer Library (KPL): one record of a stream that carries many user records. The
// service does not look inside, and neither does any answer to a reader; tools use this to show people what a record holds.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::aggregate {

// Bounds on what is opened: user records, keys and tags together, and the bytes of a key. Real keys have at most 256 characters;
// 50 kB, which the KPL fills by default, hold some 8,000 user records. So a record made to hurt costs its reader some tens of
// megabytes at most.
inline constexpr std::size_t most_parts = 400'000, most_key_bytes = 1'024;

struct UserRecord {
    std::string_view partition_key;
    std::optional<std::string_view> explicit_hash_key;
    std::string_view data;
    std::vector<std::pair<std::string_view, std::optional<std::string_view>>> tags;

    bool operator==(const UserRecord&) const = default;
};

namespace wire {
class AggregatedRecord;
}

class Aggregate {
  public:
    // Nothing when the magic or the MD5 is not there, or when what lies between is not an aggregate within the bounds above.
    // Keeps nothing of `data`.
    static std::optional<Aggregate> of(std::string_view data);
    Aggregate(Aggregate&&) noexcept;
    Aggregate& operator=(Aggregate&&) noexcept;
    ~Aggregate();

    std::size_t size() const;
    // Its texts live as long as the aggregate.
    UserRecord operator[](std::size_t index) const;

  private:
    explicit Aggregate(std::unique_ptr<wire::AggregatedRecord>);
    std::unique_ptr<wire::AggregatedRecord> record_;
};

// The Data of a record that carries these, each key once in its table, in order of first use.
std::string build(std::span<const UserRecord>);

}   // namespace sluice::aggregate
