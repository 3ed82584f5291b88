// Every call of the control plane, one line each: gRPC (server.cpp), HTTP (side.cpp), the declaration of its handler (service.h)
// and the words of the command line (words/) are made from it. A call is described by its `rpc` in protocol/control/sluice.proto;
// an `rpc` without a line here does not compile, nor does a line without an `rpc`, a handler or its word.
#pragma once

// CALL(name, message that answers it, word that makes it), where the request's message is called after the name, and the word is
// one of SLUICE_WORDS in words/word.h, or `no_word`. STREAM has many answers.
#define SLUICE_CONTROL_CALLS(CALL, STREAM)                \
    CALL(Health, HealthResponse, health)                  \
    CALL(GetClock, ClockResponse, clock)                  \
    CALL(FreezeClock, ClockResponse, clock)               \
    CALL(ResumeClock, ClockResponse, clock)               \
    CALL(AdvanceClock, ClockResponse, clock)              \
    CALL(SetClock, ClockResponse, clock)                  \
    CALL(SetClockRate, ClockResponse, clock)              \
    CALL(AutoClock, ClockResponse, clock)                 \
    CALL(SetClockLiveness, ClockResponse, clock)          \
    CALL(GetLimits, LimitsResponse, limits)               \
    CALL(SetLimits, LimitsResponse, limits)               \
    CALL(ListStreams, ListStreamsResponse, list_streams)  \
    STREAM(WatchThrottles, Throttle, throttles)           \
    CALL(PutRecord, PutRecordResponse, put)               \
    STREAM(Tail, Record, tail)                            \
    CALL(SetAdvertised, SetAdvertisedResponse, advertise) \
    CALL(Reset, ResetResponse, reset)
