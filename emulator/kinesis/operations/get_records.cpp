// GetRecords: what lies behind an iterator, within the shard's read limits. Records that Kafka wrote are shown as rule 20 says.
// At the end of a closed shard there is no next iterator but a list of children, each with all its parents (KCL checks that).
#include <algorithm>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/records/iterators.h"
#include "emulator/kinesis/records/partition_key.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"
#include "storage/planted.h"

namespace sluice::kinesis {
namespace {

std::vector<ChildShard> children_of(const streams::Shard& shard) {
    std::vector<ChildShard> told;
    for (const auto index : shard.children) {
        const auto* child = shard.stream->shard(index);
        ChildShard one{.shard_id = shard_id(index),
                       .parent_shards = {},
                       .hash_key_range = {streams::to_string(child->range.first), streams::to_string(child->range.last)}};
        for (const auto parent : child->parents) one.parent_shards.push_back(shard_id(parent));
        told.push_back(std::move(one));
    }
    return told;
}

std::string_view as_text(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Where a read begins. The stream outlives its deletion for as long as somebody reads it.
struct Reading {
    Iterator it;
    std::shared_ptr<streams::Stream> stream;
    streams::Shard* shard{};
    Time now;
};

std::expected<Reading, Error> begin(Call& call, const GetRecords& request) {
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
    if (request.dry_run.value_or(false)) return std::unexpected{texts::dry_run()};
    if (call.engine.admit_read_call(*shard))
        return std::unexpected{texts::read_rate_exceeded(shard_id(it->shard), name, call.account())};
    return Reading{std::move(*it), std::move(stream), shard, now};
}

// The answer's text as it grows: its list of records is written slice by slice, before it is known how many there will be.
class Growing {
  public:
    explicit Growing(Encoding encoding) : encoding_(encoding) {}
    std::size_t count() const { return count_; }
    // Of all that will come; before the first record.
    void room_for(std::size_t bytes) {
        if (!json_) text_.reserve(bytes);
        begin();
    }
    void add(const Record& record) {
        ++count_;
        write([&](auto& writer) { write_value(writer, record); });
    }
    // `rest` has no records, and all the other members.
    Answer finish(const GetRecords::Result& rest) {
        Answer answer{.status = 200, .content_type = content_type(encoding_)};
        std::size_t members = 0;
        const auto tally = [&](std::string_view, const auto& member, const Rules&) { members += present(member); };
        GetRecords::Result::members(rest, tally);
        const auto open = [&](auto&& writer) {
            writer.begin_map(members);
            writer.member(list_name);
            if (encoding_ == Encoding::cbor) writer.begin_list(count_);
        };
        begin();
        if (json_) json_->end_list();
        write([&](auto& writer) {
            const auto put = [&](std::string_view name, const auto& member, const Rules&) {
                if (name == list_name || !present(member)) return;
                writer.member(name);
                write_value(writer, member);
            };
            GetRecords::Result::members(rest, put);
            writer.end_map();
        });
        json_.reset();   // now the text has its size
        encoding_ == Encoding::cbor ? open(CborWriter{answer.front}) : open(JsonWriter{answer.front});
        if (text_.size() <= most_moved) text_.insert(0, std::exchange(answer.front, {}));
        answer.body = std::move(text_);
        return answer;
    }

  private:
    static constexpr std::string_view list_name = "Records";
    static constexpr std::size_t most_moved = 64 << 10;
    void begin() {
        if (encoding_ == Encoding::cbor || json_) return;
        json_.emplace(text_);
        json_->begin_list(0);
    }
    void write(auto&& use) { encoding_ == Encoding::cbor ? use(cbor_) : use(*json_); }

    Encoding encoding_;
    std::string text_;
    std::size_t count_ = 0;
    std::optional<JsonWriter> json_;   // from the first record on
    CborWriter cbor_{text_};
};

// Room for so many more records with so many bytes, as JSON has them.
std::size_t room_for(std::int64_t bytes, std::int64_t records) { return static_cast<std::size_t>(bytes / 3 * 4 + records * 220); }

// An answer is paid for as one, when it is known how large it is. Until then the largest there can be is reserved, so that no
// other caller is let in by tokens that are as good as spent.
class Reserved {
  public:
    explicit Reserved(streams::Shard& shard) : shard_(shard) {
        shard_.read_bytes.reserve(streams::get_records_bytes);
        shard_.read_records.reserve(streams::get_records_count);
    }
    ~Reserved() { settle(); }
    Reserved(const Reserved&) = delete;
    Reserved& operator=(const Reserved&) = delete;
    void settle() {
        if (std::exchange(settled_, true)) return;
        shard_.read_bytes.give_back(streams::get_records_bytes);
        shard_.read_records.give_back(streams::get_records_count);
    }

  private:
    streams::Shard& shard_;
    bool settled_ = false;
};

// Others are served between two slices; a record that is larger is one by itself.
constexpr std::int64_t slice_bytes = 1 << 20;

}   // namespace

template <>
Task<Answer> serve<GetRecords>(streams::Engine& engine, const DoorOptions& options, Serving serving) {
    Arena arena{serving.body.size()};
    const auto request = read<GetRecords>(serving.body, serving.encoding, arena, serving.caller);
    if (!request) co_return render(request.error(), serving.encoding);
    Call call{engine, engine.default_world(), options, *serving.caller};
    auto begun = begin(call, *request);
    if (!begun) co_return render(begun.error(), serving.encoding);
    auto& [it, stream, shard, now] = *begun;

    Reserved reserved{*shard};
    Growing text{serving.encoding};
    SequenceNumbers numbers{*shard};
    std::int64_t left_bytes = streams::get_records_bytes, left = request->limit.value_or(streams::get_records_count);
    auto next = std::max(it.position, engine.bounds(*shard).begin);
    for (;;) {
        const auto before = engine.at_hand(*shard, next);
        if (before == next) {
            auto brought = engine.brought(*shard);
            co_await std::move(brought);
            continue;
        }
        const bool first = text.count() == 0;
        const auto most = std::min(left_bytes, slice_bytes);
        auto read = engine.read_records(*shard, next, static_cast<std::int32_t>(left), most, before);
        if (!read) co_return render(texts::internal_failure(), serving.encoding);
        // The first record of a slice comes whatever its size; that of a later slice only when it fits.
        if (!first && static_cast<std::int64_t>(read->bytes) > left_bytes) break;
        const auto bytes = static_cast<std::int64_t>(read->bytes), count = std::ssize(read->records);
        const bool more = read->next < shard->end && left > count && left_bytes > bytes;
        if (first)
            text.room_for(more ? room_for(left_bytes, std::min(left, count * (left_bytes / std::max<std::int64_t>(1, bytes) + 1)))
                               : room_for(bytes, count));
        for (const auto& record : read->records)
            text.add(Record{.sequence_number = numbers.at(record.position, record.appended_ms),
                            .approximate_arrival_timestamp = from_ms(record.appended_ms),
                            .data = {record.value ? as_text(*record.value) : std::string_view{}},
                            .partition_key = shown_partition_key(record.key, call.kept),
                            .encryption_type = {}});
        call.kept.clear();
        left_bytes -= bytes;
        left -= count;
        const auto from = std::exchange(next, read->next);
        if (!more || next == from || stream->deleted) break;
        auto turn = asio::post(engine.executor(), use_task);
        co_await std::move(turn);
    }
    reserved.settle();
    engine.charge_read(*shard, streams::Door::kinesis, static_cast<std::uint64_t>(streams::get_records_bytes - left_bytes),
                       text.count());

    GetRecords::Result told;
    const bool caught_up = next >= shard->end;
    while (!caught_up && engine.at_hand(*shard, next) == next) {
        auto brought = engine.brought(*shard);
        co_await std::move(brought);
    }
    // Clients take 0 for "caught up", so anything unread is at least one millisecond behind.
    told.millis_behind_latest =
        caught_up ? 0 : std::max<std::int64_t>(1, to_ms(now) - engine.appended_ms(*shard, next).value_or(to_ms(now)));
    if (!shard->open() && caught_up && text.count() == 0) {
        told.child_shards = children_of(*shard);
    } else {
        it.position = next + (planted("iterator-skips-a-record") && text.count() != 0 ? 1 : 0);
        it.issued = now;
        it.serial = engine.random().next();
        told.next_shard_iterator = seal(it);
    }
    co_return text.finish(told);
}

}   // namespace sluice::kinesis
