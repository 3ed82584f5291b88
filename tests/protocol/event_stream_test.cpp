// Messages of an event stream, byte by byte as botocore takes them.
#include "protocol/kinesis/event_stream.h"

#include <doctest/doctest.h>

#include <string>

using namespace sluice::kinesis;

namespace {

std::string hex(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        text += digits[static_cast<unsigned char>(c) >> 4];
        text += digits[static_cast<unsigned char>(c) & 15];
    }
    return text;
}

}   // namespace

// Decoded with botocore 1.44.5.
TEST_CASE("the initial response is 104 known bytes") {
    std::string out;
    append_initial_response(out);
    CHECK(
        hex(out) ==
        "00000068000000564e6817240d3a6d6573736167652d747970650700056576656e740b3a6576656e742d74797065070010696e697469616c2d726573706f"
        "6e73650d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b7dfe942c1d");
}

TEST_CASE("what is written is read: events and exceptions, one behind the other") {
    std::string out;
    append_initial_response(out);
    auto event = begin_event(out, "SubscribeToShardEvent");
    out += R"({"Records":[]})";
    event.end();
    append_exception(out, "ResourceInUseException", "another \"one\"");
    std::string_view rest = out;
    auto next = [&] {
        auto one = read_message(rest);
        REQUIRE(one);
        rest.remove_prefix(one->size);
        return *one;
    };
    CHECK(next().payload == "{}");
    const auto second = next();
    CHECK(second.header(":event-type") == "SubscribeToShardEvent");
    CHECK(second.header(":content-type") == "application/json");
    CHECK(second.payload == R"({"Records":[]})");
    const auto third = next();
    CHECK(third.header(":message-type") == "exception");
    CHECK(third.header(":exception-type") == "ResourceInUseException");
    CHECK(third.payload == R"({"message":"another \"one\""})");
    CHECK(rest.empty());
}

TEST_CASE("a message of which a byte is missing or changed is none") {
    std::string out;
    append_exception(out, "InternalFailureException", "text");
    REQUIRE(read_message(out));
    for (std::size_t i = 0; i < out.size(); ++i) {
        CHECK_FALSE(read_message(std::string_view{out}.substr(0, i)));
        auto changed = out;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK_FALSE(read_message(changed));
    }
}
