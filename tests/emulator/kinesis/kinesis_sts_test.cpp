// GetCallerIdentity of STS at the Kinesis door.
#include "emulator/kinesis/verification.h"
#include "tests/support/kinesis_call.h"
#include "tests/support/signer.h"

using namespace sluice;
using namespace sluice::test;

namespace {

struct Sts {
    explicit Sts(kinesis::DoorOptions with = {}) : options(std::move(with)) { world.clock().freeze(); }
    HttpRequest form(std::string body = "Action=GetCallerIdentity&Version=2011-06-15") const {
        HttpRequest request;
        request.body = std::move(body);
        request.headers = {{"Host", "localhost"}, {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
        return request;
    }
    kinesis::Answer answer(const HttpRequest& request) { return answer_to(world, options, request, pushed); }
    // What stands between a tag's two ends.
    std::string tag(const kinesis::Answer& answer, const std::string& name) const {
        const auto from = answer.body.find("<" + name + ">"), to = answer.body.find("</" + name + ">");
        return from == std::string::npos ? "" : answer.body.substr(from + name.size() + 2, to - from - name.size() - 2);
    }
    std::string code(const HttpRequest& request) {
        const auto told = answer(request);
        return std::to_string(told.status) + " " + tag(told, "Code") + ": " + tag(told, "Message");
    }
    World world;
    kinesis::DoorOptions options;
    kinesis::Push pushed;
};

}   // namespace

TEST_CASE("GetCallerIdentity tells the account as STS does, asked by a form or by a query") {
    Sts sts;
    const Signer signer{.service = "sts"};
    auto form = sts.form(), query = sts.form("");
    signer.sign(form, sts.world.time.now());
    query.method = "GET", query.target = "/?Action=GetCallerIdentity&Version=2011-06-15";
    signer.presign(query, sts.world.time.now());
    for (const auto& request : {form, query}) {
        const auto told = sts.answer(request);
        CHECK(told.status == 200);
        CHECK(told.content_type == "text/xml");
        CHECK_FALSE(told.request_id.empty());
        CHECK(told.body ==
              "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
              "  <GetCallerIdentityResult>\n"
              "    <Arn>arn:aws:iam::000000000000:root</Arn>\n"
              "    <UserId>000000000000</UserId>\n"
              "    <Account>000000000000</Account>\n"
              "  </GetCallerIdentityResult>\n"
              "  <ResponseMetadata>\n"
              "    <RequestId>" +
                  told.request_id +
                  "</RequestId>\n"
                  "  </ResponseMetadata>\n"
                  "</GetCallerIdentityResponse>\n");
    }
}

TEST_CASE("where scopes are separate an access key of twelve digits is the account that is told") {
    for (const bool separate : {false, true}) {
        Sts sts{{.separate_scopes = separate}};
        auto request = sts.form();
        Signer{.id = "111111111111", .service = "sts"}.sign(request, sts.world.time.now());
        CHECK(sts.tag(sts.answer(request), "Account") == (separate ? "111111111111" : "000000000000"));
        Signer{.id = "AKIDEXAMPLE", .service = "sts"}.sign(request, sts.world.time.now());
        CHECK(sts.tag(sts.answer(request), "Account") == "000000000000");
    }
}

TEST_CASE("another action or version of STS is no operation, whoever asks") {
    Sts sts;
    CHECK(sts.code(sts.form("Action=Assume%52ole&Version=2011-06-15")) ==
          "400 InvalidAction: Could not find operation AssumeRole for version 2011-06-15");
    CHECK(sts.code(sts.form("Action=GetCallerIdentity&Version=2010-01-01")) ==
          "400 InvalidAction: Could not find operation GetCallerIdentity for version 2010-01-01");
    CHECK(sts.code(sts.form("Action=GetCallerIdentity")) ==
          "400 InvalidAction: Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED");
    CHECK(sts.code(sts.form("Action=<a+b>")) ==
          "400 InvalidAction: Could not find operation &lt;a b&gt; for version NO_VERSION_SPECIFIED");
    CHECK(sts.answer(sts.form("Action=x"))
              .body.starts_with("<ErrorResponse xmlns=\"http://webservices.amazon.com/AWSFault/2005-15-09\">\n"));
}

TEST_CASE("a form without an action, and a GET without one, are answered as Kinesis answers them") {
    Sts sts;
    auto get = sts.form("");
    get.method = "GET";
    for (const auto& request : {sts.form("Version=2011-06-15"), sts.form("{}"), get}) {
        const auto told = sts.answer(request);
        CHECK(told.status == 403);
        CHECK(told.body.starts_with("<AccessDeniedException>\n"));
    }
    auto targeted = sts.form();
    targeted.set("X-Amz-Target", "Kinesis_20131202.ListStreams");
    CHECK(sts.answer(targeted).body == "<UnknownOperationException/>\n");
}

TEST_CASE("a refused signature has STS's codes, and is verified for the service sts") {
    kinesis::Verification verification{{{"AKIDEXAMPLE", "secret", ""}, {"AKIDTOKEN", "secret", "token", from_ms(0)}}};
    Sts sts{{.verification = &verification}};
    const auto now = sts.world.time.now();
    auto request = sts.form();
    CHECK(sts.code(request) == "403 MissingAuthenticationToken: Request is missing Authentication Token");
    request.set("Authorization", "X");
    CHECK(sts.code(request).starts_with("400 IncompleteSignature: Authorization header requires 'Credential' parameter. "));
    request.target = "/?X-Amz-Algorithm";
    CHECK(sts.code(request).starts_with("403 SignatureDoesNotMatch: Found both "));
    request.target = "/";
    Signer{.service = "kinesis"}.sign(request, now);
    CHECK(sts.code(request) == "403 SignatureDoesNotMatch: Credential should be scoped to correct service: 'sts'. ");
    Signer{.id = "AKIDNOBODY", .service = "sts"}.sign(request, now);
    CHECK(sts.code(request) == "403 InvalidClientTokenId: The security token included in the request is invalid.");
    Signer{.secret = "another", .service = "sts"}.sign(request, now);
    CHECK(sts.code(request).starts_with("403 SignatureDoesNotMatch: The request signature we calculated does not match"));
    Signer{.service = "sts"}.sign(request, now - 6min);
    CHECK(sts.code(request).starts_with("403 SignatureDoesNotMatch: Signature expired: "));
    Signer{.service = "sts"}.sign(request, now);
    CHECK(sts.answer(request).status == 200);
    Signer{.id = "AKIDTOKEN", .token = "token", .service = "sts"}.sign(request, now);
    CHECK(sts.code(request) == "403 ExpiredToken: The security token included in the request is expired");
    CHECK(sts.answer(request).body.starts_with("<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"));
}
