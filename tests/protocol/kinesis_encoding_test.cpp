// JSON and CBOR: the same values by either, every broken body refused, nothing read past the end.
#include <doctest/doctest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "protocol/kinesis/base64.h"
#include "protocol/kinesis/operations/get_records.h"
#include "protocol/kinesis/operations/list_shards.h"
#include "protocol/kinesis/operations/put_records.h"
#include "protocol/kinesis/request.h"
#include "protocol/kinesis/schema.h"
#include "protocol/utf8.h"

using namespace sluice;
using namespace sluice::kinesis;
using namespace std::chrono_literals;

namespace {

// A copy of exactly its size, so that a sanitizer sees any read past the end.
struct Exact {
    explicit Exact(std::string_view text) : size(text.size()), bytes(std::make_unique<char[]>(size)) {
        std::copy(text.begin(), text.end(), bytes.get());
    }
    std::string_view view() const { return {bytes.get(), size}; }
    std::size_t size;
    std::unique_ptr<char[]> bytes;
};

std::optional<std::string> json_text(std::string_view body) {
    const Exact exact{body};
    Arena arena{exact.size};
    JsonReader reader{exact.view(), arena};
    if (reader.peek() != Kind::text) return std::nullopt;
    const std::string text{reader.text()};
    return reader.finished() ? std::optional{text} : std::nullopt;
}

template <class Reader>
std::int64_t whole(std::string_view body) {
    Arena arena{body.size()};
    Reader reader{body, arena};
    REQUIRE(reader.peek() == Kind::number);
    const auto value = reader.integer();
    REQUIRE(reader.finished());
    return value;
}

GetRecords::Result some_records() {
    GetRecords::Result result;
    result.records.push_back({.sequence_number = "49",
                              .approximate_arrival_timestamp = Time{1441215410867ms},
                              .data = {"hello"},
                              .partition_key = "u\"1",
                              .encryption_type = {}});
    result.millis_behind_latest = 0;
    return result;
}

}   // namespace

TEST_CASE("JSON text keeps every character and refuses what is not UTF-8") {
    CHECK(json_text(R"("plain")") == "plain");
    CHECK(json_text(R"("a\"\\\/\b\f\n\r\t")") == "a\"\\/\b\f\n\r\t");
    CHECK(json_text(R"("\u0041\u00e9\u20ac\ud83d\ude00")") == "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    CHECK(json_text("\"\xF0\x9F\x98\x80 and more than eight\"") == "\xF0\x9F\x98\x80 and more than eight");
    for (const char* bad :
         {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")", R"("\x")", R"("\u12g4")", "\"\xC0\x80\"",
          "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xE2\x82\"", "\"a\nb\"", "\"open", "\"\\", "\"\\u12"})
        CHECK_MESSAGE(!json_text(bad), bad);
    CHECK(characters("a\xC3\xA9\xF0\x9F\x98\x80") == 3);
}

TEST_CASE("numbers are floored and clamped, never refused for their size") {
    CHECK(whole<JsonReader>("1.9") == 1);
    CHECK(whole<JsonReader>("-1.1") == -2);
    CHECK(whole<JsonReader>("1e3") == 1000);
    CHECK(whole<JsonReader>("1e999") == 9223372036854775807);
    CHECK(whole<JsonReader>("-99999999999999999999") == -9223372036854775807 - 1);
    CHECK(whole<JsonReader>("1e-999") == 0);
    CHECK(whole<CborReader>("\x1B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF") == 9223372036854775807);
    CHECK(whole<CborReader>(std::string_view{"\xF9\xBE\x00", 3}) == -2);
    for (const char* bad : {"01", "1.", ".5", "-", "1e", "+1", "NaN"})
        CHECK_FALSE(well_formed(std::string("{\"a\":") + bad + "}", Encoding::json));
    Arena arena{40};
    const auto request = read<GetRecords>(R"({"ShardIterator":"a","Limit":99999999999})", Encoding::json, arena, Caller{});
    CHECK(request.error().message ==
          "1 validation error detected: Value '2147483647' at 'limit' failed to satisfy constraint: Member "
          "must have value less than or equal to 10000");
}

TEST_CASE("a timestamp is seconds in JSON and tagged milliseconds in CBOR") {
    std::string json, cbor;
    JsonWriter{json}.time(Time{1441215410867ms});
    CborWriter{cbor}.time(Time{1441215410867ms});
    CHECK(json == "1441215410.867");
    CHECK(cbor == std::string("\xC1\x1B\x00\x00\x01\x4F\x8F\x21\xF2\xB3", 10));
    const auto from = [](auto reader) { return reader.time_ms(); };
    Arena arena{40};
    CHECK(from(JsonReader{"1.441215410867E9", arena}) == 1441215410867);
    CHECK(from(CborReader{cbor, arena}) == 1441215410867);
    CHECK(from(CborReader{std::string_view{cbor}.substr(1), arena}) == 1441215410867);
    CHECK(from(CborReader{std::string_view{"\xC1\xFB\x40\x00\x00\x00\x00\x00\x00\x00", 10}, arena}) == 2000);
}

TEST_CASE("base64 is decoded as strictly as the service does") {
    const auto decoded = [](std::string_view text) {
        const Exact exact{text};
        std::string out(text.size() / 4 * 3, '\0');
        const auto size = decode_base64(exact.view(), out.data());
        return size ? out.substr(0, *size) : size.error();
    };
    CHECK(decoded("") == "");
    CHECK(decoded("aGVsbG8=") == "hello");
    CHECK(decoded("+w==") == "\xFB");
    CHECK(decoded("A===") == "'A===' can not be converted to a Blob: Invalid Base64 character: '='");
    CHECK(decoded("====") == "'====' can not be converted to a Blob: Invalid Base64 character: '='");
    CHECK(decoded("AA=A") == "'AA=A' can not be converted to a Blob: Invalid Base64 character: '='");
    CHECK(decoded("AAA-") == "'AAA-' can not be converted to a Blob: Invalid Base64 character: '-'");
    CHECK(decoded("AB==") == "'AB==' can not be converted to a Blob: Invalid last non-pad Base64 character dectected");
    std::mt19937 chance{7};
    for (std::size_t size = 0; size < 200; ++size) {
        std::string bytes(size, '\0'), text(base64_size(size), '\0');
        for (char& c : bytes) c = static_cast<char>(chance());
        CHECK(put_base64(text.data(), bytes) == text.data() + text.size());
        CHECK(decoded(text) == bytes);
    }
    // Any character at any place of the 32 that are looked at together.
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int c = 0; c < 256; ++c)
        for (std::size_t at = 0; at < 32; ++at) {
            std::string text(64, 'A');
            text[at] = static_cast<char>(c);
            std::string out(48, '\0');
            CHECK(decode_base64(text, out.data()).has_value() == alphabet.contains(static_cast<char>(c)));
        }
}

TEST_CASE("a blob may be spelled with escapes, and in CBOR be text") {
    Arena arena{200};
    const auto escaped = read<PutRecords>(R"({"StreamName":"s","Records":[{"Data":"\/\/8=","PartitionKey":"\u0061"}]})",
                                          Encoding::json, arena, Caller{});
    REQUIRE(escaped);
    CHECK(escaped->records->at(0).data->bytes == "\xFF\xFF");
    CHECK(escaped->records->at(0).partition_key == "a");
    for (const std::string& data : {std::string("\x64"
                                                "aGk="),
                                    std::string("\x7F\x62"
                                                "aG\x62k=\xFF"),
                                    std::string("\x5F\x41h\x41i\xFF"), std::string("\x42hi")}) {
        const std::string body =
            "\xA1\x67Records\x9F\xBF\x64"
            "Data" +
            data + "\xFF\xFF";
        Arena room{body.size()};
        const auto request = read<PutRecords>(body, Encoding::cbor, room, Caller{});
        REQUIRE(request);
        CHECK(request->records->at(0).data->bytes == "hi");
    }
}

TEST_CASE("absent, null and unknown members are the same nothing") {
    Arena arena{200};
    const auto request = read<ListShards>(
        R"( { "StreamName" : null, "New":[{"x":[1,true,null,"\n"]}], "ShardFilter":{"Type":"AT_LATEST","ShardId":null} } )",
        Encoding::json, arena, Caller{});
    REQUIRE(request);
    CHECK_FALSE(request->stream_name);
    CHECK(request->shard_filter->type == "AT_LATEST");
    CHECK_FALSE(request->shard_filter->shard_id);
    const auto nested = read<ListShards>(R"({"ShardFilter":{"Type":"x"}})", Encoding::json, arena, Caller{});
    CHECK(nested.error().message ==
          "1 validation error detected: Value 'x' at 'shardFilter.type' failed to satisfy constraint: Member "
          "must satisfy enum value set: [AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, "
          "AT_TIMESTAMP, FROM_TIMESTAMP]");
}

TEST_CASE("results leave out what they do not have") {
    std::string json, cbor;
    encode(some_records(), Encoding::json, json);
    encode(some_records(), Encoding::cbor, cbor);
    CHECK(
        json ==
        R"({"Records":[{"SequenceNumber":"49","ApproximateArrivalTimestamp":1441215410.867,"Data":"aGVsbG8=","PartitionKey":"u\"1"}],"MillisBehindLatest":0})");
    CHECK(well_formed(cbor, Encoding::cbor));
    CHECK(
        cbor.starts_with("\xA2\x67Records\x81\xA4\x6ESequenceNumber\x62"
                         "49"));
}

TEST_CASE("whatever JSON and CBOR both can say means the same request") {
    std::mt19937 chance{11};
    for (int round = 0; round < 300; ++round) {
        std::string json = R"({"StreamName":"s","Records":[)", cbor = std::string("\xBF\x6AStreamName\x61s\x67Records\x9F");
        const auto count = 1 + chance() % 5;
        for (unsigned i = 0; i < count; ++i) {
            std::string data(chance() % 40, '\0'), key;
            for (char& c : data) c = static_cast<char>(chance());
            for (auto n = 1 + chance() % 9; n > 0; --n) {
                char spelled[4];
                constexpr char32_t pool[] = {'a', '"', '\\', '\n', 1, 0xE9, 0x20AC, 0x1F600};
                key.append(spelled, put_utf8(pool[chance() % 8], spelled));
            }
            JsonWriter a{json};
            if (i > 0) json += ',';
            a.begin_map(2), a.key("Data"), a.blob({data}), a.key("PartitionKey"), a.text(key), a.end_map();
            CborWriter b{cbor};
            b.begin_map(2), b.key("Data"), b.blob({data}), b.key("PartitionKey"), b.text(key), b.end_map();
        }
        json += "]}", cbor += "\xFF\xFF";
        Arena one{json.size()}, other{cbor.size()};
        const auto from_json = read<PutRecords>(json, Encoding::json, one, Caller{});
        const auto from_cbor = read<PutRecords>(cbor, Encoding::cbor, other, Caller{});
        REQUIRE(from_json);
        REQUIRE(from_cbor);
        REQUIRE(from_json->records->size() == count);
        for (unsigned i = 0; i < count; ++i) {
            CHECK(from_json->records->at(i).data == from_cbor->records->at(i).data);
            CHECK(from_json->records->at(i).partition_key == from_cbor->records->at(i).partition_key);
        }
    }
}

TEST_CASE("every beginning of a good body that is not the whole is refused") {
    const std::string json =
        R"({"StreamName":"sé\n\ud83d\ude00","Records":[{"Data":"\/\/8=","PartitionKey":"a"},null],"x":[1.5e3,-2,true,false,null,{}]})";
    const nlohmann::json same = nlohmann::json::parse(json);
    const auto packed = nlohmann::json::to_cbor(same);
    const std::string cbor{packed.begin(), packed.end()};
    const std::string open =
        "\xBF\x61x\x9F\x7F\x61y\x62zz\xFF\xC1\x1A\x01\x02\x03\x04\xFB\x01\x02\x03\x04\x05\x06\x07\x08\xFF"
        "\xFF";
    for (const auto& [whole_body, encoding] : {std::pair{json, Encoding::json}, {cbor, Encoding::cbor}, {open, Encoding::cbor}}) {
        CHECK(well_formed(Exact{whole_body}.view(), encoding));
        for (std::size_t size = 0; size < whole_body.size(); ++size) {
            const Exact part{std::string_view{whole_body}.substr(0, size)};
            CHECK_FALSE(well_formed(part.view(), encoding));
            Arena arena{size};
            const auto request = read<PutRecords>(part.view(), encoding, arena, Caller{});
            CHECK(request.error() == Error{ErrorCode::serialization});
        }
        CHECK_FALSE(well_formed(whole_body + "0", encoding));
    }
}

TEST_CASE("deep nesting and claimed sizes are refused without harm") {
    CHECK(well_formed("{\"a\":" + std::string(63, '[') + std::string(63, ']') + "}", Encoding::json));
    CHECK_FALSE(well_formed("{\"a\":" + std::string(64, '[') + std::string(64, ']') + "}", Encoding::json));
    CHECK_FALSE(well_formed("{\"a\":" + std::string(1'000'000, '['), Encoding::json));
    CHECK_FALSE(
        well_formed("\xA1\x61"
                    "a" +
                        std::string(1'000'000, '\x81'),
                    Encoding::cbor));
    CHECK_FALSE(
        well_formed("\xA1\x61"
                    "a" +
                        std::string(1'000'000, '\xC1'),
                    Encoding::cbor));
    for (const char* head : {"\x5B", "\x7B", "\x9B", "\xBB"})
        CHECK_FALSE(
            well_formed("\xA1\x61"
                        "a" +
                            std::string(head) + std::string(8, '\x7F') + "abc",
                        Encoding::cbor));
    CHECK_FALSE(well_formed("\xBB" + std::string(8, '\x7F'), Encoding::cbor));
    for (const char* bad :
         {"{\"a\":1,}", "{,}", "{\"a\" 1}", "{\"a\":[1,]}", "{\"a\":[1 2]}", "[]", "\"x\"", "{\"a\":tru}", "{a:1}", "{} {}"})
        CHECK_FALSE(well_formed(bad, Encoding::json));
    std::string many = R"({"StreamName":"s","Records":[{})";
    for (int i = 0; i < 100'000; ++i) many += ",{}";
    Arena arena{many.size()};
    const auto refused = read<PutRecords>(many + "]}", Encoding::json, arena, Caller{});
    CHECK(refused.error().message->starts_with(
        "10 validation errors detected: Value at 'records' failed to satisfy constraint: Member must have "
        "length less than or equal to 500; Value null at 'records.1.member.data'"));
}

TEST_CASE("random bytes never do more than be refused") {
    std::mt19937 chance{13};
    std::string good;
    encode(some_records(), Encoding::cbor, good);
    int refused = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string body = good;
        for (auto n = 1 + chance() % 4; n > 0; --n) body[chance() % body.size()] = static_cast<char>(chance());
        const Exact exact{body};
        for (const auto encoding : {Encoding::json, Encoding::cbor}) {
            Arena arena{exact.size};
            refused += !read<PutRecords>(exact.view(), encoding, arena, Caller{});
        }
    }
    CHECK(refused > 20'000);
}
