// Signature Version 4: each step against what botocore makes (tests/wire/sigv4.json), and what a wrong one is told.
#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "protocol/aws/verifier.h"
#include "protocol/kinesis/base64.h"
#include "protocol/kinesis/request.h"
#include "tests/support/source_folder.h"

using namespace sluice;
using namespace sluice::aws;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

std::string from_base64(const std::string& text) {
    std::string out(text.size() / 4 * 3, '\0');
    out.resize(kinesis::decode_base64(text, out.data()).value());
    return out;
}

// A request of the file as it is sent.
struct Sent {
    explicit Sent(const Json& one)
        : method(one["method"]), target(one["target"]), body(from_base64(one["body_base64"])), service(one["service"]) {
        for (const auto& header : one["headers"]) {
            std::string value = header[1];
            value.erase(0, value.find_first_not_of(' '));
            value.erase(value.find_last_not_of(' ') + 1);
            kept.emplace_back(header[0], value);
        }
        look();
    }
    void look() { headers.assign(kept.begin(), kept.end()); }
    RequestHead head() const { return {method, target, headers}; }
    std::string* header(std::string_view name) {
        for (auto& [key, value] : kept)
            if (key == name) return &value;
        return nullptr;
    }
    void replace(std::string& where, std::string_view old, std::string_view with) {
        REQUIRE(where.contains(old));
        where.replace(where.find(old), old.size(), with);
        look();
    }
    std::string method, target, body, service;
    std::vector<std::pair<std::string, std::string>> kept;
    std::vector<std::pair<std::string_view, std::string_view>> headers;
};

struct Vectors {
    Vectors() {
        std::ifstream file{SLUICE_SOURCE_DIR "/tests/wire/sigv4.json"};
        REQUIRE(file);
        all = Json::parse(file);
    }
    Sent named(std::string_view name) const {
        for (const auto& one : all["cases"])
            if (one["name"] == name) return Sent{one};
        FAIL("no case ", name);
        throw;
    }
    Key key(std::string token = "") const { return {all["access_key"], all["secret"], std::move(token)}; }
    Json all;
};

const Time signed_then = *signed_time("20261127T214300Z");

// What the request is told; empty when its signature is right.
std::string told(Verifier& verifier, const Sent& sent, std::vector<Time> nows = {signed_then}, std::string_view service = {}) {
    const auto caller = read_signature(sent.head());
    REQUIRE(caller);
    const auto right = verifier.verify(sent.head(), *caller, sha256(sent.body),
                                       service.empty() ? std::string_view{sent.service} : service, nows);
    return right ? "" : right.error().text;
}

}   // namespace

TEST_CASE("each step of a signature is that of botocore, by header and by query, and the whole is found right") {
    const Vectors vectors;
    for (const Json& one : vectors.all["cases"]) {
        CAPTURE(one["name"].get<std::string>());
        const Sent sent{one};
        const auto caller = read_signature(sent.head());
        REQUIRE(caller);
        const auto canonical = canonical_request(sent.head(), caller->signed_headers, hex(sha256(sent.body)));
        REQUIRE(canonical);
        CHECK(*canonical == one["canonical_request"].get<std::string>());
        const auto scope = "20261127/eu-west-1/" + sent.service + "/aws4_request";
        const auto text = string_to_sign("20261127T214300Z", scope, *canonical);
        CHECK(text == one["string_to_sign"].get<std::string>());
        const auto key = signing_key(vectors.all["secret"].get<std::string>(), "20261127", "eu-west-1", sent.service);
        CHECK(hex(hmac_sha256(view(key), text)) == one["signature"].get<std::string>());
        Verifier verifier{{vectors.key(one["token"])}};
        CHECK(told(verifier, sent) == "");
    }
    CHECK(vectors.all["cases"].size() >= 14);
}

TEST_CASE("a request that is not the one that was signed does not match, whichever part of it was changed") {
    const Vectors vectors;
    Verifier verifier{{vectors.key()}};
    constexpr std::string_view mismatch =
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
        "signing method. Consult the service documentation for details.";
    CHECK(told(verifier, vectors.named("json")) == "");
    const auto changed = [&](auto&& change) {
        auto sent = vectors.named("a query in no order");
        change(sent);
        sent.look();
        CHECK(told(verifier, sent) == mismatch);
    };
    changed([](Sent& sent) { sent.method = "PUT"; });
    changed([](Sent& sent) { sent.body = "{ }"; });
    changed([](Sent& sent) { sent.target = "/x" + sent.target; });
    changed([](Sent& sent) { sent.target += "&c=1"; });
    changed([](Sent& sent) { sent.replace(sent.target, "b=2", "b=3"); });
    changed([](Sent& sent) { *sent.header("X-Amz-Target") = "Kinesis_20131202.DeleteStream"; });
    changed([](Sent& sent) { *sent.header("Host") = "localhost:4568"; });
    changed([](Sent& sent) { *sent.header("X-Amz-Date") = "20261127T214301Z"; });
    changed([](Sent& sent) { sent.replace(*sent.header("Authorization"), "eu-west-1", "eu-west-2"); });
    changed([](Sent& sent) { sent.header("Authorization")->back() ^= 1; });
    changed([](Sent& sent) { sent.header("Authorization")->pop_back(); });
    changed([](Sent& sent) { sent.replace(*sent.header("Authorization"), "content-type;", "a;content-type;"); });
    // A list that is in no order, or names a header twice, has no canonical form.
    changed([](Sent& sent) { sent.replace(*sent.header("Authorization"), "host;x-amz-date", "x-amz-date;host"); });
    changed([](Sent& sent) { sent.replace(*sent.header("Authorization"), "host;", "host;host;"); });
    Verifier other{{{vectors.key().id, "another secret", ""}}};
    CHECK(told(other, vectors.named("json")) == mismatch);
}

TEST_CASE("UNSIGNED-PAYLOAD in place of the body's hash is not believed: neither Kinesis nor STS takes it") {
    const Vectors vectors;
    Verifier verifier{{vectors.key()}};
    auto sent = vectors.named("json");
    sent.kept.emplace_back("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
    auto& authorization = *sent.header("Authorization");
    sent.replace(authorization, "host;x-amz-date", "host;x-amz-content-sha256;x-amz-date");
    const auto caller = read_signature(sent.head());
    const auto canonical = canonical_request(sent.head(), caller->signed_headers, "UNSIGNED-PAYLOAD");
    const auto key = signing_key(vectors.key().secret, "20261127", "eu-west-1", "kinesis");
    const auto signature = hex(
        hmac_sha256(view(key), string_to_sign("20261127T214300Z", "20261127/eu-west-1/kinesis/aws4_request", canonical.value())));
    authorization.replace(authorization.size() - 64, 64, signature);
    sent.look();
    CHECK(told(verifier, sent).starts_with("The request signature we calculated does not match"));
}

TEST_CASE("a signature's date is good for five minutes before and after any moment that counts as now") {
    const Vectors vectors;
    Verifier verifier{{vectors.key()}};
    const auto sent = vectors.named("json");
    CHECK(told(verifier, sent, {signed_then + 5min}) == "");
    CHECK(told(verifier, sent, {signed_then - 5min}) == "");
    CHECK(told(verifier, sent, {signed_then + 5min + 1s}) ==
          "Signature expired: 20261127T214300Z is now earlier than 20261127T214301Z (20261127T214801Z - 5 min.)");
    CHECK(told(verifier, sent, {signed_then - 5min - 1s}) ==
          "Signature not yet current: 20261127T214300Z is still later than 20261127T214259Z (20261127T213759Z + 5 min.)");
    CHECK(told(verifier, sent, {signed_then + 24h, signed_then - 1min}) == "");
    // The nearer one is told.
    CHECK(told(verifier, sent, {signed_then + 24h, signed_then - 6min}) ==
          "Signature not yet current: 20261127T214300Z is still later than 20261127T214200Z (20261127T213700Z + 5 min.)");
    CHECK(told(verifier, sent, {signed_then + 24h, signed_then - 48h}) ==
          "Signature expired: 20261127T214300Z is now earlier than 20261128T213800Z (20261128T214300Z - 5 min.)");
}

TEST_CASE("a presigned request lives as long as it says, five minutes when it says nothing, and a week at most") {
    const Vectors vectors;
    Verifier verifier{{vectors.key()}};
    const auto hour = vectors.named("presigned"), minute = vectors.named("presigned, for sts");
    CHECK(told(verifier, hour, {signed_then + 1h}) == "");
    CHECK(told(verifier, hour, {signed_then + 1h + 1s}) ==
          "Signature expired: 20261127T214300Z is now earlier than 20261127T214301Z (20261127T224301Z - 60 min.)");
    CHECK(told(verifier, minute, {signed_then + 60s}) == "");
    CHECK(told(verifier, minute, {signed_then + 61s}).ends_with("(20261127T214401Z - 1 min.)"));
    CHECK(told(verifier, hour, {signed_then - 5min - 1s}).starts_with("Signature not yet current: "));
    auto sent = hour;
    for (const auto* wrong : {"604801", "0", "-5", "1h", "99999999999999999999"}) {
        sent = hour;
        sent.replace(sent.target, "X-Amz-Expires=3600", std::string{"X-Amz-Expires="} + wrong);
        CHECK(told(verifier, sent) == "X-Amz-Expires must be a number of seconds from 1 to 604800.");
    }
    sent = hour;
    sent.replace(sent.target, "&X-Amz-Expires=3600", "");
    CHECK(told(verifier, sent, {signed_then + 5min + 1s}).starts_with("Signature expired: "));
}

TEST_CASE("a key that is unknown, or comes with another token than it has, is no client; a token can be expired") {
    const Vectors vectors;
    constexpr std::string_view unknown = "The security token included in the request is invalid.";
    const auto sent = vectors.named("a session token"), plain = vectors.named("json");
    const std::string token = *Sent{sent}.header("X-Amz-Security-Token");
    Verifier nobody{{{"AKIDOTHER", "x", ""}}}, without{{vectors.key()}}, with{{vectors.key(token)}},
        wrong{{vectors.key(token + "x")}};
    CHECK(told(nobody, plain) == unknown);
    CHECK(told(without, sent) == unknown);
    CHECK(told(with, plain) == unknown);
    CHECK(told(wrong, sent) == unknown);
    CHECK(told(with, sent) == "");
    auto key = vectors.key(token);
    key.until = signed_then + 1min;
    Verifier until{{key}};
    CHECK(told(until, sent, {signed_then + 59s}) == "");
    CHECK(told(until, sent, {signed_then + 1min}) == "The security token included in the request is expired");
    CHECK(told(until, sent, {signed_then + 1min, signed_then}) == "");
    const auto by_query = vectors.named("presigned with a token");
    Verifier good{{vectors.key("token/+=")}};
    CHECK(told(good, by_query) == "");
    CHECK(told(without, by_query) == unknown);
}

TEST_CASE("a signature of another form, service or day is told what is wrong with it before its key is looked up") {
    const Vectors vectors;
    Verifier verifier{{}};
    const auto changed = [&](std::string_view old, std::string_view with, std::string_view header = "Authorization") {
        auto sent = vectors.named("json");
        sent.replace(*sent.header(header), old, with);
        return told(verifier, sent);
    };
    CHECK(changed("AWS4-HMAC-SHA256 ", "AWS3 ") == "Unsupported AWS 'algorithm': 'AWS3'.");
    CHECK(
        changed("/20261127/eu-west-1/kinesis/aws4_request", "/kinesis") ==
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE/kinesis'");
    CHECK(changed("20261127T214300Z", "yesterday", "X-Amz-Date") ==
          "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601");
    CHECK(changed("/aws4_request", "/aws5_request") ==
          "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.");
    CHECK(changed("/kinesis/", "/sts/") == "Credential should be scoped to correct service: 'kinesis'. ");
    CHECK(
        changed("/20261127/", "/20261126/") ==
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261126' != '20261127', from "
        "'20261127T214300Z'.");
    CHECK(changed("host;", "") == "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    CHECK(changed("local", "remote", "Host") == "The security token included in the request is invalid.");
}

TEST_CASE("the moments of a signature are ISO 8601's basic form or that of HTTP's Date header, and nothing else") {
    CHECK(iso_text(*signed_time("20151120T200815Z")) == "20151120T200815Z");
    CHECK(iso_text(*signed_time("Fri, 20 Nov 2015 20:08:15 GMT")) == "20151120T200815Z");
    CHECK(iso_text(*signed_time("24000229T000000Z")) == "24000229T000000Z");
    for (const auto* wrong : {"", "d", "20151120", "20151120T200815", "2015-11-20T20:08:15Z", "20150229T000000Z",
                              "20151320T000000Z", "20151120T240000Z", "20151120T006000Z", "-0151120T000000Z", "2015112 T000000Z",
                              "Fri, 20 Nov 2015 20:08:15 CET", "Fri, 20 nov 2015 20:08:15 GMT", "Fri, 20 ovD 2015 20:08:15 GMT",
                              "Friday, 20-Nov-15 20:08:15 GMT", "20151120T20081\xffZ"}) {
        CAPTURE(wrong);
        CHECK_FALSE(signed_time(wrong));
    }
}

TEST_CASE("signing keys are kept for signatures that were right, and not without bound") {
    const Vectors vectors;
    Verifier verifier{{vectors.key()}};
    auto wrong = vectors.named("json");
    wrong.body = "[]";
    CHECK(told(verifier, wrong) != "");
    CHECK(verifier.kept() == 0);
    const auto sent = vectors.named("json");
    for (int i = 0; i < 3; ++i) CHECK(told(verifier, sent) == "");
    CHECK(verifier.kept() == 1);
    for (std::size_t i = 0; i < 2 * Verifier::most_kept; ++i) {
        auto regional = sent;
        const auto region = "region-" + std::to_string(i);
        const auto canonical =
            canonical_request(sent.head(), "content-type;host;x-amz-date;x-amz-target", hex(sha256(sent.body)));
        const auto scope = "20261127/" + region + "/kinesis/aws4_request";
        const auto key = signing_key(vectors.key().secret, "20261127", region, "kinesis");
        *regional.header("Authorization") =
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" + scope + ", SignedHeaders=content-type;host;x-amz-date;x-amz-target, " +
            "Signature=" + hex(hmac_sha256(view(key), string_to_sign("20261127T214300Z", scope, canonical.value())));
        regional.look();
        REQUIRE(told(verifier, regional) == "");
        REQUIRE(verifier.kept() <= Verifier::most_kept);
    }
}

TEST_CASE("every refusal of a signature has its exception, spelled in JSON, in CBOR, and in XML where no content type is known") {
    using kinesis::Encoding;
    const std::vector<std::pair<RefusedFor, std::string>> all{{RefusedFor::missing_token, "MissingAuthenticationTokenException"},
                                                              {RefusedFor::both_ways, "InvalidSignatureException"},
                                                              {RefusedFor::incomplete, "IncompleteSignatureException"},
                                                              {RefusedFor::wrong_signature, "InvalidSignatureException"},
                                                              {RefusedFor::unknown_key, "UnrecognizedClientException"},
                                                              {RefusedFor::expired_token, "ExpiredTokenException"}};
    for (const auto& [what, name] : all) {
        const auto error = kinesis::error_of({what, "a <text> & more"});
        const auto json = render(error, Encoding::json), cbor = render(error, Encoding::cbor), xml = render(error, Encoding::xml);
        const Json wanted{{"__type", name}, {"message", "a <text> & more"}};
        CHECK(json.status == 400);
        CHECK(json.content_type == "application/x-amz-json-1.1");
        CHECK(Json::parse(json.body) == wanted);
        CHECK(cbor.status == 400);
        CHECK(cbor.content_type == "application/x-amz-cbor-1.1");
        CHECK(Json::from_cbor(cbor.body) == wanted);
        CHECK(xml.status == 403);
        CHECK(xml.content_type == "");
        CHECK(xml.body == "<" + name + ">\n  <Message>a &lt;text&gt; &amp; more</Message>\n</" + name + ">\n");
    }
}

TEST_CASE("a host may be signed under the name that HTTP/2 has for it, beside any other header") {
    const std::pair<std::string_view, std::string_view> headers[]{
        {"X-Amz-Date", "20151120T200815Z"}, {"Host", "localhost:4567"}, {"Content-Type", "t"}, {"Accept", "a"}};
    const RequestHead head{"POST", "/", headers};
    CHECK(canonical_request(head, ":authority;content-type;x-amz-date", "hash") ==
          "POST\n/\n\n:authority:localhost:4567\ncontent-type:t\nx-amz-date:20151120T200815Z\n\n"
          ":authority;content-type;x-amz-date\nhash");
    CHECK(canonical_request(head, ":authority;accept;host", "hash") ==
          "POST\n/\n\n:authority:localhost:4567\naccept:a\nhost:localhost:4567\n\n:authority;accept;host\nhash");
}
