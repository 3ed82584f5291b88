#include "emulator/streams/queues/queues.h"

#include <algorithm>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/catalog/catalog.pb.h"
#include "emulator/streams/catalog/keys.h"
#include "emulator/streams/catalog/state_delay.h"

namespace sluice::streams {
namespace {

constexpr std::string_view record_prefix = "queue/", backlog_prefix = "delivered/";
constexpr std::size_t id_digits = 32;

std::string record_key(std::string_view id) { return std::string{record_prefix}.append(id); }
std::string backlog_key(std::string_view id) { return std::string{backlog_prefix}.append(id) + '/'; }

std::string new_id(Random& random) {
    std::string id;
    for (const auto byte : random.uuid()) fmt::format_to(std::back_inserter(id), "{:02x}", std::to_integer<unsigned>(byte));
    return id;
}

void write(catalog::QueueAttributes& out, const QueueAttributes& attributes) {
    out.set_visibility_s(attributes.visibility_s);
    out.set_most_received(attributes.most_received);
}
QueueAttributes read(const catalog::QueueAttributes& in) { return {in.visibility_s(), in.most_received()}; }

catalog::Queue record_of(const Queue& queue) {
    catalog::Queue out;
    out.set_id(queue.id);
    out.set_name(queue.name);
    out.set_account(queue.account);
    out.set_region(queue.region);
    out.set_stream(std::to_underlying(queue.stream));
    out.set_stream_name(queue.stream_name);
    out.set_created_ms(to_ms(queue.created));
    out.set_status(static_cast<std::int32_t>(queue.status));
    out.set_ready_ms(to_ms(queue.ready_at));
    out.set_from(static_cast<std::int32_t>(queue.start));
    out.set_from_ms(to_ms(queue.from));
    if (queue.backlog_start.since) out.set_since_ms(to_ms(*queue.backlog_start.since));
    for (const auto end : queue.backlog_start.ends) out.add_ends(end);
    write(*out.mutable_attributes(), queue.attributes);
    if (queue.next) write(*out.mutable_next(), *queue.next);
    for (const auto& [key, value] : queue.tags) (*out.mutable_tags())[key] = value;
    out.set_policy(queue.policy);
    return out;
}

bool good(const QueueAttributes& attributes) {
    return attributes.visibility_s >= 0 && attributes.visibility_s <= longest_visibility_s && attributes.most_received >= 0 &&
           attributes.most_received <= most_receives;
}

std::string_view fault_of(const catalog::Queue& one) {
    const auto moment = [](std::int64_t ms) { return ms >= 0 && ms < latest_ms; };
    if (one.id().size() != id_digits) return "a queue's id is none";
    if (!bounds::good_name(one.name()) || one.name().size() > bounds::consumer_bytes) return "a queue's name is none";
    if (const auto fault = bounds::fault_of_place(one.account(), one.region()); !fault.empty()) return "a queue's place is none";
    if (one.status() < 0 || one.status() > static_cast<int>(StreamStatus::deleting)) return "a queue's status is none";
    if (one.from() < 0 || one.from() > static_cast<int>(QueueStart::since)) return "a queue's starting position is none";
    if (!moment(one.created_ms()) || !moment(one.ready_ms()) || !moment(one.from_ms()) || !moment(one.since_ms()))
        return "a queue's times are none";
    if (one.ends_size() > bounds::topic_partitions || std::ranges::any_of(one.ends(), [](auto end) { return end < 0; }))
        return "a queue's starting positions are none";
    if (!good(read(one.attributes())) || (one.has_next() && !good(read(one.next())))) return "a queue's attributes are none";
    if (const auto fault = bounds::fault_of_policy(one.policy()); !fault.empty()) return fault;
    return bounds::fault_of_texts(google::protobuf::Map<std::string, std::string>{}, one.tags());
}

}   // namespace

Queues::Queues(Engine& engine) : engine_(engine) {
    for (auto* world : engine_.worlds())
        engine_.scan(*world, record_prefix, [&](std::string_view key, std::string_view value) { load(*world, key, value); });
    engine_.on_removed.emplace_back([this](const Stream& stream) {
        const auto found = of_stream_.find({stream.world->id, stream.id});
        if (found == of_stream_.end()) return;
        for (const auto& id : std::set{found->second}) take_away(own(*find(*stream.world, id)));
    });
    engine_.on_unstored.emplace_back([this](World& world, std::string_view key) { unstored(world, key); });
}

Queues::~Queues() = default;

// ---- memory ----

void Queues::insert(const Owned& queue) {
    auto& one = *queue;
    by_id_[{one.world->id, one.id}] = queue;
    by_name_[{one.world->id, one.account, one.region, one.name}] = queue;
    of_stream_[{one.world->id, one.stream}].insert(one.id);
    one.backlog = std::make_unique<Backlog>(engine_, *one.world,
                                            Backlog::Options{.stream = one.stream_name,
                                                             .id = one.stream,
                                                             .prefix = backlog_key(one.id),
                                                             .start = one.backlog_start,
                                                             .give_up_after = one.attributes.most_received});
}

void Queues::forget(Queue& queue) {
    queue.ready.stop();
    queue.gone.end();
    queue.status = StreamStatus::deleting;
    const auto of = of_stream_.find({queue.world->id, queue.stream});
    of->second.erase(queue.id);
    if (of->second.empty()) of_stream_.erase(of);
    by_name_.erase({queue.world->id, queue.account, queue.region, queue.name});
    by_id_.erase({queue.world->id, queue.id});   // the last, since it may end the queue
}

void Queues::load(World& world, std::string_view key, std::string_view value) {
    const auto stored_key = key_of(world.id, 'D', key);
    catalog::Queue in;
    if (!in.ParseFromArray(value.data(), static_cast<int>(value.size())) || key != record_key(in.id()))
        damaged("a queue's record does not parse", stored_key);
    if (const auto fault = fault_of(in); !fault.empty()) damaged(fault, stored_key);
    // Onto the existing object where there is one: somebody may wait at it.
    const auto known = by_id_.find({world.id, in.id()});
    if (known == by_id_.end() && by_name_.contains({world.id, in.account(), in.region(), in.name()}))
        damaged("two queues have one name", stored_key);
    const auto queue = known == by_id_.end() ? std::make_shared<Queue>() : known->second;
    auto& one = *queue;
    one.world = &world;
    one.id = in.id();
    one.name = in.name();
    one.account = in.account();
    one.region = in.region();
    one.stream = static_cast<StreamId>(in.stream());
    one.stream_name = in.stream_name();
    one.created = from_ms(in.created_ms());
    one.status = static_cast<StreamStatus>(in.status());
    one.ready_at = from_ms(in.ready_ms());
    one.start = static_cast<QueueStart>(in.from());
    one.from = from_ms(in.from_ms());
    if (in.has_since_ms()) one.backlog_start.since = from_ms(in.since_ms());
    one.backlog_start.ends = {in.ends().begin(), in.ends().end()};
    one.attributes = read(in.attributes());
    one.next.reset();
    if (in.has_next()) one.next = read(in.next());
    one.tags = {in.tags().begin(), in.tags().end()};
    one.policy = in.policy();
    if (known == by_id_.end())
        insert(queue);
    else
        one.backlog->give_up_after(one.attributes.most_received);
    one.ready.stop();
    if (one.status != StreamStatus::active)
        wait_ready(one, state_left(one.ready_at, world.clock->now(), engine_.options().state_delay, false));
}

// ---- changes ----

Result<Queues::Changed> Queues::create(const Stream& stream, New wanted) {
    if (!bounds::good_name(wanted.name) || wanted.name.size() > bounds::consumer_bytes) return std::unexpected{Fault::bad_name};
    if (!good(wanted.attributes)) return std::unexpected{Fault::bad_count};
    if (wanted.tags.size() > bounds::most_tags) return std::unexpected{Fault::bad_count};
    if (!bounds::fault_of_texts(std::map<std::string, std::string>{}, wanted.tags).empty() ||
        !bounds::fault_of_place(wanted.account, wanted.region).empty())
        return std::unexpected{Fault::bad_text};
    auto& world = *stream.world;
    if (by_name_.contains({world.id, wanted.account, wanted.region, wanted.name})) return std::unexpected{Fault::exists};
    if (count(stream) >= bounds::consumers) return std::unexpected{Fault::bad_count};
    const auto now = world.clock->now();
    const auto queue = std::make_shared<Queue>();
    auto& one = *queue;
    one.world = &world;
    one.id = new_id(engine_.random());
    one.name = std::move(wanted.name);
    one.account = std::move(wanted.account);
    one.region = std::move(wanted.region);
    one.stream = stream.id;
    one.stream_name = stream.name;
    one.created = now;
    one.start = wanted.start;
    const auto oldest = stream.retention ? std::max(stream.created, now - *stream.retention) : stream.created;
    one.from = one.start == QueueStart::latest ? now : std::max(oldest, wanted.since.value_or(oldest));
    if (one.start == QueueStart::since) one.backlog_start.since = wanted.since;
    if (one.start == QueueStart::latest)
        for (const auto& shard : stream.shards) one.backlog_start.ends.push_back(shard->stable());
    one.attributes = wanted.attributes;
    one.tags = std::move(wanted.tags);
    insert(queue);
    return Changed{queue, begin(one, StreamStatus::creating)};
}

Result<Ticket> Queues::update(const Queue& queue, const QueueAttributes& attributes) {
    if (!good(attributes)) return std::unexpected{Fault::bad_count};
    auto& one = own(queue);
    one.next = attributes;
    return begin(one, StreamStatus::updating);
}

Ticket Queues::remove(const Queue& queue) {
    if (queue.status == StreamStatus::deleting) return save(queue);
    return begin(own(queue), StreamStatus::deleting);
}

Result<Ticket> Queues::set_tags(const Queue& queue, std::map<std::string, std::string> tags) {
    if (tags.size() > bounds::most_tags) return std::unexpected{Fault::bad_count};
    if (!bounds::fault_of_texts(std::map<std::string, std::string>{}, tags).empty()) return std::unexpected{Fault::bad_text};
    own(queue).tags = std::move(tags);
    return save(queue);
}

Result<Ticket> Queues::set_policy(const Queue& queue, std::string policy) {
    if (!bounds::fault_of_policy(policy).empty()) return std::unexpected{Fault::bad_text};
    own(queue).policy = std::move(policy);
    return save(queue);
}

Ticket Queues::save(const Queue& queue) {
    return engine_.put(*queue.world, record_key(queue.id), record_of(queue).SerializeAsString());
}

// Through it for the state delay, or at once.
Ticket Queues::begin(Queue& queue, StreamStatus status) {
    const auto delay = engine_.options().state_delay;
    queue.status = status;
    if (delay.count() == 0 && status == StreamStatus::deleting) return take_away(queue);
    if (delay.count() > 0) {
        queue.ready_at = queue.world->clock->now() + delay;
        wait_ready(queue, delay);
        return save(queue);
    }
    return settle(queue);
}

Ticket Queues::settle(Queue& queue) {
    queue.status = StreamStatus::active;
    if (const auto next = std::exchange(queue.next, std::nullopt)) {
        queue.attributes = *next;
        queue.backlog->give_up_after(next->most_received);
        queue.backlog->store();   // what was given up on by the old count stays so, over a kill too
    }
    return save(queue);
}

void Queues::wait_ready(Queue& queue, milliseconds delay) {
    queue.ready = end_of_state(*queue.world->clock, delay, [this, &queue] {
        const auto held = by_id_.at({queue.world->id, queue.id});
        (void)(queue.status == StreamStatus::deleting ? take_away(queue) : settle(queue));
    });
}

Ticket Queues::take_away(Queue& queue) {
    const auto held = by_id_.at({queue.world->id, queue.id});
    Unit unit{engine_};
    queue.backlog->erase();
    engine_.put(*queue.world, record_key(queue.id), {});
    forget(queue);
    return unit.ticket();
}

// What the store has counts again: a queue that is not there, or one as it was.
void Queues::unstored(World& world, std::string_view key) {
    if (key.starts_with(record_prefix)) {
        if (const auto value = engine_.get(world, key))
            load(world, key, *value);
        else if (const auto known = by_id_.find({world.id, std::string{key.substr(record_prefix.size())}}); known != by_id_.end())
            forget(*known->second);
        return;
    }
    if (!key.starts_with(backlog_prefix)) return;
    key.remove_prefix(backlog_prefix.size());
    if (key.size() <= id_digits) return;
    if (const auto known = by_id_.find({world.id, std::string{key.substr(0, id_digits)}}); known != by_id_.end())
        known->second->backlog->unstored(key.substr(id_digits + 1));
}

// ---- looking ----

QueuePointer Queues::find(World& world, std::string_view id) const {
    const auto found = by_id_.find({world.id, std::string{id}});
    return found == by_id_.end() ? nullptr : found->second;
}

std::size_t Queues::count(const Stream& stream) const {
    const auto found = of_stream_.find({stream.world->id, stream.id});
    return found == of_stream_.end() ? 0 : found->second.size();
}

}   // namespace sluice::streams
