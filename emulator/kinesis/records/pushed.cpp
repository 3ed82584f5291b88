#include "emulator/kinesis/records/pushed.h"

#include <algorithm>

#include "emulator/kinesis/records/shown_record.h"
#include "emulator/kinesis/texts/texts.h"
#include "emulator/net/exchange.h"
#include "protocol/kinesis/consumer_shapes.h"
#include "protocol/kinesis/encode.h"
#include "protocol/kinesis/event_stream.h"
#include "storage/planted.h"

namespace sluice::kinesis {
namespace {

// Of an event with records: a record that is larger is an event by itself. Two of them are what a consumer may take in a second.
constexpr streams::ChunkLimits event_limits{.records = 10'000, .bytes = 1 << 20};

// One event, and what it was made of.
struct Event {
    streams::Position from{}, next{}, end{};   // `end`: of the shard, when it was made
    std::int64_t appended_s{};                 // of its last record
    std::uint64_t bytes{}, records{};          // payload
    std::shared_ptr<const std::string> text;
};

// Where somebody who has all below `next` goes on, AT this number as well as AFTER it (docs/decisions/013).
std::string number_before(const streams::Shard& shard, streams::Position next, std::int64_t arrived_s) {
    return streams::to_string(
        {.created_s = shard.created_s, .index = next, .arrived_s = arrived_s, .shard = shard.index, .behind = true});
}

std::shared_ptr<const std::string> text_of(const SubscribeToShardEvent& event) {
    std::string text;
    text.reserve(size_hint(event) + 128);
    auto message = begin_event(text, "SubscribeToShardEvent");
    encode(event, Encoding::json, text);
    message.end();
    return std::make_shared<const std::string>(std::move(text));
}

class Pushing {
  public:
    Pushing(Pushed&& what, Exchange& out)
        : p_(std::move(what)), out_(out), clock_(*p_.world.clock), until_(clock_.live() + streams::subscription_life) {
        continue_from_ =
            number_before(*p_.shard, p_.next, p_.next == 0 ? p_.shard->created_s : p_.shard->last_appended_ms / 1000);
    }

    Task<void> run() {
        beat_ = clock_.live();   // the first event says where it begins
        if (p_.fault) say(p_.fault->code, p_.fault->message.value_or(""));
        while (!p_.fault && !out_.is_gone()) {
            if (p_.by->ended.ended()) {
                say_ended();
                break;
            }
            if (clock_.live() >= until_) break;
            p_.next = std::max(p_.next, p_.engine.bounds(*p_.shard).begin);
            if (p_.next < p_.shard->stable() && !in_debt_) {
                auto sending = send_records();
                if (!co_await std::move(sending)) co_return;
            } else if (p_.next >= p_.shard->end && !p_.shard->open()) {
                send({.children = true});
                break;
            } else if (clock_.live() >= beat_) {
                send({});
            } else {
                auto waiting = wait();
                co_await std::move(waiting);
                continue;
            }
            auto leaving = out_.room();
            if (!co_await std::move(leaving)) co_return;
            auto turn = asio::post(p_.engine.executor(), use_task);   // others are served between two events
            co_await std::move(turn);
        }
        auto ending = out_.end();
        (void)co_await std::move(ending);
    }

  private:
    // False: the store cannot be read.
    Task<bool> send_records() {
        auto shown = std::static_pointer_cast<const Event>(p_.shard->shown.lock());
        if (!shown || shown->from != p_.next || shown->end != p_.shard->stable()) {
            auto making = make_event();
            shown = co_await std::move(making);
            if (!shown) {
                say(ErrorCode::internal_failure, texts::internal_failure().message.value_or(""));
                auto ending = out_.end();
                (void)co_await std::move(ending);
                co_return false;
            }
        }
        shown_ = shown;
        p_.next = shown->next + (planted("push-skips-a-record") ? 1 : 0);
        if (!shown->text) co_return true;   // nothing of it is shown: control records
        beat_ = clock_.live() + streams::subscription_beat;
        continue_from_ = number_before(*p_.shard, shown->next, shown->appended_s);
        out_.share(shown->text);
        const auto debt = p_.engine.charge_subscription(*p_.shard, *p_.by, shown->bytes, shown->records);
        if (debt.count() > 0) in_debt_ = debt;
        co_return true;
    }

    Task<std::shared_ptr<const Event>> make_event() {
        auto reads = p_.engine.chunk(*p_.shard, p_.next, event_limits);
        const auto read = co_await std::move(reads);
        if (!read) co_return nullptr;
        auto known = p_.engine.at_hand(*p_.shard, read->next);   // the age of what comes next
        co_await std::move(known);
        auto made = std::make_shared<Event>(Event{.from = p_.next, .next = read->next, .end = p_.shard->stable(), .text = {}});
        std::list<std::string> kept;
        SequenceNumbers numbers{*p_.shard};
        SubscribeToShardEvent event;
        event.records.reserve(read->records.size());
        for (const auto& record : read->records) {
            event.records.push_back(shown_record(*p_.shard, record, numbers, kept));
            made->appended_s = record.appended_ms / 1000;
        }
        if (event.records.empty()) co_return made;
        made->bytes = read->bytes;
        made->records = event.records.size();
        event.continuation_sequence_number = number_before(*p_.shard, made->next, made->appended_s);
        event.millis_behind_latest = millis_behind(p_.engine, *p_.shard, made->next, clock_.now());
        made->text = text_of(event);
        p_.shard->shown = std::const_pointer_cast<Event>(std::shared_ptr<const Event>{made});
        co_return made;
    }

    struct Empty {
        bool children = false;   // the last one
    };
    void send(Empty what) {
        SubscribeToShardEvent event;
        event.millis_behind_latest = millis_behind(p_.engine, *p_.shard, p_.next, clock_.now());
        if (what.children)
            event.child_shards = children_of(*p_.shard);
        else
            event.continuation_sequence_number = continue_from_;
        out_.share(text_of(event));
        beat_ = clock_.live() + streams::subscription_beat;
    }

    void say(ErrorCode code, std::string_view text) {
        std::string last;
        append_exception(last, exception_name(code), text);
        out_.send(std::move(last));
    }
    void say_ended() {
        const auto [code, text] = p_.by->taken ? std::pair{ErrorCode::resource_in_use, &p_.taken_text}
                                               : std::pair{ErrorCode::resource_not_found, &p_.gone_text};
        say(code, *text);
    }

    // For records, or for tokens where it is in debt; and for the next beat.
    Task<void> wait() {
        Waiter waiter{p_.engine.executor()};
        waiter.watch(p_.by->ended);
        waiter.watch(out_.gone());
        Timer beat{clock_, clock_.at(timers::subscription, std::min(beat_, until_), [&waiter] { waiter.wake(Woken::deadline); })};
        Timer paid;
        bool free = false;
        if (in_debt_)
            paid = Timer{clock_, clock_.within(timers::pace, *in_debt_, [&] {
                             free = true;
                             waiter.wake(Woken::deadline);
                         })};
        else
            waiter.watch(p_.shard->appended);
        auto waiting = waiter.wait();
        co_await std::move(waiting);
        if (free) in_debt_.reset();
    }

    Pushed p_;
    Exchange& out_;
    Clock& clock_;
    Time until_, beat_{};   // live time: when it ends, and when it has to say something
    std::optional<milliseconds> in_debt_;
    std::string continue_from_;
    std::shared_ptr<const Event> shown_;   // for others who are behind by it
};

}   // namespace

Task<void> push(Pushed what, Exchange& out) {
    Pushing pushing{std::move(what), out};
    auto running = pushing.run();
    co_await std::move(running);
}

}   // namespace sluice::kinesis
