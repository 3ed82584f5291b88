// `sluice clock`: shows the server's clock and moves it.
#include <cstdlib>

#include "emulator/control/words/print.h"
#include "emulator/control/words/word.h"

namespace sluice::control {

namespace {

void print_clock(const v1::ClockResponse& clock) {
    const auto ahead = from_proto(clock.ahead());
    auto line = show_time(from_proto(clock.now()));
    line += clock.automatic()     ? warm("  moves when somebody waits for room")
            : clock.frozen()      ? warm("  frozen")
            : clock.rate() == 1.0 ? "  running"
                                  : warm(fmt::format("  running at rate {:g}", clock.rate()));
    if (ahead >= std::chrono::seconds{1} || ahead <= std::chrono::seconds{-1})
        line += fmt::format(", {} {} real time",
                            show_span(std::chrono::round<std::chrono::seconds>(milliseconds{std::abs(ahead.count())})),
                            ahead.count() > 0 ? "ahead of" : "behind");
    if (clock.liveness() == v1::LIVENESS_VIRTUAL) line += warm(", sessions go by it");
    fmt::print("{}\n", line);
}

}   // namespace

int clock(Word& word) {
    std::string action = "show", value;
    bool expire = false;
    word.arguments.option("action", action, "show, freeze, resume, advance, set, rate, auto or liveness")
        .one_of({"show", "freeze", "resume", "advance", "set", "rate", "auto", "liveness"});
    word.arguments.option("value", value,
                          "a span for advance (25h), a moment for set (2027-01-01T00:00:00Z), a factor for rate (60), real or "
                          "virtual for liveness");
    word.arguments.flag("--expire-clients", expire, "advance: sessions and heartbeats of clients see the jump too");
    word.arguments.footer(
        "\nRetention, limits and iterators go by this clock. Connected clients stay connected.\n  sluice "
        "clock freeze && sluice clock advance 25h && sluice clock resume\nauto: the clock stands; when no request is "
        "being served, it jumps to the time at which all refused callers have room.\nliveness virtual: sessions, "
        "heartbeats and rebalances go by this clock too.");
    word.parse();
    const bool wants = action == "advance" || action == "set" || action == "rate" || action == "liveness";
    if (wants == value.empty())
        throw Exit{bad_usage, wants ? fmt::format("`sluice clock {}` wants a value, like `sluice clock {}`", action,
                                                  action == "advance" ? "advance 25h"
                                                  : action == "set"   ? "set 2027-01-01T00:00:00Z"
                                                  : action == "rate"  ? "rate 60"
                                                                      : "liveness virtual")
                                    : fmt::format("`sluice clock {}` takes no value", action)};
    v1::ClockResponse answer;
    if (action == "show") answer = word.client.call(v1::GetClockRequest{});
    if (action == "freeze") answer = word.client.call(v1::FreezeClockRequest{});
    if (action == "resume") answer = word.client.call(v1::ResumeClockRequest{});
    if (action == "advance") {
        v1::AdvanceClockRequest request;
        *request.mutable_span() = to_proto(or_exit(parse_span(value)));
        request.set_expire_clients(expire);
        answer = word.client.call(request);
    }
    if (action == "set") {
        v1::SetClockRequest request;
        *request.mutable_time() = to_proto(or_exit(parse_time(value)));
        answer = word.client.call(request);
    }
    if (action == "rate") {
        v1::SetClockRateRequest request;
        double rate = 0;
        if (!number(value, rate)) throw Exit{bad_usage, fmt::format("'{}' is no rate; 60 makes a minute of each second", value)};
        request.set_rate(rate);
        answer = word.client.call(request);
    }
    if (action == "auto") answer = word.client.call(v1::AutoClockRequest{});
    if (action == "liveness") {
        if (value != "real" && value != "virtual")
            throw Exit{bad_usage, fmt::format("liveness is real or virtual, not '{}'", value)};
        v1::SetClockLivenessRequest request;
        request.set_liveness(value == "virtual" ? v1::LIVENESS_VIRTUAL : v1::LIVENESS_REAL);
        answer = word.client.call(request);
    }
    if (!word.client.json) print_clock(answer);
    return 0;
}

}   // namespace sluice::control
