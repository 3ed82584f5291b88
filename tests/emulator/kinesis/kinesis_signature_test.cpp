// Signatures at the Kinesis door (`--kinesis-auth`), and the whole order in which a request is checked.
#include "emulator/kinesis/verification.h"
#include "tests/support/kinesis_call.h"
#include "tests/support/signer.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

constexpr std::string_view json_type = "application/x-amz-json-1.1", cbor_type = "application/x-amz-cbor-1.1";

// A door that verifies; its clock stands.
struct Verified {
    explicit Verified(streams::EngineOptions with = {}, bool by_virtual_clock = false)
        : world(std::move(with)),
          verification({{"AKIDEXAMPLE", "secret", ""}, {"AKIDTOKEN", "secret", "token", world.time.now() + 1h}},
                       by_virtual_clock) {
        world.clock().freeze();
        options.verification = &verification;
    }
    kinesis::Answer answer(const HttpRequest& request) { return answer_to(world, options, request, pushed); }
    // "Type: message", or the status of what is no refusal.
    std::string told(const HttpRequest& request) {
        const auto given = answer(request);
        if (given.content_type.empty() || given.body.empty()) return std::to_string(given.status) + " " + given.body;
        const auto fields = given.content_type == cbor_type ? json::from_cbor(given.body) : json::parse(given.body);
        if (!fields.contains("__type")) return std::to_string(given.status);
        auto text = fields["__type"].get<std::string>();
        for (const auto* key : {"message", "Message"})
            if (fields.contains(key)) text += ": " + fields[key].get<std::string>();
        return text;
    }
    World world;
    kinesis::Verification verification;
    kinesis::DoorOptions options;
    kinesis::Push pushed;
};

HttpRequest request_for(std::string_view operation, const json& body, std::string_view type = json_type) {
    HttpRequest request;
    if (type == cbor_type) {
        const auto bytes = json::to_cbor(body);
        request.body.assign(bytes.begin(), bytes.end());
    } else {
        request.body = body.dump();
    }
    request.headers = {{"Host", "localhost:4567"},
                       {"Content-Type", std::string{type}},
                       {"X-Amz-Target", "Kinesis_20131202." + std::string{operation}}};
    return request;
}

}   // namespace

TEST_CASE("a request is checked from its outside to its inside, in JSON and in CBOR, and each fault hides those behind it") {
    for (const auto type : {json_type, cbor_type}) {
        CAPTURE(type);
        const bool in_json = type == json_type;
        Verified door;
        const Signer signer;
        const auto now = door.world.time.now();
        // Everything is wrong with it; one thing after the other is mended.
        auto request = request_for("PutRecord", {{"StreamName", 7}, {"PartitionKey", ""}}, type);
        const auto good_body = request.body;
        request.headers = {{"Host", "localhost:4567"}, {"Origin", "http://page.example"}};
        request.method = "OPTIONS", request.body = "";
        CHECK(door.told(request) == "200 ");
        request.method = "GET";
        const std::string denied =
            "403 <AccessDeniedException>\n  <Message>Unable to determine service/operation name to be "
            "authorized</Message>\n</AccessDeniedException>\n";
        CHECK(door.told(request) == denied);
        request.method = "POST";
        CHECK(door.told(request) == "UnknownOperationException");
        CHECK(door.answer(request).content_type == cbor_type);
        request.set("X-Amz-Target", "Kinesis_20131202.PutRecord");
        CHECK(door.told(request) == "SerializationException");
        request.unset("X-Amz-Target");
        request.body = "no body of any kind";
        CHECK(door.told(request) == denied);
        request.set("X-Amz-Target", "Kinesis_20131202.PutRecords2");
        CHECK(door.told(request) == "404 <UnknownOperationException/>\n");
        request.set("Content-Type", std::string{type} + " ; charset=utf-8");
        CHECK(door.told(request) == "SerializationException");
        request.body = good_body;
        CHECK(door.told(request) == "UnknownOperationException");
        request.set("X-Amz-Target", "Kinesis_20131202.PutRecord");
        request.body += '}';
        CHECK(door.told(request) == "SerializationException");
        request.body = good_body;

        CHECK(door.told(request) == "MissingAuthenticationTokenException: Missing Authentication Token");
        request.target = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256";
        CHECK(
            door.told(request) ==
            "IncompleteSignatureException: AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters "
            "must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string "
            "parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.");
        request.set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDNOBODY/20010101/us-east-1/s3/aws4_request");
        CHECK(
            door.told(request) ==
            "InvalidSignatureException: Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
        request.target = "/";
        CHECK(door.told(request) ==
              "IncompleteSignatureException: Authorization header requires 'Signature' parameter. Authorization header requires "
              "'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
              "Authorization=AWS4-HMAC-SHA256 Credential=AKIDNOBODY/20010101/us-east-1/s3/aws4_request");
        Signer{.service = "s3"}.sign(request, now - 1h);
        CHECK(door.told(request) == "InvalidSignatureException: Credential should be scoped to correct service: 'kinesis'. ");
        Signer{.id = "AKIDNOBODY"}.sign(request, now - 1h);
        CHECK(
            door.told(request) ==
            "InvalidSignatureException: Signature expired: 20231114T211320Z is now earlier than 20231114T220820Z (20231114T221320Z - "
            "5 min.)");
        Signer{.id = "AKIDNOBODY"}.sign(request, now);
        CHECK(door.told(request) == "UnrecognizedClientException: The security token included in the request is invalid.");
        Signer{.secret = "another"}.sign(request, now);
        CHECK(
            door.told(request) ==
            "InvalidSignatureException: The request signature we calculated does not match the signature you provided. Check your "
            "AWS Secret Access Key and signing method. Consult the service documentation for details.");
        signer.sign(request, now);
        CHECK(
            door.told(request) ==
            "SerializationException: class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String");

        const auto send = [&](const json& body) {
            request.body = request_for("PutRecord", body, type).body;
            signer.sign(request, now);
            return door.told(request);
        };
        const auto data = in_json ? json("eA==") : json::binary({'x'});
        CHECK(send({{"StreamName", "s"}, {"PartitionKey", ""}, {"Data", data}, {"ExplicitHashKey", "x"}})
                  .starts_with("ValidationException: 2 validation errors detected: "));
        CHECK(send({{"StreamName", "s"}, {"PartitionKey", "k"}, {"Data", data}}) ==
              "ResourceNotFoundException: Stream s under account 000000000000 not found.");
        door.world.create("s");
        CHECK(send({{"StreamName", "s"}, {"PartitionKey", "k"}, {"Data", data}}) == "200");
    }
}

TEST_CASE("a signature in the query is verified like one in the header, and the body with it") {
    Verified door;
    const Signer signer;
    const auto now = door.world.time.now();
    auto request = request_for("ListStreams", json::object());
    signer.presign(request, now);
    CHECK(door.told(request) == "200");
    auto changed = request;
    changed.body = R"({"Limit":1})";
    CHECK(door.told(changed).starts_with("InvalidSignatureException: The request signature we calculated"));
    door.world.time.move(2min);
    CHECK(door.told(request) == "200");   // the clock that stands is near enough
    door.world.clock().advance(2min);
    CHECK(
        door.told(request) ==
        "InvalidSignatureException: Signature expired: 20231114T221320Z is now earlier than 20231114T221420Z (20231114T221520Z - 1 "
        "min.)");
}

TEST_CASE("a date is good that is near the server's clock or the real one; with the virtual clock alone it is near that one") {
    for (const bool by_virtual : {false, true}) {
        CAPTURE(by_virtual);
        Verified door{{}, by_virtual};
        const Signer signer;
        const auto real = door.world.time.now();
        door.world.clock().advance(24h);
        auto request = request_for("ListStreams", json::object());
        signer.sign(request, real + 24h);
        CHECK(door.told(request) == "200");
        signer.sign(request, real);
        CHECK(door.told(request) ==
              (by_virtual ? "InvalidSignatureException: Signature expired: 20231114T221320Z is now earlier than 20231115T220820Z "
                            "(20231115T221320Z - 5 min.)"
                          : "200"));
        signer.sign(request, real + 30h);
        CHECK(door.told(request) ==
              "InvalidSignatureException: Signature not yet current: 20231116T041320Z is still later than 20231115T221820Z "
              "(20231115T221320Z + 5 min.)");
    }
}

TEST_CASE("a temporary key needs its token, which can expire") {
    Verified door;
    const Signer signer{.id = "AKIDTOKEN", .token = "token"};
    auto request = request_for("ListStreams", json::object());
    signer.sign(request, door.world.time.now());
    CHECK(door.told(request) == "200");
    auto without = request_for("ListStreams", json::object());
    Signer{.id = "AKIDTOKEN"}.sign(without, door.world.time.now());
    CHECK(door.told(without) == "UnrecognizedClientException: The security token included in the request is invalid.");
    door.world.time.move(1h);
    door.world.clock().advance(1h);
    signer.sign(request, door.world.time.now());
    CHECK(door.told(request) == "ExpiredTokenException: The security token included in the request is expired");
}

TEST_CASE("a large body is hashed on a thread beside the loop") {
    Verified door{{.most_worked_on_loop = 1'000, .reads_on_thread = true}};
    door.world.create("s");
    const Signer signer;
    auto request = request_for("PutRecord", {{"StreamName", "s"}, {"PartitionKey", "k"}, {"Data", std::string(4'000, 'A')}});
    signer.sign(request, door.world.time.now());
    CHECK(door.told(request) == "200");
    request.body.replace(request.body.find("AAAA"), 4, "AAAB");
    CHECK(door.told(request).starts_with("InvalidSignatureException: "));
}

TEST_CASE("without verification any signature is let in that has its parts, whatever it says") {
    World world;
    const kinesis::DoorOptions any;
    kinesis::Push pushed;
    auto request = request_for("ListStreams", json::object());
    request.set("Authorization", "X Credential=a, SignedHeaders=b, Signature=c");
    request.set("Date", "never");
    CHECK(answer_to(world, any, request, pushed).status == 200);
}
