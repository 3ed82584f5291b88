// What a page in a browser is told (CORS), over HTTP/1.1 and HTTP/2. Seen: kinesalite's tests, run against the live service.
#include <algorithm>

#include "tests/support/http2_speaker.h"
#include "tests/support/signer.h"

using namespace sluice;
using namespace sluice::test;

namespace {

struct Told {
    int status = 0;
    std::map<std::string, std::string> headers;   // names in lower case
    std::string body;
    std::string header(const std::string& name) const { return headers.contains(name) ? headers.at(name) : "none"; }
};

std::string small(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

Told over_http1(KinesisServer& server, const HttpRequest& request) {
    HttpClient client{server};
    std::string bytes = request.method + " " + request.target + " HTTP/1.1\r\n";
    for (const auto& [name, value] : request.headers) bytes += name + ": " + value + "\r\n";
    if (!request.body.empty()) bytes += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    client.write(bytes + "\r\n" + request.body);
    const auto text = client.read();
    const auto end = text.find("\r\n\r\n");
    REQUIRE(end != std::string::npos);
    Told told{.status = std::stoi(text.substr(9)), .headers = {}, .body = text.substr(end + 4)};
    for (auto from = text.find("\r\n"); from != end;) {
        const auto next = text.find("\r\n", from + 2), colon = text.find(": ", from);
        told.headers[small(text.substr(from + 2, colon - from - 2))] = text.substr(colon + 2, next - colon - 2);
        from = next;
    }
    return told;
}

Told over_http2(KinesisServer& server, const HttpRequest& request) {
    Speaker speaker{server};
    Http2Client::Headers headers;
    for (const auto& [name, value] : request.headers)
        if (name != "Host") headers.emplace_back(small(name), value);
    auto answer = speaker.ask(request.method, request.target, headers, request.body);
    return {answer.status, std::move(answer.headers), std::move(answer.body)};
}

HttpRequest signed_request(const std::string& operation, const std::string& body) {
    HttpRequest request;
    request.body = body;
    request.headers = {
        {"Host", "x"}, {"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", "Kinesis_20131202." + operation}};
    Signer{}.sign(request, from_ms(1'700'000'000'000));
    return request;
}

}   // namespace

TEST_CASE("a page's preflight is answered with what it asks for, without a signature, over both versions of HTTP") {
    KinesisServer server;
    for (const auto ask : {over_http1, over_http2}) {
        HttpRequest request{.method = "OPTIONS", .body = ""};
        request.headers = {{"Host", "x"}, {"Origin", "http://page.example"}};
        const auto bare = ask(server, request);
        CHECK(bare.status == 200);
        CHECK(bare.body == "");
        CHECK(bare.header("access-control-allow-origin") == "*");
        CHECK(bare.header("access-control-max-age") == "172800");
        CHECK(bare.header("access-control-allow-headers") == "none");
        CHECK(bare.header("access-control-allow-methods") == "none");
        CHECK(bare.header("access-control-expose-headers") == "none");
        CHECK(bare.header("content-length") == "0");
        CHECK(bare.header("x-amz-id-2") == "none");
        CHECK(bare.header("x-amzn-requestid").size() == 36);
        request.set("Access-Control-Request-Headers", "a, b, c");
        request.set("Access-Control-Request-Method", "d");
        const auto asked = ask(server, request);
        CHECK(asked.header("access-control-allow-headers") == "a, b, c");
        CHECK(asked.header("access-control-allow-methods") == "d");
        request.unset("Origin");
        CHECK(ask(server, request).status == 403);
        CHECK(ask(server, request).header("access-control-allow-origin") == "none");
    }
}

TEST_CASE("every answer to a page lets it read the headers that AWS shows, refusals and STS's answers too") {
    KinesisServer server;
    auto form = signed_request("", "Action=GetCallerIdentity&Version=2011-06-15");
    form.unset("X-Amz-Target"), form.set("Content-Type", "application/x-www-form-urlencoded");
    auto unsigned_one = signed_request("ListStreams", "{}"), put = signed_request("ListStreams", "{}");
    unsigned_one.unset("Authorization"), put.method = "PUT";
    auto unknown_type = signed_request("ListStreams", "{}");
    unknown_type.set("Content-Type", "text/plain");
    const std::vector<std::pair<int, HttpRequest>> all{{200, signed_request("ListStreams", "{}")},
                                                       {200, form},
                                                       {400, signed_request("ListStreams", R"({"Limit":0})")},
                                                       {400, signed_request("ListStreams", "")},
                                                       {400, signed_request("NoSuchOperation", "{}")},
                                                       {400, unsigned_one},
                                                       {403, put},
                                                       {404, unknown_type}};
    for (const auto ask : {over_http1, over_http2})
        for (auto [status, request] : all) {
            CAPTURE(request.body);
            const auto plain = ask(server, request);
            CHECK(plain.status == status);
            CHECK(plain.header("access-control-allow-origin") == "none");
            CHECK(plain.header("access-control-expose-headers") == "none");
            request.set("Origin", "null");
            const auto told = ask(server, request);
            CHECK(told.status == status);
            CHECK(told.header("access-control-allow-origin") == "*");
            CHECK(told.header("access-control-expose-headers") ==
                  "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date");
        }
}

TEST_CASE("the id of an answer of STS is the one of its header") {
    KinesisServer server;
    auto form = signed_request("", "Action=GetCallerIdentity&Version=2011-06-15");
    form.unset("X-Amz-Target"), form.set("Content-Type", "application/x-www-form-urlencoded");
    for (const auto ask : {over_http1, over_http2}) {
        const auto told = ask(server, form);
        CHECK(told.body.contains("<RequestId>" + told.header("x-amzn-requestid") + "</RequestId>"));
        CHECK(told.header("content-type") == "text/xml");
    }
}
