// The cases of tests/wire/kinesis-cases.json that need no stream: front end, types, constraints. Each was
// checked against AWS by the source it names.
#include <doctest/doctest.h>

#include <boost/regex.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "protocol/kinesis/operations/add_tags_to_stream.h"
#include "protocol/kinesis/operations/create_stream.h"
#include "protocol/kinesis/operations/delete_stream.h"
#include "protocol/kinesis/operations/describe_stream.h"
#include "protocol/kinesis/operations/get_records.h"
#include "protocol/kinesis/operations/get_shard_iterator.h"
#include "protocol/kinesis/operations/list_shards.h"
#include "protocol/kinesis/operations/list_streams.h"
#include "protocol/kinesis/operations/put_record.h"
#include "protocol/kinesis/operations/put_records.h"
#include "protocol/kinesis/request.h"
#include "protocol/kinesis/schema.h"
#include "tests/support/source_folder.h"

using namespace sluice::kinesis;
using Json = nlohmann::json;

namespace {

// What a server without streams answers: the fault, or an empty 200.
template <class... T>
Answer serve(const Routed& routed, const RequestHead& head, std::string_view body) {
    std::optional<Answer> answer;
    const auto attempt = [&]<class One>(One*) {
        if (One::operation != routed.operation) return;
        Arena arena{body.size()};
        const auto request = read<One>(body, routed.encoding, arena, authenticate(head));
        answer = request ? Answer{} : render(request.error(), routed.encoding);
    };
    (attempt(static_cast<T*>(nullptr)), ...);
    REQUIRE_MESSAGE(answer.has_value(), "no structure for ", routed.operation);
    return *answer;
}

Answer answer_to(const RequestHead& head, std::string_view body) {
    const auto routed = route(head, body);
    if (const auto* answer = std::get_if<Answer>(&routed)) return *answer;
    return serve<AddTagsToStream, CreateStream, DeleteStream, DescribeStream, GetRecords, GetShardIterator, ListShards,
                 ListStreams, PutRecord, PutRecords>(std::get<Routed>(routed), head, body);
}

std::string body_of(const Json& one) {
    if (one.contains("raw_body")) return one["raw_body"];
    Json body = one["body"];
    // "<501 x {...}>" stands for that many of a record.
    if (body.contains("Records") && body["Records"].is_string() && body["Records"].get<std::string>().starts_with("<501")) {
        const bool keyed = body["Records"].get<std::string>().find("PartitionKey: a") != std::string::npos;
        body["Records"] = Json(501, Json{{"PartitionKey", keyed ? "a" : ""}, {"Data", ""}});
    }
    if (body.contains("StreamName") && body["StreamName"].is_string() && body["StreamName"] == "${stream_1}")
        body["StreamName"] = "one";
    return body.dump();
}

Json parsed(const Answer& answer) {
    return answer.content_type == content_type(Encoding::cbor) ? Json::from_cbor(answer.body) : Json::parse(answer.body);
}

// The parts of a validation message, as a set: their order is the service's own.
std::multiset<std::string> parts(const std::string& message) {
    std::multiset<std::string> found;
    std::size_t from = message.find(": ") + 2;
    for (std::size_t end; (end = message.find("; ", from)) != std::string::npos; from = end + 2)
        found.insert(message.substr(from, end - from));
    found.insert(message.substr(from));
    return found;
}

}   // namespace

TEST_CASE("faults that need no stream are told as AWS tells them") {
    std::ifstream file{SLUICE_SOURCE_DIR "/tests/wire/kinesis-cases.json"};
    REQUIRE(file);
    int ran = 0;
    const Json cases = Json::parse(file).at("cases");
    for (const Json& one : cases) {
        const std::string id = one["id"];
        const bool pure =
            id.starts_with("transport-") || id.starts_with("type-") || id.starts_with("val-") || id.starts_with("auth-");
        // Dates are looked at only where signatures are verified (tests/clients/test_signatures.py).
        if (!pure || id == "auth-expired" || id == "auth-future") continue;
        INFO("case ", id);
        ++ran;
        std::vector<std::pair<std::string, std::string>> kept;
        for (const auto& [name, value] : one["headers"].items()) kept.emplace_back(name, value);
        if (one["target"].is_string()) kept.emplace_back("x-amz-target", one["target"]);
        if (!id.starts_with("auth-")) {
            kept.emplace_back("Authorization",
                              "AWS4-HMAC-SHA256 Credential=k/20261124/eu-west-1/kinesis/aws4_request, "
                              "SignedHeaders=h, Signature=s");
            kept.emplace_back("X-Amz-Date", "20261124T120000Z");
        }
        const std::vector<std::pair<std::string_view, std::string_view>> headers{kept.begin(), kept.end()};
        const std::string method = one["method"], path = one.value("path", "/"), body = body_of(one);
        const Answer answer = answer_to({method, path, headers}, body);
        const Json& expect = one["expect"];
        CHECK(answer.status == expect["status"].get<unsigned>());
        if (expect.contains("body_regex"))
            CHECK(boost::regex_match(answer.body, boost::regex(expect["body_regex"].get<std::string>())));
        if (expect.contains("type")) {
            const Json told = parsed(answer);
            CHECK(told["__type"] == expect["type"]);
            const char* key = expect["type"] == "SerializationException" ? "Message" : "message";
            const std::string message = told.value(key, "");
            if (expect.contains("message_regex"))
                CHECK_MESSAGE(boost::regex_search(message, boost::regex(expect["message_regex"].get<std::string>())), message);
            if (expect.contains("validation_parts"))
                CHECK(parts(message) == expect["validation_parts"].get<std::multiset<std::string>>());
            if (expect.contains("absent_fields"))
                for (const std::string name : expect["absent_fields"]) CHECK_FALSE(told.contains(name));
        }
        if (answer.status != 200 && expect.contains("fields"))
            for (const auto& [name, value] : expect["fields"].items()) CHECK(parsed(answer)[name] == value);
        if (expect.contains("headers"))
            for (const auto& [name, value] : expect["headers"].items()) {
                if (name == "Content-Type") CHECK(answer.content_type == value.get<std::string>());
                if (name == "x-amz-id-2") CHECK_FALSE(answer.extended_id);
                if (name.starts_with("Access-Control")) {
                    const auto found =
                        std::ranges::find(answer.headers, name, [](const auto& h) { return std::string(h.first); });
                    REQUIRE(found != answer.headers.end());
                    CHECK(found->second == value.get<std::string>());
                }
            }
    }
    CHECK(ran == 36);
}

TEST_CASE(
    "the body's syntax is checked before the signature, the signature before the types, the types before the "
    "rest") {
    const std::vector<std::pair<std::string_view, std::string_view>> unsigned_headers{
        {"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", "Kinesis_20131202.PutRecord"}};
    const RequestHead head{"POST", "/", unsigned_headers};
    CHECK(answer_to(head, R"({"StreamName":23)").body == R"({"__type":"SerializationException"})");
    CHECK(answer_to(head, R"({"StreamName":23})").body ==
          R"({"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"})");
    Arena arena{100};
    const auto fault = read<PutRecord>(R"({"PartitionKey":"","StreamName":true,"Data":7})", Encoding::json, arena, Caller{});
    CHECK(fault.error() == Error{ErrorCode::serialization, "class java.lang.Boolean can not be converted to an String"});
}

TEST_CASE("a signature's credential scope says who calls and from where") {
    const std::vector<std::pair<std::string_view, std::string_view>> headers{
        {"authorization",
         "AWS4-HMAC-SHA256 "
         "SignedHeaders=a;b,Signature=0f,Credential=ns-x/y/20261124/eu-west-1/kinesis/aws4_request"},
        {"DATE", "Tue, 24 Nov 2026 12:00:00 GMT"}};
    const auto caller = authenticate({"POST", "/", headers});
    REQUIRE(caller);
    CHECK(caller->access_key == "ns-x/y");
    CHECK(caller->date == "20261124");
    CHECK(caller->region == "eu-west-1");
    CHECK(caller->signed_at == "Tue, 24 Nov 2026 12:00:00 GMT");
    const auto by_query = authenticate({"POST",
                                        "/?X-Amz-Algorithm=a&X-Amz-Credential=k%2F1%2Fr%2Fkinesis%2Faws4_"
                                        "request&X-Amz-Signature=s&X-Amz-SignedHeaders=h&X-Amz-Date=d",
                                        {}});
    REQUIRE(by_query);
    CHECK(by_query->access_key == "k");
    CHECK(by_query->region == "r");
}

TEST_CASE("a value of a wrong type is told by what it is and what was wanted") {
    const auto fault = [](std::string_view body) {
        Arena arena{body.size()};
        const auto request = read<PutRecord>(body, Encoding::json, arena, Caller{});
        REQUIRE_FALSE(request);
        CHECK(request.error().code == ErrorCode::serialization);
        return request.error().message.value_or("");
    };
    CHECK(fault(R"({"Data":true})") == "class java.lang.Boolean can not be converted to a Blob");
    CHECK(fault(R"({"Data":1})") ==
          "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to a Blob");
    CHECK(fault(R"({"DryRun":1})") ==
          "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an Boolean");
    CHECK(fault(R"({"DryRun":"hello"})") == "'HELLO' can not be converted to an Boolean");
    CHECK(fault(R"({"StreamName":[]})") == "Start of list found where not expected");
    CHECK(fault(R"({"StreamName":{}})") == "Start of structure or map found where not expected.");
    const std::string_view whole = R"({"Limit":true})";
    Arena arena{whole.size()};
    CHECK(read<GetRecords>(whole, Encoding::json, arena, Caller{}).error().message ==
          "class java.lang.Boolean can not be converted to an Integer");
}

TEST_CASE("of a repeated tag the last value counts, and a million tags are only too many") {
    const std::string_view twice = R"({"StreamName":"s","Tags":{"a":"1","b":"2","a":"3"}})";
    Arena arena{twice.size()};
    const auto request = read<AddTagsToStream>(twice, Encoding::json, arena, Caller{});
    REQUIRE(request);
    CHECK(*request->tags == TextMap{{"a", "3"}, {"b", "2"}});
    std::string many = R"({"StreamName":"s","Tags":{"0":"")";
    for (int i = 1; i < 1'000'000; ++i) many += ",\"" + std::to_string(i) + "\":\"\"";
    many += "}}";
    Arena room{many.size()};
    const auto refused = read<AddTagsToStream>(many, Encoding::json, room, Caller{});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message->ends_with("Member must have length less than or equal to 200"));
    CHECK(refused.error().message->size() < 2000);
}
