// The parts below the messages: headers, varints, uuid texts, error codes, memory limits and gathered answers.
#include <doctest/doctest.h>

#include "protocol/kafka/errors.h"
#include "protocol/kafka/frame.h"
#include "protocol/kafka/messages/fetch.h"
#include "protocol/kafka/messages/metadata.h"
#include "protocol/kafka/messages/produce.h"
#include "protocol/kafka/print.h"
#include "protocol/utf8.h"
#include "tests/protocol/vectors.h"

using namespace sluice::kafka;
using namespace sluice::test;

TEST_CASE("request and answer headers are those of the Java codec, and no beginning of one is a header") {
    int checked = 0;
    for (const auto& v : read_vectors("headers.jsonl.gz")) {
        const auto wire = from_hex(v["hex"]);
        const auto& fields = v["json"];
        const bool tagged = v["version"] == (v["name"] == "RequestHeader" ? 2 : 1);
        CAPTURE(v["name"].get<std::string>());
        CAPTURE(v["variant"].get<std::string>());
        if (v["name"] == "RequestHeader") {
            auto header = read_header(wire);
            REQUIRE(header);
            if (tagged) REQUIRE(skip_header_tags(*header));
            CHECK(header->body.empty());
            CHECK(header->api_key == fields["requestApiKey"]);
            CHECK(header->api_version == fields["requestApiVersion"]);
            CHECK(header->correlation_id == fields["correlationId"]);
            CHECK(header->client_id.has_value() == !fields["clientId"].is_null());
            if (header->client_id) CHECK(*header->client_id == fields["clientId"].get<std::string>());
            for (std::size_t cut = 0; cut < wire.size(); ++cut) {
                auto part = read_header(Bytes{wire}.first(cut));
                const bool accepted = part && (!tagged || skip_header_tags(*part));
                CHECK_FALSE(accepted);
            }
        } else {
            const Api api = tagged ? Api{.flexible_from = 0} : Api{};
            const auto header = read_answer_header(wire, api, 0);
            REQUIRE(header);
            CHECK(header->correlation_id == fields["correlationId"]);
            CHECK(header->body.empty());
            for (std::size_t cut = 0; cut < wire.size(); ++cut) {
                CHECK_FALSE(read_answer_header(Bytes{wire}.first(cut), api, 0));
            }
        }
        ++checked;
    }
    CHECK(checked == 14);
}

TEST_CASE("a text that is too long for an inflexible version, as one that was repaired can be, is cut behind a whole character") {
    for (const auto* text : {"\xff", "\xc3\xa9", "\xe6\xbc\xa2", "\xf0\x9f\x9a\x80"})
        for (const std::size_t before : {0, 1, 2, 3}) {
            Arena arena{1 << 20};
            std::string long_text(before, 'a');
            while (long_text.size() + 4 <= 32'767) long_text += text;
            MetadataResponse told;
            told.cluster_id = sluice::repaired(long_text + long_text);
            const auto wire = encode(told, 2);
            MetadataResponse heard;
            REQUIRE(decode(wire, 2, arena, heard));
            REQUIRE(heard.cluster_id);
            CHECK(heard.cluster_id->size() <= 32'767);
            CHECK(heard.cluster_id->size() > 32'767 - 4);
            CHECK(told.cluster_id->starts_with(*heard.cluster_id));
            CHECK(sluice::is_utf8(*heard.cluster_id));
        }
}

TEST_CASE("unsigned varints and uuid texts are Kafka's") {
    const auto misc = read_document("misc.json");
    for (const auto& v : misc["varint"]) {
        const auto value = static_cast<std::uint32_t>(v["value"].get<std::int32_t>());
        std::byte buffer[5];
        Fill out{buffer};
        out.uvarint(value);
        const Bytes wire{buffer, static_cast<std::size_t>(out.at - buffer)};
        CHECK(to_hex(wire) == v["unsigned"]);
        CHECK(uvarint_size(value) == wire.size());
        Reader in{wire};
        CHECK(in.uvarint() == value);
        CHECK(in.ok());
    }
    for (const auto& v : misc["uuid"]) {
        Uuid id;
        const auto bytes = from_hex(v["hex"]);
        std::memcpy(id.bytes.data(), bytes.data(), 16);
        CHECK(to_text(id) == v["text"]);
    }
    Reader endless{as_bytes("\xff\xff\xff\xff\xff\xff")};
    CHECK(endless.uvarint() == 0);
    CHECK(!endless.ok());
}

TEST_CASE("each error code has Kafka's number, name and text") {
    const auto codes = read_document("errors.json");
    CHECK(codes.size() == error_entries.size());
    for (const auto& v : codes) {
        const auto code = static_cast<ErrorCode>(v["code"].get<std::int16_t>());
        CHECK(name_of(code) == v["name"]);
        if (v["message"].is_string()) CHECK(text_of(code) == v["message"]);
    }
    CHECK(std::to_underlying(ErrorCode::not_leader_or_follower) == 6);
    CHECK(name_of(static_cast<ErrorCode>(999)) == "UNKNOWN_SERVER_ERROR");
}

TEST_CASE("a count larger than the frame is refused before memory is taken for it") {
    Arena arena;
    MetadataRequest m;
    CHECK_FALSE(decode(from_hex("7fffffff"), 1, arena, m));
    CHECK(arena.used() == 0);
    ProduceRequest p;
    CHECK_FALSE(decode(from_hex("00ffffffff0f"), 9, arena, p));
    CHECK(arena.used() == 0);
}

TEST_CASE("lists that would take more memory than the arena allows are refused") {
    // 100,000 topics of one byte's name each, v9: 3 bytes a topic on the wire, more in memory.
    Blob frame = from_hex("a18d06");   // 100,001 as unsigned varint: compact count of 100,000
    for (int i = 0; i < 100'000; ++i) {
        for (const auto byte : from_hex("027800")) frame.push_back(byte);
    }
    for (const auto byte : from_hex("01000000")) frame.push_back(byte);
    MetadataRequest m;
    Arena small{1 << 20};
    CHECK_FALSE(decode(frame, 9, small, m));
    CHECK(small.used() <= 1 << 20);
    Arena enough;
    REQUIRE(decode(frame, 9, enough, m));
    CHECK(m.topics->size() == 100'000);
    CHECK(m.topics->back().name == "x");
    // The same limit holds for answers, which own their lists.
    Blob answer = from_hex(
        "00000000"
        "a18d06");
    answer.resize(answer.size() + 200'000);
    MetadataResponse r;
    Arena tight{1 << 20};
    CHECK_FALSE(decode(answer, 9, tight, r));
}

TEST_CASE("the arena's limit counts what small lists really take, and an empty list takes nothing") {
    Arena arena{1600};
    int rooms = 0;
    while (arena.room<std::int32_t>(1) != nullptr) ++rooms;
    CHECK(rooms == 100);   // 16 bytes each, the alignment
    CHECK(arena.used() == 1600);
    CHECK(arena.room<std::int32_t>(0) != nullptr);
    CHECK(arena.room<std::int64_t>(std::size_t{1} << 61) == nullptr);
}

TEST_CASE("a null where the version allows none is refused") {
    Arena arena;
    MetadataRequest m;
    CHECK_FALSE(decode(from_hex("ffffffff"), 0, arena, m));
    CHECK(decode(from_hex("ffffffff"), 1, arena, m));
    CHECK(!m.topics);
}

TEST_CASE("records of a Fetch answer are spliced in where they belong, not copied") {
    const std::string_view one = "first batch", two = "second";
    FetchResponse answer;
    auto& topic = answer.topics.emplace_back();
    topic.topic = "t";
    for (const auto& parts : {std::vector<Bytes>{as_bytes(one), as_bytes(two)}, {}, {as_bytes(two)}}) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = static_cast<std::int32_t>(topic.partitions.size());
        partition.records.parts = parts;
    }
    for (int version = FetchResponse::api.min; version <= FetchResponse::api.max; ++version) {
        CAPTURE(version);
        const auto gathered = encode_gather(answer, version, 77);
        CHECK(gathered.splices.size() == 2);
        Blob joined;
        bool lent = false;
        gathered.pieces([&](Bytes piece) {
            lent |= as_text(piece).data() == one.data();
            joined.insert(joined.end(), piece.begin(), piece.end());
        });
        CHECK(lent);
        CHECK(joined.size() == gathered.total);
        CHECK(joined == encode_answer(answer, version, 77));
    }
}

TEST_CASE("a text too long for the old string form is cut, so the frame stays whole") {
    ProduceResponse answer;
    auto& partition = answer.topics.emplace_back().partitions.emplace_back();
    partition.error_message = std::string(40'000, 'x');
    Arena arena;
    ProduceResponse again;
    REQUIRE(decode(encode(answer, 8), 8, arena, again));
    CHECK(again.topics[0].partitions[0].error_message->size() == 32'767);
    ProduceResponse flexible;
    REQUIRE(decode(encode(answer, 9), 9, arena, flexible));
    CHECK(flexible.topics[0].partitions[0].error_message->size() == 40'000);
}
