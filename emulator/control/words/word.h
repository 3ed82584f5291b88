// What each word of the command line stands on: its flags, the call to the server, and how it ends. A word is one function:
// it adds its flags, parses, calls and prints.
#pragma once

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "emulator/control/calls/service.h"
#include "emulator/control/side.h"
#include "emulator/control/words/words.h"
#include "emulator/program/arguments.h"
#include "emulator/runtime/clock.h"
#include "emulator/runtime/spans.h"
#include "protocol/control/sluice.grpc.pb.h"

namespace sluice::control {

inline constexpr int call_failed = 1;
inline constexpr auto patience = std::chrono::seconds{20};   // for an answer; a far jump of the clock is real work

// gRPC wants a moment of the host's clock, which only emulator/runtime/clock.h reads.
inline std::chrono::system_clock::time_point until(std::chrono::seconds patience_left) {
    return SteadyTime{}.now() + patience_left;
}

// How a client makes the call of that request.
template <class Request>
struct Method;
using Stub = v1::Control::Stub;
#define CALL(name, answer, word)                                                                                            \
    template <>                                                                                                             \
    struct Method<v1::name##Request> {                                                                                      \
        using Answer = v1::answer;                                                                                          \
        static constexpr grpc::Status (Stub::*stub)(grpc::ClientContext*, const v1::name##Request&, Answer*) = &Stub::name; \
    };
#define STREAM(name, message, word)                                                                                         \
    template <>                                                                                                             \
    struct Method<v1::name##Request> {                                                                                      \
        using Answer = v1::message;                                                                                         \
        static constexpr std::unique_ptr<grpc::ClientReader<Answer>> (Stub::*stub)(grpc::ClientContext*,                    \
                                                                                   const v1::name##Request&) = &Stub::name; \
    };
SLUICE_CONTROL_CALLS(CALL, STREAM)
#undef CALL
#undef STREAM

struct Client {
    std::string at = "127.0.0.1:7070", token{}, world;
    bool json = false;
    std::unique_ptr<Stub> stub{};

    Stub& open() {
        if (stub) return *stub;
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY,
                         0);   // the server is near; a proxy from the environment is not meant
        arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
        arguments.SetMaxReceiveMessageSize(-1);
        stub = v1::Control::NewStub(grpc::CreateCustomChannel(at, grpc::InsecureChannelCredentials(), arguments));
        return *stub;
    }

    void show_token(grpc::ClientContext& context) const {
        if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    }

    [[noreturn]] void fail(const grpc::Status& status) const {
        if (status.error_code() == grpc::StatusCode::UNAVAILABLE)
            throw Exit{call_failed, fmt::format("no server answers at {}; start one with `sluice serve`, or "
                                                "name another with --control ADDR:PORT or SLUICE_CONTROL",
                                                at)};
        if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED)
            throw Exit{call_failed, fmt::format("the server at {} does not answer in time", at)};
        throw Exit{call_failed, status.error_message()};
    }

    template <class Request>
    auto call(Request request) {
        request.set_world(world);
        grpc::ClientContext context;
        context.set_deadline(until(patience));
        show_token(context);
        typename Method<Request>::Answer answer;
        if (const auto status = (open().*Method<Request>::stub)(&context, request, &answer); !status.ok()) fail(status);
        if (json) fmt::print("{}\n", to_json(answer));
        return answer;
    }

    // Prints each message of the answer, or what `opened` makes of it.
    template <class Request, class Show, class Open>
    void each(Request request, const Show& show, const Open& opened) {
        request.set_world(world);
        grpc::ClientContext context;
        show_token(context);
        const auto reader = (open().*Method<Request>::stub)(&context, request);
        const auto print = [&](const auto& message) {
            if (json)
                fmt::print("{}\n", to_json(message));
            else
                show(message);
        };
        typename Method<Request>::Answer message;
        while (reader->Read(&message)) {
            opened(message, print);
            std::fflush(stdout);
        }
        if (const auto status = reader->Finish(); !status.ok()) fail(status);
    }

    template <class Request, class Show>
    void each(Request request, const Show& show) {
        each(std::move(request), show, [](const auto& message, const auto& print) { print(message); });
    }
};

struct Word {
    Arguments arguments;
    Client client;
    std::string name;
    std::vector<std::string> args;

    Word(const std::string& word, const char* text, std::vector<std::string> given, const Environment& environment)
        : arguments(text, "sluice " + word), name(word), args(std::move(given)) {
        for (const auto& [variable, value] : environment) {
            if (variable == "SLUICE_CONTROL" && !value.empty()) client.at = value;
            if (variable == "SLUICE_CONTROL_TOKEN") client.token = value;
        }
        arguments.option("--control", client.at, "the server's control plane").type("ADDR:PORT").show_default();
        arguments.option("--control-token", client.token, "for a server that asks for one; else SLUICE_CONTROL_TOKEN")
            .type("TEXT");
        arguments.option("--world", client.world, "the world that the call is about; empty: the default one").type("NAME");
        arguments.flag("--json", client.json, "Protobuf's JSON form, one line a message");
    }
    void parse() { arguments.parse(std::move(args), fmt::format("`sluice {} --help` shows how", name)); }
};

// The whole text as a number.
template <class Number>
bool number(std::string_view text, Number& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && end == text.data() + text.size();
}

template <class T>
T or_exit(std::expected<T, std::string> parsed) {
    if (!parsed) throw Exit{bad_usage, parsed.error()};
    return *std::move(parsed);
}

// Every word: its function in a file of this folder, its name, and what --help says of it.
#define SLUICE_WORDS(WORD)                                                                            \
    WORD(health, "health", "Says whether the server is up, and how full its store is.")               \
    WORD(show_version, "version", "Shows the version of this program and of the server.")             \
    WORD(clock, "clock", "Shows or moves the server's clock.")                                        \
    WORD(limits, "limits", "Shows or sets how much each shard of a stream takes and gives a second.") \
    WORD(list_streams, "streams", "Lists all streams. Every topic is one.")                           \
    WORD(tail, "tail", "Prints records as they come.")                                                \
    WORD(put, "put", "Writes a record.")                                                              \
    WORD(throttles, "throttles", "Prints refusals as they happen, each with its reason.")             \
    WORD(advertise, "advertise", "Sets the address that Kafka clients are told.")                     \
    WORD(reset, "reset", "Removes all streams, offsets, groups and limits, and sets the clock to the real time.")
#define WORD(function, name, text) int function(Word&);
SLUICE_WORDS(WORD)
#undef WORD

}   // namespace sluice::control
