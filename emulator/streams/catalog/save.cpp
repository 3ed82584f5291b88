// What exists, as the records that are written down with each change. `dump` prints the same records.
#include "emulator/streams/catalog/stored.h"
#include "storage/planted.h"

namespace sluice::streams {

catalog::Shard record_of(const Shard& shard) {
    catalog::Shard out;
    out.set_index(shard.index);
    out.set_first_high(shard.range.first.high);
    out.set_first_low(shard.range.first.low);
    out.set_last_high(shard.range.last.high);
    out.set_last_low(shard.range.last.low);
    for (const auto parent : shard.parents) out.add_parents(parent);
    out.set_created_s(shard.created_s);
    out.set_closed_ms(shard.closed ? to_ms(*shard.closed) : 0);
    out.set_sealed(shard.sealed && !planted("seal-forgotten-at-restart"));
    out.set_opened_ms(shard.opened_ms);
    for (const auto& extent : shard.extents) {
        auto* one = out.add_extents();
        one->set_log(std::to_underlying(extent.log));
        one->set_from(extent.from);
        one->set_to(extent.to);
        one->set_compacted(extent.compacted);
        one->set_horizon_ms(extent.horizon_ms);
    }
    out.set_pending_log(std::to_underlying(shard.pending));
    for (const auto& [from, to] : shard.encrypted.all()) {
        auto* one = out.add_encrypted();
        one->set_from(from);
        one->set_to(to);
    }
    return out;
}

catalog::Stream record_of(const Stream& stream) {
    catalog::Stream out;
    out.set_id(std::to_underlying(stream.id));
    out.set_name(stream.name);
    out.set_topic_id(std::string{raw(stream.topic_id)});
    out.set_manners(std::to_underlying(stream.manners));
    out.set_profile(stream.profile);
    write_limits(*out.mutable_limits(), stream.limits);
    out.set_created_ms(to_ms(stream.created));
    out.set_retention_ms(stream.retention ? stream.retention->count() : -1);
    if (stream.retention_bytes) out.set_retention_bytes(*stream.retention_bytes);
    if (const auto& rules = stream.compaction) {
        auto& to = *out.mutable_compaction();
        to.set_deletes(rules->deletes);
        to.set_delete_retention_ms(rules->delete_retention_ms);
        to.set_min_lag_ms(rules->min_lag_ms);
        to.set_max_lag_ms(rules->max_lag_ms);
        to.set_segment_ms(rules->segment_ms);
        to.set_segment_bytes(rules->segment_bytes);
        to.set_min_dirty_ratio(rules->min_dirty_ratio);
        to.set_buffer_bytes(rules->buffer_bytes);
        to.set_backoff_ms(rules->backoff_ms);
    }
    out.set_max_record_bytes(stream.max_record_bytes);
    out.set_on_demand(stream.on_demand);
    out.set_provisional(stream.provisional);
    out.set_internal(stream.internal);
    out.set_region(stream.region);
    out.set_account(stream.account);
    for (const auto& [key, value] : stream.configs) (*out.mutable_configs())[key] = value;
    for (const auto& [key, value] : stream.tags) (*out.mutable_tags())[key] = value;
    out.set_status(static_cast<std::int32_t>(stream.status));
    out.set_ready_ms(to_ms(stream.ready_at));
    write_attributes(stream, out);
    out.set_shards(static_cast<std::uint32_t>(stream.shards.size()));
    if (stream.expired_usage != Usage{}) append_usage(*out.mutable_expired_usage(), stream.expired_usage);
    return out;
}

catalog::World record_of(const Books& books) {
    catalog::World out;
    out.set_id(std::to_underlying(books.id));
    out.set_name(books.name);
    const auto clock = books.clock->save();
    auto& state = *out.mutable_clock();
    state.set_frozen(clock.frozen);
    state.set_rate(clock.rate);
    state.set_offset_ms(clock.offset_ms);
    state.set_now_ms(clock.now_ms);
    state.set_real_ms(clock.real_ms);
    state.set_live_virtual(clock.live_virtual);
    state.set_automatic(clock.automatic);
    out.set_next_stream(books.next_stream);
    out.set_next_producer(planted("producer-id-given-twice") ? books.next_producer : books.producers_reserved);
    return out;
}

catalog::Folder Catalog::folder_record() const {
    catalog::Folder out;
    out.set_next_log(next_log_ - (planted("log-number-used-twice") ? 1 : 0));
    out.set_next_world(next_world_);
    for (const auto& feature : features_) out.add_features(feature);
    return out;
}

void Catalog::save_stream(const Stream& stream) {
    const Writer::Changing change{engine_.writer, std::const_pointer_cast<Stream>(stream.shared_from_this())};
    engine_.writer.put({}, stream_key(stream), record_of(stream).SerializeAsString());
}

void Catalog::save_shard(const Shard& shard) {
    if (shard.expired) return;   // nothing changes it
    const auto& stream = *shard.stream;
    engine_.writer.put(scope_of(stream), stored_shard_key(stream, shard.index), record_of(shard).SerializeAsString());
}

void Catalog::erase_shard(const Stream& stream, std::int32_t shard) {
    engine_.writer.put(scope_of(stream), stored_shard_key(stream, shard), "");
}

void Catalog::save_world(const World& world) {
    engine_.writer.put({}, world_key(world.id), record_of(static_cast<const Books&>(world)).SerializeAsString());
}

void Catalog::save_folder() { engine_.writer.put({}, folder_key(), folder_record().SerializeAsString()); }

}   // namespace sluice::streams
