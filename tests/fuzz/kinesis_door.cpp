// Calls of the Kinesis API, one after the other: an operation's name, a line's end, a body in JSON (or CBOR, when it does not
// begin with a brace); calls are parted by a byte FE, which no JSON holds. In a body "$I" stands for the last iterator or page
// token that was handed out, "$Q" for the last queue's ARN, "$R" for the last receipt. What must hold: every call is answered,
// never with 500, in well-formed JSON; a day later, and after a restart, the engine still knows what it knew.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "emulator/kinesis/dispatch.h"
#include "emulator/streams/channels.h"
#include "protocol/kinesis/event_stream.h"
#include "tests/fuzz/world.h"
#include "tests/support/taken.h"

namespace sluice::fuzz {
namespace {

using namespace kinesis;

constexpr std::size_t most_calls = 12;

Task<void> call(streams::Engine& engine, const DoorOptions& options, const RequestHead& head, std::string_view body,
                std::optional<Answer>& out) {
    Push push;
    out = co_await dispatch(engine, options, head, body, push);
    if (!push) co_return;
    test::Taken taken;   // an event or two
    taken.pieces_wanted = 2;
    co_await push(taken);
    for (std::string_view rest = taken.text; !rest.empty();) {
        const auto message = read_message(rest);
        must(message.has_value(), "what is pushed is whole messages");
        rest.remove_prefix(message->size);
    }
}

struct Known {
    std::string_view in_bodies;
    std::vector<std::string_view> in_answers;
    std::string value = {};   // the last one
};

void remember(std::string_view answer, std::span<Known> all) {
    for (auto& [in_bodies, members, value] : all)
        for (const auto member : members)
            if (const auto at = answer.find(member); at != std::string_view::npos) {
                const auto from = at + member.size();
                value = answer.substr(from, answer.find('"', from) - from);
            }
}

}   // namespace

void kinesis_door(Bytes input) {
    World w;
    w.open();
    w.clock().freeze();
    w.put(*w.create("one", 1, "kinesis")->shards[0], "first");
    w.create("three", 3, "kinesis");
    streams::channels_of(w.engine->default_world()).carrier.catch_up = []() -> Task<void> { co_return; };   // as if to a folder
    const DoorOptions options{};
    Known known[]{{"$I", {"\"ShardIterator\":\"", "\"NextShardIterator\":\"", "\"NextToken\":\""}},
                  {"$Q", {"\"QueueARN\":\""}},
                  {"$R", {"\"ReceiptHandle\":\""}}};
    auto left = text_of(input);
    for (std::size_t calls = 0; !left.empty() && calls < most_calls; ++calls) {
        const auto end = std::min(left.find('\xFE'), left.size());
        const auto one = left.substr(0, end);
        left.remove_prefix(std::min(left.size(), end + 1));
        const auto line = std::min(one.find('\n'), one.size());
        const auto target = "Kinesis_20131202." + std::string(one.substr(0, line));
        std::string body(one.substr(std::min(one.size(), line + 1)));
        for (const auto& [in_bodies, in_answers, value] : known)
            if (const auto at = body.find(in_bodies); at != std::string::npos && !value.empty()) body.replace(at, 2, value);
        const bool json = body.starts_with('{');
        const std::pair<std::string_view, std::string_view> headers[]{
            {"X-Amz-Target", target},
            {"Content-Type", json ? "application/x-amz-json-1.1" : "application/x-amz-cbor-1.1"},
            {"Authorization",
             "AWS4-HMAC-SHA256 Credential=a/20250101/us-east-1/kinesis/aws4_request, SignedHeaders=a, Signature=b"},
            {"X-Amz-Date", "20250101T000000Z"}};
        const RequestHead head{"POST", "/", headers};
        const Exact exact{bytes_of(body)};
        std::optional<Answer> answer;
        auto task = call(*w.engine, options, head, exact.text(), answer);
        asio::co_spawn(w.io, std::move(task), asio::detached);
        w.turn();
        for (int i = 0; i < 5 && !answer; ++i) w.pass(std::chrono::seconds{10});
        must(answer.has_value(), "every call is answered");
        must(answer->status == 200 || (answer->status >= 400 && answer->status < 500), "no call is the server's own fault");
        if (json && !answer->body.empty() && answer->body.front() == '{')
            must(well_formed(answer->body, Encoding::json), "an answer is well-formed JSON");
        if (json) remember(answer->body, known);
    }
    w.engine->flush();
    w.same_after_restart();
    w.clock().advance(std::chrono::hours{25});
    w.turn();
    w.same_after_restart();
}

}   // namespace sluice::fuzz
