// What PutRecord and PutRecords share: checking an entry, finding its shard, asking the limits, and turning the entries of one
// shard into one batch, so that a request costs one append per shard however many records it has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/streams/engine.h"
#include "protocol/batch/builder.h"
#include "protocol/kinesis/errors.h"

namespace sluice::kinesis {

struct Call;

struct Put {
    std::string_view key, data;
    const streams::Shard* shard{};   // nothing on a stream that is spread: whose turn it is
    std::uint64_t bytes() const { return key.size() + data.size(); }
};

// `item` is 0 for PutRecord and 3 for the third entry of PutRecords, as AWS's texts count them.
std::expected<Put, Error> check_put(const streams::Stream&, std::size_t item, const std::optional<std::string_view>& key,
                                    const std::optional<std::string_view>& explicit_hash, std::string_view data);
// Where it goes. On a stream that is spread each call takes a turn.
const streams::Shard& shard_of(streams::Engine&, const streams::Stream&, const Put&);
// Writes go to ACTIVE and UPDATING streams, and still to DELETING ones; CREATING answers not found (seen: AWS 2015).
// A key of KMS may have a fault.
std::optional<Error> accepts_puts(const Call&, const streams::Stream&);

// The entries of one request that go to one shard. Owns the batch until it is committed.
class ShardPuts {
  public:
    explicit ShardPuts(const streams::Shard& shard) : shard_(&shard) {}
    const streams::Shard& shard() const { return *shard_; }
    void add(const Put&);
    // Where the n-th added entry went, once it is stored.
    streams::Position position(std::size_t n) const { return ticket_.base() + static_cast<streams::Position>(n); }
    std::int64_t appended_ms() const { return appended_ms_; }
    // Makes the batch; pure work, for whichever thread. `queue` does it when nobody has.
    void build(std::int64_t now_ms);
    // False when the engine refused; nothing is stored then.
    bool queue(streams::Engine&);
    const streams::Ticket& ticket() const { return ticket_; }

  private:
    const streams::Shard* shard_;
    std::vector<batch::Record> records_;
    std::uint64_t payload_bytes_ = 0, units_25k_ = 0, rounded_1k_bytes_ = 0;
    batch::Blob batch_;
    std::int64_t made_ms_{};
    std::int64_t appended_ms_{};
    streams::Ticket ticket_;
};

}   // namespace sluice::kinesis
