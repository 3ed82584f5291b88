// One random history: requests of both protocols, moves of the clock, faults of the store and restarts, drawn from a seed, with
// the model beside the machine. What the machine answers is compared with the model at once; what may fail is settled at the
// end of each turn: all of a shard's writes of one turn stand or fall together, and the refusal must have a reason.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <stdexcept>

#include "emulator/streams/queues/queues.h"
#include "protocol/kafka/messages/describe_transactions.h"
#include "protocol/kafka/messages/fetch.h"
#include "tests/sim/machine.h"
#include "tests/sim/members.h"
#include "tests/sim/model.h"

namespace sluice::sim {

inline constexpr Ms session_ms = 30'000;   // of the one group member

struct Broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Settings by the names under which the model has them. `type`: Kafka's, 2 of a topic, 4 of all brokers, 32 of a group.
struct Settable {
    std::int8_t type;
    std::string_view resource, name;
    std::int64_t least;   // that changes nothing for what a history does
};
inline constexpr Settable settable[] = {{2, "", "max.message.bytes", 3'000'000},
                                        {2, "", "segment.bytes", 100'000'000},
                                        {4, "", "log.cleaner.threads", 1},
                                        {4, "", "message.max.bytes", 3'000'000},
                                        {32, "set", "consumer.session.timeout.ms", 45'000},
                                        {32, "set", "share.session.timeout.ms", 45'000}};
std::string acl_key(std::string_view name, std::string_view who, int operation, int permission);
std::string user_key(std::string_view name, int mechanism);
std::string quota_key(std::string_view type, std::string_view name, std::string_view rate);
std::string config_key(int type, std::string_view of, std::string_view name);

struct Plan {
    std::uint64_t seed{};
    bool lmdb = false, threaded = false, faults = true;
    bool odd_stamps = false;    // Kafka records whose timestamp is not now
    bool thick = false;         // many records of about a page, so that trims leave whole blocks and pieces of them
    std::uint64_t pieces = 0;   // rule 8: advances are cut in pieces by this other chance; 0: one step
    bool print = false;
    std::string folder;   // for LMDB
};

class History {
  public:
    explicit History(const Plan&);
    ~History();
    void run();   // throws Broken
    const std::string& transcript() const { return transcript_; }
    std::uint64_t steps() const { return steps_; }

  private:
    // ---- history.cpp: turns, time, restarts ----
    void step();
    void turn();   // several requests queued together
    void settle();
    void resolve();
    void interrupted();   // killed with requests under way
    void restart();
    void boot();
    void shut(bool killed);
    void move_clock();
    void advance(Ms);
    void cut_short(Ms);   // a long move, killed between two of its slices
    void after_clock();
    void arm_failure();
    template <class... Part>
    void say(fmt::format_string<Part...> form, Part&&... parts) {
        line(fmt::format(form, std::forward<Part>(parts)...));
    }
    void line(std::string);
    template <class... Part>
    [[noreturn]] void broken(fmt::format_string<Part...> form, Part&&... parts) const {
        throw Broken{fmt::format(form, std::forward<Part>(parts)...)};
    }
    // Wraps what is to happen with an answer: nothing when the machine was killed before, and the turn counts it.
    template <class Answer>
    std::function<void(Answer&)> hear(std::function<void(Answer&)> told) {
        ++waiting_;
        return [this, told = std::move(told), life = lives_](Answer& answer) {
            if (life != lives_ || silenced_) return;
            --waiting_;
            told(answer);
        };
    }

    // ---- writes.cpp: each changes the model as if it will be stored ----
    void write(Stream&);
    void put_records(Stream&);
    void produce(Stream&);
    // A write to one shard that waits for its commit: what it does to the model, done at once and again when others failed.
    struct Write {
        std::function<void(Shard&)> apply;
        std::optional<bool> stored;
    };
    // Whom a batch is of. `refused`: what its transaction says to it; `change`: what becomes of its transaction by it.
    struct Change {
        std::function<void(Model&)> apply;
        std::optional<bool> stored = {};
    };
    struct Author {
        std::int64_t producer = -1;
        std::int16_t epoch = -1;
        std::int32_t first = -1;
        const std::string* id = nullptr;
        int version = 9;
        kafka::ErrorCode refused{};
        std::shared_ptr<Change> change = {};
    };
    void produce_as(Stream&, std::int32_t shard, std::size_t count, const Author&);
    void commit_offset(Stream&);
    // transactions.cpp
    void new_transactional();
    void write_in_transaction();
    void produce_in(const std::string& id, Stream&);
    void add_partitions_to(const std::string& id, Stream&);
    void add_offsets_to(const std::string& id);
    void commit_offset_in(const std::string& id, Stream&);
    void end_transaction(const std::string& id);
    void begin_again(const std::string& id);
    std::int16_t some_epoch(const Transactional&);
    std::shared_ptr<Change> change(const std::string& id, std::function<void(Model&)> apply);
    bool told(const std::string& what, kafka::ErrorCode, kafka::ErrorCode expected);
    struct Ending {
        struct Offset {
            std::string group;
            Place place;
            std::int64_t offset{};
        };
        std::vector<std::shared_ptr<Write>> markers;
        std::vector<Offset> offsets;
    };
    bool gone(const std::string& name, std::int32_t shard) const;
    Ending carry_out(const std::string& id, const Transactional::End&);
    void told_end(const Ending&, bool stored);
    // settings.cpp, setting_looks.cpp
    void change_setting();
    void change_acl();
    void change_user();
    void change_quota();
    void change_config();
    std::function<void(kafka::ErrorCode)> set(const std::string& key, const std::string& value, bool wrong);
    void look_at_settings();
    void look_at_config(const Settable&, std::string_view resource, const std::string& key_of,
                        std::map<std::string, std::string>& told);
    // transaction_looks.cpp
    void look_at_transactions();
    void describe_one(const kafka::DescribeTransactionsResponse::Transaction&);
    void check_aborted(const Shard&, Position from, Position next, const kafka::FetchResponse::Partition&,
                       const std::string& where);
    void change_catalog(const std::string& name);
    void create(const std::string& name);
    void ask_for_hostile();
    void remove(Stream&);
    void split(Stream&);
    void merge(Stream&);
    void add_partitions(Stream&);
    void scale(Stream&);
    void set_spread(Stream&);
    void set_tags(Stream&);
    void set_key(Stream&);
    void change_consumers(Stream&);   // consumers.cpp
    // queues.cpp
    void make_queue(Stream&);
    void work_queue(Stream&);
    void take_of_queue(Stream&, streams::Backlog&, bool dead, Ms live);
    // share.cpp
    void work_share(Stream&);
    void acquire_share(Stream&, streams::Backlog&, std::int32_t shard, Ms live);
    void store_share(Stream&, streams::Backlog&, std::string_view what);
    void change_channels(Stream&);   // channels.cpp
    void look_at_channels(const std::string& name, const Stream&);
    void set_retention(Stream&);
    void set_limits(Stream&);
    void new_producer();
    std::shared_ptr<Write> queue(Stream&, std::int32_t shard, std::function<void(Shard&)> apply);
    void fate(Write&, bool stored);
    void catalog_fate(const std::string& stream, bool stored);
    Record new_record();
    Hash some_hash(const Stream&);
    std::int32_t take_turn(const Stream&);

    // ---- reads.cpp ----
    void read(Stream&);
    void get_records(Stream&);
    void fetch(Stream&, bool parked, bool committed = false);
    // Checks what a fetch brought; yields the position after it.
    Position fetched(Shard&, Position from, const kafka::FetchResponse::Partition&, std::int32_t limit, const std::string& where,
                     bool committed = false);
    void list_offsets(Stream&);
    void fetch_offset(Stream&);
    void look(const std::string& name, std::int32_t shard, Model&, bool deep);   // engine beside model
    void count(const std::string& name, const Model&);
    void read_through(const std::string& name, std::int32_t shard, const Shard&);
    void look_at_all(bool deep);
    void look_between();
    void check_parked();
    void take_balances();
    void turn_back_buckets();
    void group_step();
    // members.cpp, member_looks.cpp
    void member_step();
    void member_joins();
    void member_beat(const std::string& id, std::int32_t epoch);
    kafka::ErrorCode send_beat(const std::string& id, std::int32_t epoch, std::function<void(std::int32_t, std::set<Part>)> told);
    void wrong_epoch(const std::string& id);
    void member_commits(const std::string& id);
    void members_rest();
    std::set<std::string> some_topics();
    DescribedGroup describe_members();
    void look_at_members();

    Stream* any_stream();
    const streams::Stream& real(const std::string& name);
    const streams::Shard& real(const std::string& name, std::int32_t shard);
    std::uint64_t below(std::uint64_t n) { return chance_.below(n); }
    bool one_in(std::uint64_t n) { return chance_.below(n) == 0; }
    std::string_view text(std::string value) { return texts_.emplace_back(std::move(value)); }

    Plan plan_;
    Random chance_, pieces_, ids_;
    ManualTime time_;
    SimStore store_;
    std::unique_ptr<Machine> machine_;
    Model model_, settled_;         // with what is queued; as of the last settled turn
    bool clock_in_doubt_ = false;   // the last commit of the clock failed
    bool hours_exact_ = true;       // no fault has yet moved what was counted to another hour

    std::deque<std::string> texts_;   // of the requests of this turn
    std::deque<std::shared_ptr<void>> owned_;
    std::map<std::pair<std::string, std::int32_t>, std::vector<std::shared_ptr<Write>>> writes_;   // of this turn, as queued
    std::map<std::string, bool> catalog_fates_;
    std::set<std::int64_t>
        read_again_;   // by serial, whose deletion failed: who held what of a share group is not known any more
    std::map<std::int64_t, std::size_t> turns_;   // of streams that are spread, by serial; what fails has had its turn
    // Of the commits of a turn to one partition: whether any was refused, and the last one that was stored. Each is a unit.
    struct OffsetFate {
        bool refused = false;
        std::optional<std::int64_t> stored;
    };
    std::map<std::string, std::map<std::pair<std::int64_t, std::int32_t>, OffsetFate>> offset_fates_;
    std::map<std::string, std::vector<std::shared_ptr<Change>>> changes_;   // of this turn, by transactional id or setting
    void take_back(const std::string& id);
    void deletion_refused(std::int64_t serial);
    bool armed_ = false, silenced_ = false, refused_ = false, moved_in_turn_ = false, queued_ = false;
    int waiting_ = 0, parked_ = 0;
    std::uint64_t lives_ = 0, steps_ = 0, records_ = 0;
    std::int64_t serials_ = 0;
    std::set<std::int64_t> producer_ids_, given_ids_;        // of producers without transactions; of all
    std::map<std::string, std::int64_t> consumer_seconds_;   // the last of each name

    struct Reader {
        std::string stream;
        std::int64_t serial{};
        std::int32_t shard{};
        std::string token;
        Position next{};
        Ms issued{};
    };
    std::optional<Reader> reader_;
    struct Number {
        std::string stream;
        std::int64_t serial{};
        std::int32_t shard{};
        Position position{};
        std::string text;
    };
    std::deque<Number> numbers_;
    struct Parked {
        std::string stream;
        std::int64_t serial{};
        std::int32_t shard{};
        Position from{};
        Ms virtual_due{}, real_due{};
        Position seen_end = -1;
        bool answered = false, empty = false, committed = false;
    };
    std::shared_ptr<Parked> waiting_fetch_;
    struct Membership {
        std::string member;
        std::int32_t generation{};
        Ms alive_until{};
        bool doubtful = false;
    };
    std::optional<Membership> member_;
    Members members_;

    std::string transcript_;
};

}   // namespace sluice::sim
