#include "emulator/kafka/share/dead_letters.h"

#include <algorithm>
#include <map>

#include "emulator/kafka/configs/log_settings.h"
#include "emulator/kafka/logs/forward.h"
#include "emulator/runtime/spawn.h"
#include "protocol/batch/builder.h"
#include "protocol/batch/reader.h"
#include "protocol/batch/recompress.h"

namespace sluice::kafka {

// What was given up on and, where it is copied, what it was. `headers` as on the wire.
struct DeadLetters::Letter {
    streams::GivenUp given;
    std::optional<Blob> key{}, value{};
    Blob headers{};

    batch::Record record(std::int64_t now_ms) const {
        const auto bytes = [](const auto& blob) { return blob ? std::optional<Bytes>{*blob} : std::nullopt; };
        return {.timestamp = now_ms, .key = bytes(key), .value = bytes(value), .header_count = 6, .headers = headers};
    }
    std::uint64_t payload() const { return (key ? key->size() : 0) + (value ? value->size() : 0); }
};

namespace {

void put_text(Blob& to, std::string_view text) {
    std::array<std::byte, 10> size{};
    auto* end = batch::put_varint(size.data(), static_cast<std::int64_t>(text.size()));
    to.insert(to.end(), size.data(), end);
    const auto bytes = as_bytes(text);
    to.insert(to.end(), bytes.begin(), bytes.end());
}

Blob headers_of(std::string_view group, std::string_view topic, const streams::GivenUp& given) {
    Blob headers;
    const auto add = [&](std::string_view name, std::string_view value) {
        put_text(headers, name);
        put_text(headers, value);
    };
    add("__dlq.errors.topic", topic);
    add("__dlq.errors.partition", std::to_string(given.place.shard));
    add("__dlq.errors.offset", std::to_string(given.place.position));
    add("__dlq.errors.group", group);
    add("__dlq.errors.delivery.count", std::to_string(given.received));
    add("__dlq.errors.message", given.rejected ? "Offset rejected by client." : "Offset delivery count exceeded the threshold.");
    return headers;
}

// The engine looks at an append's bytes until it is committed.
Task<void> keep(streams::Ticket ticket, Blob) { (void)co_await ticket.committed(); }

}   // namespace

DeadLetters::DeadLetters(streams::Engine& engine, streams::World& world, const Configs& configs)
    : engine_(engine), world_(world), configs_(configs) {}

void DeadLetters::say(const std::string& group, const std::string& why) {
    engine_.events().note_once("share group " + group + " has no dead letters: " + why);
}

// The topic that a group's letters go to; nothing, which is then said, where there may be none.
streams::StreamPointer DeadLetters::topic_of(const std::string& group, const std::string& name) {
    const auto no = [&](const std::string& why) {
        say(group, why);
        return nullptr;
    };
    const auto broker = [&](std::string_view setting) {
        return configs_.broker(&world_, *find_config(broker_configs(), setting)).value.value_or("");
    };
    const auto prefix = broker("errors.deadletterqueue.topic.name.prefix");
    if (!name.starts_with(prefix))
        return no("the name of their topic, " + name + ", does not begin with " + prefix +
                  " (errors.deadletterqueue.topic.name.prefix)");
    auto stream = engine_.find(world_, name);
    if (!stream) {
        if (broker("errors.deadletterqueue.auto.create.topics.enable") != "true")
            return no("their topic " + name + " does not exist, and errors.deadletterqueue.auto.create.topics.enable is false");
        const auto made = create(name);
        if (!made) return no("their topic " + name + " cannot be made");
        stream = *made;
    }
    if (stream->deleted || stream->status == streams::StreamStatus::deleting)
        return no("their topic " + name + " is being deleted");
    if (configs_.topic_text(*stream, "errors.deadletterqueue.group.enable") != "true")
        return no("their topic " + name + " does not say errors.deadletterqueue.group.enable=true");
    return stream;
}

streams::Result<streams::StreamPointer> DeadLetters::create(const std::string& name) {
    auto wanted = new_topic(engine_, name);
    wanted.shards = static_cast<std::int32_t>(configs_.number(&world_, "num.partitions"));
    wanted.configs = {{"errors.deadletterqueue.group.enable", "true"}, {"message.timestamp.type", "CreateTime"}};
    take_log_settings(configs_, world_, wanted);
    auto made = engine_.create(world_, wanted);
    if (!made) return std::unexpected{made.error()};
    return made->stream;
}

// False: only a disk has it yet. What is there no more has a letter without its bytes.
bool DeadLetters::read(const streams::Stream& from, Letter& letter) {
    const auto [index, position] = letter.given.place;
    const auto* shard = from.shard(index);
    if (!shard) return true;
    Blob whole;
    storage::Position first = 0;
    const auto visit = [&](const storage::EntryView& entry) {
        first = entry.first;
        for (const auto piece : entry.pieces) whole.insert(whole.end(), piece.begin(), piece.end());
        return false;
    };
    const auto one_by_one = [](const storage::RowView&) { return false; };
    if (!engine_.batches_at_hand(*shard, position, streams::Isolation::uncommitted, visit, one_by_one)) return false;
    if (whole.empty()) return true;
    Blob scratch;
    (void)batch::read(whole, scratch, [&, at = position](const batch::Record& record) {
        if (first + record.offset_delta != at) return true;
        if (record.key) letter.key.emplace(record.key->begin(), record.key->end());
        if (record.value) letter.value.emplace(record.value->begin(), record.value->end());
        return false;
    });
    return true;
}

void DeadLetters::write(const std::string& group, const streams::Stream& from, std::span<const streams::GivenUp> given) {
    const auto name = configs_.group_text(&world_, group, "errors.deadletterqueue.topic.name");
    if (name.empty()) return;
    const auto to = topic_of(group, name);
    if (!to) return;
    const bool copies = configs_.group_text(&world_, group, "errors.deadletterqueue.copy.record.enable") == "true";
    std::map<std::int32_t, std::vector<Letter>> letters;   // by the shard that they go to
    std::vector<streams::GivenUp> away;
    for (const auto& one : given) {
        Letter letter{.given = one, .headers = headers_of(group, from.name, one)};
        if (copies && !read(from, letter)) {
            away.push_back(one);
            continue;
        }
        const auto* same = to->shard(one.place.shard % static_cast<std::int32_t>(to->shards.size()));
        letters[(same ? open_descendant(*same) : *to->open_ranges.front()).index].push_back(std::move(letter));
    }
    for (const auto& [shard, some] : letters) append(group, *to->shard(shard), some);
    if (away.empty()) return;
    auto bring = [](DeadLetters* self, std::weak_ptr<bool> alive, std::string reader,
                    std::shared_ptr<const streams::Stream> source, std::vector<streams::GivenUp> list) -> Task<void> {
        for (const auto& one : list) {
            if (alive.expired()) co_return;
            const auto* shard = source->shard(one.place.shard);
            if (shard) co_await self->engine_.at_hand(*shard, one.place.position);
            if (!alive.expired()) self->write(reader, *source, {&one, 1});
        }
    };
    spawn(engine_.executor(), bring(this, alive_, group, from.shared_from_this(), std::move(away)));
}

// In one batch, unless it were too large; a record that is too large alone has a letter without its bytes.
void DeadLetters::append(const std::string& group, const streams::Shard& to, std::span<const Letter> letters) {
    const auto rules = configs_.produce_rules(*to.stream);
    const auto now = to_ms(world_.clock->now());
    std::vector<batch::Record> records;
    std::uint64_t payload = 0;
    for (const auto& letter : letters) {
        records.push_back(letter.record(now));
        payload += letter.payload();
    }
    if (rules.compacted && std::ranges::any_of(records, [](const auto& record) { return !record.key; }))
        return say(group, "their topic " + to.stream->name + " is compacted, and a record has no key");
    if (std::cmp_greater(batch::built_size(records), rules.max_message_bytes)) {
        if (letters.size() > 1) {
            append(group, to, letters.first(letters.size() / 2));
            return append(group, to, letters.subspan(letters.size() / 2));
        }
        records.front().key.reset();
        records.front().value.reset();
        payload = 0;
    }
    auto bytes = batch::build(records);
    if (rules.codec) {
        Blob scratch;
        bytes = batch::recompress(bytes, *rules.codec, rules.level, scratch);
    }
    auto stamp = now;
    if (rules.log_append_time) {
        stamp = std::max(now, to.last_appended_ms);
        batch::stamp_append_time(bytes, stamp);
    }
    const auto count = static_cast<std::uint32_t>(records.size());
    auto queued = engine_.append(to, {.batch = bytes, .records = count, .payload_bytes = payload, .max_timestamp_ms = stamp});
    if (!queued) return say(group, "their topic " + to.stream->name + " takes none");
    engine_.charge_write(to, payload, count);
    spawn(engine_.executor(), keep(queued->ticket, std::move(bytes)));
}

}   // namespace sluice::kafka
