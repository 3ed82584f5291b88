// A fork of a stream (rule 23): a catalog write. Both streams read the logs that there are and append to new ones, so that what
// they share is stored once. A transaction that is open goes on in the parent and is aborted in the fork, where nobody can end
// it.
#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/catalog/stored.h"

namespace sluice::streams {
namespace {

// The shard as it begins in the fork: the same positions, sequence numbers and lineage, with a log of its own to go on in.
catalog::Shard forked(const Shard& shard, LogId next, std::int64_t now_ms) {
    auto out = record_of(shard);
    out.clear_pending_log();
    auto& extents = *out.mutable_extents();
    extents.RemoveLast();   // the log that the parent appends to; nothing is in it
    while (!extents.empty() && extents[0].to() <= shard.begin) extents.erase(extents.begin());
    if (!extents.empty()) extents[0].set_from(std::max(shard.begin, extents[0].from()));
    auto& own = *out.add_extents();
    own.set_log(std::to_underlying(next));
    own.set_from(shard.end);
    own.set_to(-1);
    out.set_opened_ms(now_ms);
    return out;
}

}   // namespace

Result<Engine::Changed> Catalog::fork(Stream& parent, World& into, std::string name) {
    if (!bounds::good_name(name)) return std::unexpected{Fault::bad_name};
    if (find(into, name)) return std::unexpected{Fault::exists};
    if (collision(into, name)) return std::unexpected{Fault::name_collides};
    if (parent.status != StreamStatus::active || parent.deleted) return std::unexpected{Fault::not_active};
    engine_.writer.flush();   // the fork begins with what is stored
    auto& books = books_of(into);
    const auto now_ms = to_ms(into.clock->now());
    auto stream = std::make_shared<Stream>();
    stream->world = &into;
    stream->id = StreamId{books.next_stream++};
    stream->name = name;
    stream->topic_id = into.random.uuid();
    auto record = record_of(parent);
    record.set_id(std::to_underlying(stream->id));
    record.set_name(name);
    record.set_topic_id(std::string{raw(stream->topic_id)});
    record.set_created_ms(now_ms);
    record.clear_expired_usage();
    record.clear_lately();   // what happened to the other one
    Ticket ticket;
    {
        const Unit whole{engine_.listeners};
        const Writer::Changing change{engine_.writer, stream};
        engine_.writer.bind(scope_of("name " + normalised(name)));
        (void)create_second(books, name);
        for (auto& shard : parent.shards) {
            engine_.upkeep.retain(*shard);
            engine_.extents.roll(*shard);
            const auto next = new_log();
            engine_.writer.put({}, stored_shard_key(*stream, shard->index), forked(*shard, next, now_ms).SerializeAsString());
            for (const auto& one : shard->aborted)
                engine_.writer.put({}, aborted_key(*stream, shard->index, one.last), encode_aborted(one));
            Position end = shard->end;
            for (const auto& [producer, state] : shard->producers) {
                const auto in_fork = state.open ? engine_.writer.abort_in_fork(*stream, *shard, next, end++, producer) : state;
                engine_.writer.put({}, producer_key(*stream, shard->index, producer),
                                   encode_producer(in_fork, into.clock->live() - into.clock->real()));
            }
            Shard value;   // counters begin anew, and what was stored last stays in order
            value.last_appended_ms = end > shard->end ? std::max(now_ms, shard->last_appended_ms) : shard->last_appended_ms;
            value.trimmed = shard->begin;
            value.usage.stored_bytes =
                engine_.upkeep.live_bytes(*shard) + static_cast<std::uint64_t>(end - shard->end) * Writer::marker_bytes;
            engine_.writer.put({}, shard_key(*stream, shard->index), running_value(value));
        }
        engine_.writer.put({}, stream_key(*stream), record.SerializeAsString());
        save_world(into);
        save_folder();
        ticket = engine_.writer.ticket({});
    }
    engine_.writer.flush();
    if (const auto stored = ticket.outcome(); !stored) return std::unexpected{stored.error()};
    load_stream(books, *stored_stream(*engine_.store.snapshot(), into.id, stream->id));
    into.changed.fire();
    return Engine::Changed{find(into, name), ticket};
}

}   // namespace sluice::streams
