// What attributes.h describes, as it is written down, read back and checked, and how it is changed. Tags, metrics and a policy
// change at once; encryption and capacity go through UPDATING (reshard.cpp).
#include "emulator/streams/attributes.h"

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/catalog/stored.h"

namespace sluice::streams {
namespace {

constexpr auto dailies = {Daily::scaling, Daily::mode, Daily::encryption_started, Daily::encryption_stopped};

void write(const Reshard& change, catalog::Stream& out) {
    auto& to = *out.mutable_reshard();
    to.set_first(change.first);
    to.set_second(change.second);
    to.set_new_start_high(change.new_start.high);
    to.set_new_start_low(change.new_start.low);
}
void write(const Scaling& change, catalog::Stream& out) { out.set_scale_to(change.shards); }
void write(const Rekeying& change, catalog::Stream& out) { out.set_rekey_to(change.key); }
void write(const Capacity& change, catalog::Stream& out) {
    auto& to = *out.mutable_capacity();
    to.set_on_demand(change.on_demand);
    to.set_warm_mibps(change.warm_mibps);
    to.set_shards(change.shards);
}

void write(const Growth& change, catalog::Stream& out) {
    for (const auto shard : change.shards) out.add_grow(shard);
}

std::optional<Change> change_in(const catalog::Stream& in) {
    if (in.has_reshard())
        return Reshard{
            in.reshard().first(), in.reshard().second(), {in.reshard().new_start_high(), in.reshard().new_start_low()}};
    if (in.scale_to() != 0) return Scaling{in.scale_to()};
    if (in.has_rekey_to()) return Rekeying{in.rekey_to()};
    if (in.has_capacity()) return Capacity{in.capacity().on_demand(), in.capacity().warm_mibps(), in.capacity().shards()};
    if (in.grow_size() != 0) return Growth{{in.grow().begin(), in.grow().end()}};
    return {};
}

}   // namespace

void write_attributes(const Stream& stream, catalog::Stream& out) {
    out.set_key(stream.key);
    out.set_policy(stream.policy);
    out.set_metrics(stream.metrics);
    out.set_placing(std::to_underlying(stream.placing));
    out.set_warm_mibps(stream.warm_mibps);
    int last = 0;
    for (const auto what : dailies)
        if (!stream.lately.of(what).empty()) last = static_cast<int>(what) + 1;
    for (int i = 0; i < last; ++i) {
        auto& moments = *out.add_lately();
        for (const auto at : stream.lately.of(static_cast<Daily>(i))) moments.add_ms(to_ms(at));
    }
    if (stream.change) std::visit([&](const auto& change) { write(change, out); }, *stream.change);
}

void read_attributes(const catalog::Stream& in, Stream& stream) {
    stream.key = in.key();
    stream.policy = in.policy();
    stream.metrics = in.metrics();
    stream.placing = static_cast<Placing>(in.placing());
    stream.warm_mibps = in.warm_mibps();
    stream.lately.clear();
    for (int i = 0; i < in.lately_size(); ++i)
        for (const auto ms : in.lately(i).ms()) stream.lately.add(static_cast<Daily>(i), from_ms(ms));
    stream.change = change_in(in);
}

std::string_view fault_of_attributes(const catalog::Stream& in) {
    if (const auto fault = bounds::fault_of_key(in.key()); !fault.empty()) return fault;
    if (const auto fault = bounds::fault_of_key(in.rekey_to()); !fault.empty()) return fault;
    if (const auto fault = bounds::fault_of_policy(in.policy()); !fault.empty()) return fault;
    if (in.metrics() > all_metrics) return "a stream's metrics are none";
    if (in.lately_size() > static_cast<int>(most_a_day.size())) return "a stream's changes of the day are none";
    for (int i = 0; i < in.lately_size(); ++i) {
        if (static_cast<std::size_t>(in.lately(i).ms_size()) > most_a_day[static_cast<std::size_t>(i)])
            return "a stream was changed more often than anybody counts";
        for (const auto ms : in.lately(i).ms())
            if (ms < 0 || ms >= latest_ms) return "a stream's changes of the day are none";
    }
    if (in.placing() < 0 || in.placing() > std::to_underlying(Placing::by_key_again))
        return "a stream's placing of records is none";
    if (in.placing() == std::to_underlying(Placing::spread) && !in.on_demand()) return "a stream is spread and not on demand";
    for (const auto shard : in.grow())
        if (shard < 0 || static_cast<std::uint32_t>(shard) >= in.shards()) return "a stream's next splits are none";
    const auto& capacity = in.capacity();
    if (const auto fault = bounds::fault_of_capacity(in.warm_mibps(), in.scale_to()); !fault.empty()) return fault;
    return bounds::fault_of_capacity(capacity.warm_mibps(), capacity.shards());
}

std::string_view fault_of_encrypted(const catalog::Shard& shard) {
    constexpr std::string_view fault = "a shard's encrypted records are none";
    if (static_cast<std::size_t>(shard.encrypted_size()) > bounds::most_encrypted_spans) return fault;
    std::int64_t from = 0;   // of the next one
    for (const auto& span : shard.encrypted()) {
        if (from < 0 || span.from() < from || (span.to() != -1 && span.to() <= span.from())) return fault;
        from = span.to();
    }
    return {};
}

// ---- changes ----

Ticket Catalog::change(Stream& stream, const std::function<void()>& set) {
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    set();
    save_stream(stream);
    return engine_.writer.ticket({});
}

// Of the stream, or of the consumer that is named.
Result<Ticket> Catalog::change(Stream& stream, std::string_view consumer, const auto& set) {
    if (consumer.empty()) return change(stream, [&] { set(stream); });
    const auto found = stream.consumers.find(consumer);
    if (found == stream.consumers.end()) return std::unexpected{Fault::not_found};
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    set(*found->second);
    save_consumer(stream, *found->second);
    return engine_.writer.ticket({});
}

Result<Ticket> Catalog::set_tags(Stream& stream, std::map<std::string, std::string> tags, std::string_view consumer) {
    if (tags.size() > bounds::most_tags) return std::unexpected{Fault::bad_count};
    if (!bounds::fault_of_texts(std::map<std::string, std::string>{}, tags).empty()) return std::unexpected{Fault::bad_text};
    return change(stream, consumer, [&](auto& of) { of.tags = std::move(tags); });
}

Result<Ticket> Catalog::set_policy(Stream& stream, std::string policy, std::string_view consumer) {
    if (!bounds::fault_of_policy(policy).empty()) return std::unexpected{Fault::bad_text};
    return change(stream, consumer, [&](auto& of) { of.policy = std::move(policy); });
}

Ticket Catalog::set_metrics(Stream& stream, std::uint32_t metrics) {
    return change(stream, [&] { stream.metrics = metrics & all_metrics; });
}

// Whoever is told that nothing has to change must not be told so by a change that is lost afterwards.
Ticket Catalog::settled(Stream& stream) {
    return change(stream, [] {});
}

// What is written from now on is of the new kind. An append of this turn that fails would move where that begins, so each stands
// or falls with this.
void Catalog::carry_out(Stream& stream, const Rekeying& change) {
    const bool was = stream.encrypted();
    stream.key = change.key;
    save_stream(stream);
    if (was == stream.encrypted()) return;
    for (auto& shard : stream.open_ranges) {
        engine_.writer.group().bind(scope_of(stream), shard->log());
        if (was)
            shard->encrypted.end(shard->queued_end, shard->trimmed);
        else
            shard->encrypted.begin(shard->queued_end, shard->trimmed);
        save_shard(*shard);
    }
}

}   // namespace sluice::streams
