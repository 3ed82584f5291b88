// Registered consumers: part of their stream's record, since there are few of them; and who reads by them now, which nothing
// stores.
#include <algorithm>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/catalog/state_delay.h"
#include "emulator/streams/catalog/stored.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

bool good_consumer(std::string_view name) { return bounds::good_name(name) && name.size() <= bounds::consumer_bytes; }

// Those who read by it hear of it; the object stays with them.
void end_subscriptions(Consumer& consumer) {
    consumer.ready.stop();
    for (auto& [shard, lane] : consumer.lanes)
        if (const auto reader = lane.now.lock()) reader->ended.end();
}

}   // namespace

catalog::Consumer record_of(const Consumer& consumer) {
    catalog::Consumer out;
    out.set_name(consumer.name);
    out.set_created_s(consumer.created_s);
    out.set_status(static_cast<std::int32_t>(consumer.status));
    out.set_ready_ms(to_ms(consumer.ready_at));
    for (const auto& [key, value] : consumer.tags) (*out.mutable_tags())[key] = value;
    out.set_policy(consumer.policy);
    return out;
}

std::string_view fault_of(const catalog::Consumer& one) {
    if (!good_consumer(one.name())) return "a consumer's name is none";
    if (one.created_s() < 0 || one.created_s() > bounds::latest_second) return "a consumer's create second is none";
    if (one.status() < 0 || one.status() > static_cast<int>(StreamStatus::deleting)) return "a consumer's status is none";
    if (one.ready_ms() < 0 || one.ready_ms() >= latest_ms) return "a consumer's times are none";
    if (const auto fault = bounds::fault_of_policy(one.policy()); !fault.empty()) return fault;
    if (static_cast<std::size_t>(one.tags_size()) > bounds::most_tags) return "a consumer has more tags than it can have";
    return bounds::fault_of_texts(google::protobuf::Map<std::string, std::string>{}, one.tags());
}

void Catalog::save_consumer(const Stream& stream, const Consumer& consumer) {
    if (planted("consumer-not-saved")) return;
    engine_.writer.put(scope_of(stream), consumer_key(stream, consumer.name), record_of(consumer).SerializeAsString());
}

void Catalog::erase_consumer(const Stream& stream, std::string_view name) {
    engine_.writer.put(scope_of(stream), consumer_key(stream, name), "");
}

// Whoever reads by one that is still there goes on.
void Catalog::load_consumers(Stream& stream, const StoredStream& stored, bool known) {
    auto before = std::exchange(stream.consumers, {});
    const auto now = clock_of(stream).now();
    for (const auto& told : stored.consumers) {
        std::shared_ptr<Consumer> one;
        if (const auto found = before.find(told.name()); found != before.end() && found->second->created_s == told.created_s()) {
            one = std::experimental::get_underlying(found->second);
            before.erase(found);
        } else {
            one = std::make_shared<Consumer>();
        }
        one->name = told.name();
        one->created_s = told.created_s();
        one->status = static_cast<StreamStatus>(told.status());
        one->ready_at = from_ms(told.ready_ms());
        one->tags = {told.tags().begin(), told.tags().end()};
        one->policy = told.policy();
        one->ready.stop();
        stream.consumers.emplace(one->name, one);
        if (one->status == StreamStatus::active) continue;
        wait_ready(stream, *one, state_left(one->ready_at, now, engine_.options.state_delay, known));
    }
    for (auto& [name, consumer] : before) end_subscriptions(*consumer);
}

void Catalog::end_consumers(Stream& stream) {
    for (auto& [name, consumer] : stream.consumers) end_subscriptions(*consumer);
}

// Ends CREATING and DELETING.
void Catalog::wait_ready(Stream& stream, Consumer& consumer, milliseconds delay) {
    consumer.ready = end_of_state(clock_of(stream), delay, [this, weak = stream.weak_from_this(), name = consumer.name] {
        const auto one = weak.lock();
        if (!one || one->deleted) return;
        const auto found = one->consumers.find(name);
        if (found == one->consumers.end()) return;
        const Writer::Changing changing{engine_.writer, one};
        if (found->second->status == StreamStatus::deleting) return drop(*one, name);
        found->second->status = StreamStatus::active;
        save_consumer(*one, *found->second);
    });
}

Result<Ticket> Catalog::register_consumer(Stream& stream, const std::string& name, std::map<std::string, std::string> tags) {
    if (!good_consumer(name)) return std::unexpected{Fault::bad_name};
    if (tags.size() > bounds::most_tags) return std::unexpected{Fault::bad_count};
    if (!bounds::fault_of_texts(std::map<std::string, std::string>{}, tags).empty()) return std::unexpected{Fault::bad_text};
    if (stream.consumers.contains(name)) return std::unexpected{Fault::exists};
    if (stream.consumers.size() >= bounds::consumers) return std::unexpected{Fault::bad_count};
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    const auto one = std::make_shared<Consumer>();
    one->name = name;
    one->tags = std::move(tags);
    one->created_s = create_second(books_of(stream), stream.name + "/" + name);
    stream.consumers.emplace(name, one);
    change_state(stream, *one, StreamStatus::creating);
    return engine_.writer.ticket({});
}

Result<Ticket> Catalog::deregister_consumer(Stream& stream, std::string_view name) {
    const auto found = stream.consumers.find(name);
    if (found == stream.consumers.end()) return std::unexpected{Fault::not_found};
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    if (found->second->status != StreamStatus::deleting) change_state(stream, *found->second, StreamStatus::deleting);
    return engine_.writer.ticket({});
}

// Through it for the state delay, or at once.
void Catalog::change_state(Stream& stream, Consumer& consumer, StreamStatus status) {
    const auto delay = engine_.options.state_delay;
    if (delay.count() > 0) {
        consumer.status = status;
        consumer.ready_at = clock_of(stream).now() + delay;
        wait_ready(stream, consumer, delay);
    } else if (status == StreamStatus::deleting) {
        return drop(stream, std::string{consumer.name});
    }
    save_consumer(stream, consumer);
}

void Catalog::drop(Stream& stream, const std::string& consumer) {
    const auto found = stream.consumers.find(consumer);
    end_subscriptions(*found->second);
    erase_consumer(stream, consumer);
    stream.consumers.erase(found);
}

// ---- who reads now ----

Result<std::shared_ptr<Subscription>> Catalog::subscribe(Stream& stream, std::string_view name, std::int32_t shard) {
    const auto found = stream.consumers.find(name);
    if (found == stream.consumers.end()) return std::unexpected{Fault::not_found};
    auto& consumer = *found->second;
    if (consumer.status != StreamStatus::active) return std::unexpected{Fault::not_active};
    auto& clock = clock_of(stream);
    auto& lane = consumer.lanes[shard];
    const bool limited = stream.limits.read_bytes_per_second != 0;
    if (const auto before = lane.now.lock()) {
        if (limited && !before->ended.ended() && clock.live() < before->since + subscription_pause)
            return std::unexpected{Fault::exists};
        before->taken = true;
        before->ended.end();
    }
    if (lane.read_bytes.rate() != stream.limits.read_bytes_per_second)
        lane.read_bytes.change(stream.limits.read_bytes_per_second, stream.limits.read_bytes_per_second, clock.now());
    auto made = std::make_shared<Subscription>();
    made->since = clock.live();
    made->lane = std::shared_ptr<Consumer::Lane>{std::experimental::get_underlying(found->second), &lane};
    lane.now = made;
    return made;
}

}   // namespace sluice::streams
