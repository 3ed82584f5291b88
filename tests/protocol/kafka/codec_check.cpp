// What each message of each version is held to: the bytes that the official Java codec wrote (tests/wire/kafka).
#include <doctest/doctest.h>

#include "protocol/kafka/messages/consumer_protocol.h"
#include "tests/protocol/kafka/codec.h"
#include "tests/protocol/vectors.h"

namespace sluice::test {

using kafka::Bytes;
using nlohmann::json;

namespace {

void check_message(const Codec& codec, const json& v) {
    const int version = v["version"];
    auto wire = from_hex(v["hex"]);
    if (v.contains("prefix")) wire.erase(wire.begin(), wire.begin() + 2);
    CAPTURE(codec.name);
    CAPTURE(version);
    CAPTURE(v["variant"].get<std::string>());

    Bytes rest;
    const auto message = codec.decode(wire, version, &rest);
    REQUIRE(message);
    CHECK(rest.empty());
    CHECK(json::parse(message->print(version)) == v["json"]);
    if (v["variant"] != "unknown_tags") CHECK(to_hex(message->encode(version)) == to_hex(wire));
    for (std::size_t cut = 0; cut < wire.size(); ++cut) {
        const Wire prefix(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(cut));
        if (codec.decode(prefix, version, nullptr)) FAIL_CHECK("accepted the first " << cut << " bytes");
    }
}

void check_request_frame(const Codec& codec, const json& v, const Wire& frame) {
    const int version = v["version"];
    auto header = kafka::read_header(Bytes{frame}.subspan(4));
    REQUIRE(header);
    CHECK(header->api_key == codec.api.key);
    CHECK(header->api_version == version);
    CHECK(header->correlation_id == v["correlation_id"]);
    if (v["client_id"].is_null())
        CHECK(!header->client_id);
    else
        CHECK(header->client_id == v["client_id"].get<std::string>());
    if (codec.api.flexible(version)) REQUIRE(skip_header_tags(*header));
    CHECK(frame.size() - header->body.size() == v["body_offset"]);
    const auto message = codec.decode(header->body, version, nullptr);
    REQUIRE(message);
    CHECK(to_hex(message->request_frame(version, header->correlation_id, header->client_id)) == v["hex"]);
}

void check_answer_frame(const Codec& codec, const json& v, const Wire& frame) {
    const int version = v["version"];
    const auto header = kafka::read_answer_header(Bytes{frame}.subspan(4), codec.api, version);
    REQUIRE(header);
    CHECK(header->correlation_id == v["correlation_id"]);
    CHECK(frame.size() - header->body.size() == v["body_offset"]);
    const auto message = codec.decode(header->body, version, nullptr);
    REQUIRE(message);
    CHECK(to_hex(message->answer_frame(version, header->correlation_id)) == v["hex"]);
    CHECK(to_hex(message->gathered_frame(version, header->correlation_id)) == v["hex"]);
}

}   // namespace

void check_api(const Codec& request, const Codec& response) {
    REQUIRE(request.api.key == response.api.key);
    char file[80];
    std::snprintf(file, sizeof file, "api/%03d-%s.jsonl.gz", request.api.key, request.api.name.data());
    int checked = 0;
    for (const auto& v : read_vectors(file)) {
        CHECK(v["flexible"] == request.api.flexible(v["version"]));
        CHECK(request.api.knows(v["version"]));
        REQUIRE((v["name"] == request.name || v["name"] == response.name));
        check_message(v["name"] == request.name ? request : response, v);
        ++checked;
    }
    CHECK(checked >= 2);   // a file that is empty would check nothing
    static const auto frames = read_vectors("frames.jsonl.gz");
    int whole = 0;
    for (const auto& v : frames) {
        const bool asks = v["name"] == request.name, answers = v["name"] == response.name;
        if (!asks && !answers) continue;
        CAPTURE(v["name"].get<std::string>());
        CAPTURE(v["version"].get<int>());
        if (asks)
            check_request_frame(request, v, from_hex(v["hex"]));
        else
            check_answer_frame(response, v, from_hex(v["hex"]));
        ++whole;
    }
    CHECK(whole >= 2);
}

int check_internal(const Codec& codec) {
    int checked = 0;
    for (const auto& v : read_vectors("internal.jsonl.gz")) {
        if (v["name"] != codec.name) continue;
        check_message(codec, v);
        ++checked;
    }
    return checked;
}

TEST_CASE("what group members tell each other is read like any message") {
    using namespace kafka;
    // These two are never a whole frame, so that they have no header to test.
    CHECK(check_internal(codec<ConsumerProtocolSubscription>("ConsumerProtocolSubscription")) == 12);
    CHECK(check_internal(codec<ConsumerProtocolAssignment>("ConsumerProtocolAssignment")) == 12);
}

}   // namespace sluice::test
