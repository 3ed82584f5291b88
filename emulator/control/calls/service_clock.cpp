// The calls about a world's clock. Each that changes it answers when the change is stored, so that a killed server stands at the
// moment its clients were told.
#include "emulator/control/calls/service.h"

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

Task<Result<v1::ClockResponse>> Service::handle(v1::AdvanceClockRequest request) {
    return move_clock(request.world(), [request](Clock& clock) -> Result<Clock::Move> {
        const auto& span = request.span();
        if (span.seconds() < 0 || span.nanos() < 0)
            return fault(Kind::invalid, "a clock advances by a span from 0 on, never backward");
        auto move = clock.begin_advance(from_proto(span), request.expire_clients());
        if (!move) return fault(Kind::invalid, std::move(move.error()));
        return *move;
    });
}

Task<Result<v1::ClockResponse>> Service::handle(v1::SetClockRequest request) {
    return move_clock(request.world(), [request](Clock& clock) -> Result<Clock::Move> {
        if (!request.has_time()) return fault(Kind::invalid, "give a time, like 2027-01-01T00:00:00Z");
        const auto to = moment(request.time());
        if (!to) return std::unexpected{to.error()};
        auto move = clock.begin_set(*to);
        if (!move) return fault(Kind::refused, std::move(move.error()));
        return *move;
    });
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
