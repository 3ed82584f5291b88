// Rule 31 for the control plane: hostile values go into every field of every call that there is, found in the calls' own
// description. The answer is UTF-8 and no failure of the server, and after a restart the engine is what it was.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include "protocol/utf8.h"
#include "tests/support/control_fixture.h"

using namespace sluice;
using namespace sluice::test;
using google::protobuf::FieldDescriptor;

namespace {

std::string json_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < 0x20)
            out += fmt::format("\\u{:04x}", static_cast<int>(c));
        else
            out += c;
    }
    return out + '"';
}

std::vector<std::string> texts() {
    std::vector<std::string> all{R"("\ud800")", R"("a\u0000b")", "\"a\tb\"", "7", "null", "[]", "{}"};
    for (const std::string text : {"\xFF\xFE", "\x80", "a\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x01\x1F\x7F",
                                   "a\r\nb", "a:b/c", " ", "", "steady", "nobody", "none", "kinesis"})
        all.push_back(json_text(text));
    for (const std::size_t size : {249, 250, 256, 257, 32'768}) all.push_back(json_text(std::string(size, 'x')));
    return all;
}

// JSON values of that field, at and over what it can hold.
std::vector<std::string> hostile(const FieldDescriptor& field) {
    if (field.message_type() && field.message_type()->full_name() == "google.protobuf.Timestamp")
        return {R"("0001-01-01T00:00:00Z")",
                R"("1969-12-31T23:59:59.999Z")",
                R"("1970-01-01T00:00:00Z")",
                R"("2477-01-01T00:00:00Z")",
                R"("2477-01-01T00:00:00.001Z")",
                R"("9999-12-31T23:59:59.999999999Z")",
                R"("2023-11-14T23:00:00.0000001Z")",
                "\"\"",
                "0"};
    if (field.message_type())   // a span
        return {R"("-1s")",
                R"("0s")",
                R"("0.000000001s")",
                R"("8760h")",
                R"("14000000000s")",
                R"("15000000000s")",
                R"("315576000000s")",
                R"("-315576000000s")",
                "\"\"",
                "1"};
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_STRING:
            return texts();
        case FieldDescriptor::CPPTYPE_BOOL:
            return {"true", "false", "1", "\"x\""};
        case FieldDescriptor::CPPTYPE_ENUM:
            return {"0", "1", "2", "99", "-1", "\"LIVENESS_VIRTUAL\"", "\"nothing\""};
        case FieldDescriptor::CPPTYPE_DOUBLE:
            return {"0", "-1", "1e-300", "1000000", "1000001", "1e308", "1e999", "\"NaN\"", "\"Infinity\""};
        default:
            return {"-1",
                    "0",
                    "1",
                    "65535",
                    "65536",
                    "2147483647",
                    "2147483648",
                    "\"9223372036854775807\"",
                    "\"-9223372036854775808\"",
                    "\"9223372036854775808\"",
                    "1.5"};
    }
}

// What makes the rest of a request one that is carried out.
std::string_view usual(const FieldDescriptor& field) {
    const auto& name = field.name();
    if (name == "stream") return R"("steady")";
    if (name == "key") return R"("k")";
    if (name == "span") return R"("1s")";
    if (name == "host") return R"("localhost")";
    if (name == "port") return "9092";
    if (name == "rate") return "2";
    if (name == "liveness") return R"("LIVENESS_REAL")";
    return {};
}

std::string request(const google::protobuf::Descriptor& type, const FieldDescriptor& field, std::string_view value) {
    std::string body = fmt::format("{{\"{}\":{}", field.name(), value);
    for (int i = 0; i < type.field_count(); ++i)
        if (const auto& other = *type.field(i); &other != &field && !usual(other).empty())
            body += fmt::format(",\"{}\":{}", other.name(), usual(other));
    return body + "}";
}

}   // namespace

TEST_CASE("hostile values in any field of any control call are refused with a text or taken, and the store opens again") {
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName("sluice.control.v1.Control");
    REQUIRE(service);
    int taken = 0, refused = 0;
    for (int m = 0; m < service->method_count(); ++m) {
        const auto& method = *service->method(m);
        if (method.server_streaming()) continue;   // they only read
        const auto& type = *method.input_type();
        for (int f = 0; f < type.field_count(); ++f) {
            World w;
            w.create("steady");
            for (const auto& value : hostile(*type.field(f))) {
                const auto body = request(type, *type.field(f), value);
                CAPTURE(method.name());
                CAPTURE(body.substr(0, 200));
                {
                    control::Service calls{*w.engine, w.store, w.time, {}};
                    std::optional<control::SideAnswer> answer;
                    asio::co_spawn(*w.io, control::answer(calls, {"POST", "/_sluice/v1/" + method.name(), body}),
                                   [&](std::exception_ptr error, control::SideAnswer told) {
                                       CHECK_FALSE(error);
                                       answer = std::move(told);
                                   });
                    w.settle();
                    REQUIRE(answer);
                    CHECK(is_utf8(answer->body));
                    CHECK(answer->status < 500);
                    ++(answer->status == 200 ? taken : refused);
                }
                const auto before = w.engine->dump();
                CHECK(is_utf8(before));
                CHECK_NOTHROW(w.open());
                CHECK(w.engine->dump() == before);
                if (!w.engine->find(w.engine->default_world(), "steady")) w.create("steady");   // after a reset
            }
        }
    }
    CHECK(taken > 50);
    CHECK(refused > 100);
}
