// GetRecords: what lies behind an iterator, within the shard's read limits. Records that Kafka wrote are shown as rule 20 says.
// At the end of a closed shard there is no next iterator but a list of children, each with all its parents (KCL checks that).
#include <algorithm>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/kms.h"
#include "emulator/kinesis/records/growing_answer.h"
#include "emulator/kinesis/records/iterators.h"
#include "emulator/kinesis/records/shown_record.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"
#include "protocol/kinesis/operations/get_records.h"
#include "storage/planted.h"

namespace sluice::kinesis {
namespace {

// Where a read begins. The stream outlives its deletion for as long as somebody reads it.
struct Asked {
    Iterator it;
    streams::StreamPointer stream;
    const streams::Shard* shard{};
    Time now;
};

std::expected<Asked, Error> begin(Call& call, const GetRecords& request) {
    if (request.stream_id) return std::unexpected{texts::stream_id_refused()};
    auto it = open_iterator(*request.shard_iterator);
    if (!it) return std::unexpected{texts::invalid_iterator()};
    const Time now = call.world.clock->now();
    if (now - it->issued > milliseconds{streams::iterator_life_ms})
        return std::unexpected{texts::iterator_expired(java_date(it->issued), java_date(now))};
    const auto name = call.names.name(it->stream);
    if (request.stream_arn && name_in_arn(*request.stream_arn) != name)
        return std::unexpected{texts::iterator_of_other_stream(*request.stream_arn)};
    auto stream = call.engine.find(call.world, it->stream);
    auto* shard = stream && stream->id == it->id && call.names.mine(*stream) ? stream->shard(it->shard) : nullptr;
    if (!shard || expired(*shard, now))
        return std::unexpected{texts::shard_does_not_exist(shard_id(it->shard), name, call.account())};
    if (auto fault = fault_of_key(call, *stream)) return std::unexpected{*fault};
    if (request.dry_run.value_or(false)) return std::unexpected{texts::dry_run()};
    if (call.engine.admit_read_call(*shard))
        return std::unexpected{texts::read_rate_exceeded(shard_id(it->shard), name, call.account())};
    return Asked{std::move(*it), std::move(stream), shard, now};
}

// Room for so many more records with so many bytes, as JSON has them.
std::size_t room_for(std::int64_t bytes, std::int64_t records) { return static_cast<std::size_t>(bytes / 3 * 4 + records * 220); }

// An answer is paid for as one, when it is known how large it is. Until then the largest there can be is reserved, so that no
// other caller is let in by tokens that are as good as spent.
class Reserved {
  public:
    Reserved(streams::Engine& engine, const streams::Shard& shard) : engine_(engine), shard_(shard) { reserve(1); }
    ~Reserved() { settle(); }
    Reserved(const Reserved&) = delete;
    Reserved& operator=(const Reserved&) = delete;
    void settle() {
        if (!std::exchange(settled_, true)) reserve(-1);
    }

  private:
    void reserve(int times) {
        engine_.reserve_read(shard_, times * streams::get_records_bytes, times * streams::get_records_count);
    }
    streams::Engine& engine_;
    const streams::Shard& shard_;
    bool settled_ = false;
};

// Others are served between two slices; a record that is larger is one by itself.
constexpr std::int64_t slice_bytes = 1 << 20;

// One read from its first slice to its last.
struct Reading {
    Call& call;
    const streams::Shard& shard;
    std::int64_t left;   // records
    streams::Position next;
    GrowingAnswer<GetRecords::Result> answer{call.encoding, "Records"};
    SequenceNumbers numbers{shard};
    std::int64_t left_bytes = streams::get_records_bytes;

    streams::ChunkLimits limits() const { return {static_cast<std::int32_t>(left), std::min(left_bytes, slice_bytes)}; }
    // Whether there may be another one.
    bool slice(const streams::Chunk& read) {
        const bool first = answer.count() == 0;
        const auto bytes = static_cast<std::int64_t>(read.bytes), count = std::ssize(read.records);
        // The first record of a slice comes whatever its size; that of a later slice only when it fits.
        if (!first && bytes > left_bytes) return false;
        const bool more = read.next < shard.stable() && left > count && left_bytes > bytes;
        if (first)
            answer.room_for(
                more ? room_for(left_bytes, std::min(left, count * (left_bytes / std::max<std::int64_t>(1, bytes) + 1)))
                     : room_for(bytes, count));
        for (const auto& record : read.records) answer.add(shown_record(shard, record, numbers, call.kept));
        call.kept.clear();
        left_bytes -= bytes;
        left -= count;
        const auto from = std::exchange(next, read.next);
        return more && next != from && !shard.stream->deleted;
    }
    // All but the records.
    GetRecords::Result rest(const Asked& asked) {
        GetRecords::Result told;
        const bool caught_up = next >= shard.end;
        told.millis_behind_latest = millis_behind(call.engine, shard, next, asked.now);
        if (!shard.open() && caught_up && answer.count() == 0) {
            told.child_shards = children_of(shard);
            return told;
        }
        auto it = asked.it;
        it.position = next + (planted("iterator-skips-a-record") && answer.count() != 0 ? 1 : 0);
        it.issued = asked.now;
        it.serial = call.engine.random().next();
        told.next_shard_iterator = seal(it);
        return told;
    }
};

}   // namespace

Task<Written> handle(Call& call, const GetRecords& request) {
    auto asked = begin(call, request);
    if (!asked) co_return std::unexpected{asked.error()};
    auto& engine = call.engine;
    auto& shard = *asked->shard;
    Reserved reserved{engine, shard};
    Reading reading{.call = call,
                    .shard = shard,
                    .left = request.limit.value_or(streams::get_records_count),
                    .next = std::max(asked->it.position, engine.bounds(shard).begin)};
    for (;;) {
        {
            auto reads = engine.chunk(shard, reading.next, reading.limits());
            const auto read = co_await std::move(reads);
            if (!read) co_return std::unexpected{texts::internal_failure()};
            if (!reading.slice(*read)) break;
        }
        auto turn = asio::post(engine.executor(), use_task);
        co_await std::move(turn);
    }
    reserved.settle();
    engine.charge_read(shard, streams::Door::kinesis, static_cast<std::uint64_t>(streams::get_records_bytes - reading.left_bytes),
                       reading.answer.count());
    auto known = engine.at_hand(shard, reading.next);   // the age of what comes next
    co_await std::move(known);
    co_return reading.answer.finish(reading.rest(*asked));
}

template Task<Answer> serve<GetRecords>(Serving);

}   // namespace sluice::kinesis
