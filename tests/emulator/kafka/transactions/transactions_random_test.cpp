// Random histories of transactions beside a plain model: several ids with and without KIP-890, records of none, offsets,
// time-outs, restarts and writes that cannot be stored. After each step all kinds of readers see what the model says.
#include <map>

#include "storage/failing.h"
#include "tests/support/kafka_transactor.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

constexpr std::int32_t partitions = 2;
constexpr int ids = 3;
constexpr std::int32_t time_out_ms = 5'000;

class RandomTransactions {
  public:
    explicit RandomTransactions(std::uint64_t seed) : chance_(seed) {
        server_.shut();
        auto failing = std::make_unique<storage::FailingStore>(std::move(server_.store));
        store_ = failing.get();
        server_.store = std::move(failing);
        server_.open();
        server_.create("t", partitions);
        connect();
        for (int who = 0; who < ids; ++who) begin(who);
    }
    ~RandomTransactions() { leave(); }

    void run(int steps) {
        for (int step = 0; step < steps; ++step) {
            CAPTURE(step);
            one();
            check();
        }
    }

  private:
    enum class Fate { open, committed, aborted };
    struct Written {
        std::string value;
        std::optional<std::size_t> transaction;   // its place in fates_
    };
    struct Id {
        std::unique_ptr<Transactor> client;
        Writing now;
        std::map<std::int32_t, std::int32_t> sequences;   // by partition
        std::optional<std::size_t> open;
        std::optional<std::int64_t> offset;   // to be the group's
    };

    std::uint64_t below(std::uint64_t n) { return chance_.below(n); }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    // The last ones speak the older protocol.
    static bool bumps(int who) { return who != ids - 1; }
    static std::string name_of_id(int who) { return "id" + std::to_string(who); }
    static std::string group_of(int who) { return "group" + std::to_string(who % 2); }

    void connect() {
        for (int who = 0; who < ids; ++who) all_[who].client = std::make_unique<Transactor>(server_, name_of_id(who));
        reader_ = std::make_unique<Client>(server_);
    }
    void leave() {
        for (auto& [who, id] : all_) id.client.reset();
        reader_.reset();
    }
    // Whether the next request will not be stored.
    bool arm() {
        const bool fails = one_in(6);
        if (fails) store_->fail(1, storage::Error::io, 1);
        return fails;
    }
    void disarm() { store_->fail(0); }

    void end(Id& id, bool commit) {
        if (id.open) fates_[*id.open] = commit ? Fate::committed : Fate::aborted;
        id.open.reset();
        id.offset.reset();
    }
    void begin(int who) {
        auto& id = all_[who];
        const auto told = id.client->init({}, 5, time_out_ms);
        REQUIRE(told.error_code == ErrorCode::none);
        CHECK(told.producer_epoch > id.now.epoch);
        end(id, false);
        id.now = {told.producer_id, told.producer_epoch};
        id.sequences.clear();
    }
    void open(Id& id) {
        if (id.open) return;
        id.open = fates_.size();
        fates_.push_back(Fate::open);
    }

    void write(int who) {
        auto& id = all_[who];
        const auto partition = static_cast<std::int32_t>(below(partitions));
        if (!bumps(who)) {
            const bool fails = arm();
            const auto added = id.client->add(id.now, {partition});
            disarm();
            const bool stored = added.at(0) == ErrorCode::none;
            if (stored) open(id);
            if (!stored) CHECK(fails);
            if (!stored) return;
        }
        const auto value = "v" + std::to_string(++values_);
        const bool fails = arm();
        const auto told = id.client->write(id.now, id.sequences[partition], "t", partition, value, bumps(who) ? 12 : 9);
        disarm();
        if (told.error_code != ErrorCode::none) {
            CHECK(fails);
            CHECK(told.error_code == ErrorCode::kafka_storage_error);
            return;
        }
        open(id);
        ++id.sequences[partition];
        logs_[partition].push_back({value, id.open});
    }
    void write_plain() {
        const auto partition = static_cast<std::int32_t>(below(partitions));
        const auto value = "v" + std::to_string(++values_);
        if (produce(*reader_, "t", partition, batch_of({value})).error_code == ErrorCode::none)
            logs_[partition].push_back({value, {}});
    }
    void commit_offset(int who) {
        auto& id = all_[who];
        const auto offset = static_cast<std::int64_t>(below(100));
        id.client->now = id.now;
        if (!bumps(who)) {
            REQUIRE(id.client->add_group(group_of(who)) == ErrorCode::none);
            open(id);
        }
        const bool fails = arm();
        const auto code = id.client->commit_offset(group_of(who), 0, offset, bumps(who) ? 5 : 3);
        disarm();
        if (code != ErrorCode::none) {
            CHECK(fails);
            return;
        }
        open(id);
        id.offset = offset;
    }
    void finish(int who) {
        auto& id = all_[who];
        const bool commit = one_in(2);
        const bool fails = arm();
        const auto told = id.client->end(id.now, commit, bumps(who) ? 5 : 3);
        disarm();
        const bool nothing = !id.open;
        if (told.error_code == ErrorCode::invalid_txn_state) CHECK(nothing);
        if (told.error_code == ErrorCode::coordinator_not_available) CHECK(fails);
        if (told.error_code != ErrorCode::none) return;
        if (commit && id.offset) offsets_[group_of(who)] = *id.offset;
        end(id, commit);
        if (bumps(who) && told.producer_epoch != id.now.epoch) {
            id.now = {told.producer_id, told.producer_epoch};
            id.sequences.clear();
        }
    }
    void time_out() {
        server_.pass(milliseconds{time_out_ms + 1});
        for (auto& [who, id] : all_) {
            const bool was_open = id.open.has_value();
            end(id, false);
            if (was_open) begin(who);
        }
    }
    void restart() {
        leave();
        server_.reopen();
        connect();
    }
    void one() {
        const int who = static_cast<int>(below(ids));
        switch (below(14)) {
            case 0:
                return begin(who);
            case 1:
                return restart();
            case 2:
                return one_in(3) ? time_out() : write_plain();
            case 3:
            case 4:
                return write_plain();
            case 5:
            case 6:
                return commit_offset(who);
            case 7:
            case 8:
            case 9:
                return finish(who);
            default:
                return write(who);
        }
    }

    std::vector<std::string> committed(std::int32_t partition) {
        std::vector<std::string> values;
        for (const auto& one : logs_[partition]) {
            const auto fate = one.transaction ? fates_[*one.transaction] : Fate::committed;
            if (fate == Fate::open) break;
            if (fate == Fate::committed) values.push_back(one.value);
        }
        return values;
    }
    void check() {
        for (std::int32_t partition = 0; partition < partitions; ++partition) {
            CHECK(committed_values(*reader_, partition) == committed(partition));
            const auto& shard = *server_.engine->find(server_.world(), "t")->shard(partition);
            std::vector<std::string> by_kinesis;
            const auto chunk = server_.engine->chunk_at_hand(shard, 0, {10'000, 1 << 20}).value();
            REQUIRE(chunk);
            for (const auto& record : chunk->records) by_kinesis.emplace_back(as_text(record.value.value()));
            CHECK(by_kinesis == committed(partition));
        }
        for (const std::string group : {"group0", "group1"}) {
            bool pending = false;
            for (const auto& [who, id] : all_) pending |= group_of(who) == group && id.open && id.offset;
            const auto expected = offsets_.contains(group) ? offsets_.at(group) : -1;
            CHECK(offset_of(*reader_, group) == Offset{expected, ErrorCode::none});
            CHECK(offset_of(*reader_, group, true) ==
                  (pending ? Offset{-1, ErrorCode::unstable_offset_commit} : Offset{expected, ErrorCode::none}));
        }
    }

    Random chance_;
    Server server_;
    storage::FailingStore* store_;
    std::map<int, Id> all_;
    std::unique_ptr<Client> reader_;
    std::map<std::int32_t, std::vector<Written>> logs_;
    std::vector<Fate> fates_;
    std::map<std::string, std::int64_t> offsets_;
    int values_ = 0;
};

}   // namespace

TEST_CASE("whatever happens to transactions, readers see what was committed, all of it and nothing else") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        RandomTransactions(seed).run(60);
    }
}
