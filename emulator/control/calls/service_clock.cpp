// The calls about a world's clock. Each that changes it answers when the change is stored, so that a killed server stands at the
// moment its clients were told.
#include <algorithm>

#include "emulator/control/calls/service.h"
#include "emulator/streams/channels.h"

namespace sluice::control {

namespace {

using Kind = Error::Kind;

constexpr std::size_t timers_in_a_slice = 50;   // a trim that reads its log takes some ten microseconds

v1::ClockResponse show(const Clock& clock) {
    v1::ClockResponse answer;
    *answer.mutable_now() = to_proto(clock.now());
    answer.set_frozen(clock.frozen());
    answer.set_rate(clock.rate());
    *answer.mutable_ahead() = to_proto(clock.now() - clock.real());
    answer.set_automatic(clock.automatic());
    answer.set_liveness(clock.live_virtual() ? v1::LIVENESS_VIRTUAL : v1::LIVENESS_REAL);
    return answer;
}

std::unexpected<Error> fault(Kind kind, std::string text) { return std::unexpected{Error{kind, std::move(text)}}; }

// Waits until what channels have to deliver by now is delivered; yields when the next object is due.
Task<std::optional<Time>> carried(streams::Engine& engine, std::string world) {
    auto* in = engine.find_world(world);
    if (!in) co_return std::nullopt;
    const auto& carrier = streams::channels_of(*in).carrier;
    if (!carrier.catch_up) co_return std::nullopt;
    auto waiting = carrier.catch_up();
    co_await std::move(waiting);
    co_return carrier.next_due();
}

}   // namespace

Task<Result<v1::ClockResponse>> Service::change_clock(std::string name, std::function<Result<void>(Clock&)> change) {
    const auto in = world(name);
    if (!in) co_return std::unexpected{in.error()};
    auto& clock = *(*in)->clock;
    if (const auto changed = change(clock); !changed) co_return std::unexpected{changed.error()};
    auto settling = settled(**in);
    const auto done = co_await std::move(settling);
    if (!done) co_return std::unexpected{done.error()};
    co_return show(clock);
}

// A slice a turn, each stored together with the clock that it came to; others are served between them.
Task<Result<v1::ClockResponse>> Service::move_clock(std::string name, std::function<Result<Clock::Move>(Clock&)> begin) {
    const auto in = world(name);
    if (!in) co_return std::unexpected{in.error()};
    auto& clock = *(*in)->clock;
    auto move = begin(clock);
    if (!move) co_return std::unexpected{move.error()};
    for (bool there = false; !there;) {
        there = clock.go_on(*move, timers_in_a_slice);
        auto settling = settled(**in);
        const auto done = co_await std::move(settling);
        if (!done) co_return std::unexpected{done.error()};
    }
    co_return show(clock);
}

Task<Result<v1::ClockResponse>> Service::handle(v1::GetClockRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    co_return show(*(*in)->clock);
}

Task<Result<v1::ClockResponse>> Service::handle(v1::FreezeClockRequest request) {
    return change_clock(request.world(), [](Clock& clock) {
        clock.freeze();
        return Result<void>{};
    });
}

Task<Result<v1::ClockResponse>> Service::handle(v1::ResumeClockRequest request) {
    return change_clock(request.world(), [](Clock& clock) {
        clock.resume();
        return Result<void>{};
    });
}

// In steps that end where an object of a channel is due: it is written before the clock goes on, so that what expires later in
// the same move does not overtake it. Without channels there is one step.
Task<Result<v1::ClockResponse>> Service::handle(v1::AdvanceClockRequest request) {
    if (const auto in = world(request.world()); !in) co_return std::unexpected{in.error()};
    const auto& span = request.span();
    if (span.seconds() < 0 || span.nanos() < 0)
        co_return fault(Kind::invalid, "a clock advances by a span from 0 on, never backward");
    for (auto left = from_proto(span);;) {
        auto due = carried(engine_, request.world());
        const auto next = co_await std::move(due);
        auto step = left;
        if (next) step = std::clamp(*next - engine_.find_world(request.world())->clock->now(), milliseconds{0}, left);
        auto moving = move_clock(request.world(), [step, &request](Clock& clock) -> Result<Clock::Move> {
            auto move = clock.begin_advance(step, request.expire_clients());
            if (!move) return fault(Kind::invalid, std::move(move.error()));
            return *move;
        });
        auto moved = co_await std::move(moving);
        left -= step;
        if (!moved || left.count() == 0) {
            auto all = carried(engine_, request.world());
            (void)co_await std::move(all);
            co_return moved;
        }
    }
}

Task<Result<v1::ClockResponse>> Service::handle(v1::SetClockRequest request) {
    if (const auto in = world(request.world()); !in) co_return std::unexpected{in.error()};
    if (!request.has_time()) co_return fault(Kind::invalid, "give a time, like 2027-01-01T00:00:00Z");
    const auto to = moment(request.time());
    if (!to) co_return std::unexpected{to.error()};
    for (;;) {
        auto due = carried(engine_, request.world());
        const auto next = co_await std::move(due);
        const auto step = std::min(next.value_or(*to), *to);
        auto moving = move_clock(request.world(), [step, last = step == *to](Clock& clock) -> Result<Clock::Move> {
            auto move = clock.begin_set(last ? step : std::max(step, clock.now()));
            if (!move) return fault(Kind::refused, std::move(move.error()));
            return *move;
        });
        auto moved = co_await std::move(moving);
        if (!moved || step == *to) {
            auto all = carried(engine_, request.world());
            (void)co_await std::move(all);
            co_return moved;
        }
    }
}

Task<Result<v1::ClockResponse>> Service::handle(v1::SetClockRateRequest request) {
    return change_clock(request.world(), [rate = request.rate()](Clock& clock) -> Result<void> {
        if (auto set = clock.set_rate(rate); !set) return fault(Kind::invalid, std::move(set.error()));
        return {};
    });
}

Task<Result<v1::ClockResponse>> Service::handle(v1::AutoClockRequest request) {
    return change_clock(request.world(), [](Clock& clock) {
        clock.go_by_need();
        return Result<void>{};
    });
}

Task<Result<v1::ClockResponse>> Service::handle(v1::SetClockLivenessRequest request) {
    return change_clock(request.world(), [asked = request.liveness()](Clock& clock) -> Result<void> {
        if (asked != v1::LIVENESS_REAL && asked != v1::LIVENESS_VIRTUAL)
            return fault(Kind::invalid, "give LIVENESS_REAL or LIVENESS_VIRTUAL");
        clock.set_liveness(asked == v1::LIVENESS_VIRTUAL);
        return {};
    });
}

}   // namespace sluice::control
