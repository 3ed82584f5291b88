// The message schema against what the official Java codec wrote: every version, every variant, both directions.
#include <doctest/doctest.h>

#include "protocol/kafka/frame.h"
#include "protocol/kafka/messages/all.h"
#include "protocol/kafka/print.h"
#include "tests/protocol/vectors.h"

using namespace sluice::kafka;
using namespace sluice::test;
using nlohmann::json;

namespace {

template <class T>
void check_message(const json& v) {
    const int version = v["version"];
    auto wire = from_hex(v["hex"]);
    if (v.contains("prefix")) wire.erase(wire.begin(), wire.begin() + 2);
    CAPTURE(v["name"].get<std::string>());
    CAPTURE(version);
    CAPTURE(v["variant"].get<std::string>());

    Arena arena;
    T m;
    Bytes rest;
    REQUIRE(decode(wire, version, arena, m, &rest));
    CHECK(rest.empty());
    CHECK(json::parse(print(m, version)) == v["json"]);
    if (v["variant"] != "unknown_tags") {
        CHECK(to_hex(encode(m, version)) == to_hex(wire));
    }
    for (std::size_t cut = 0; cut < wire.size(); ++cut) {
        const std::vector<std::byte> prefix(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(cut));
        Arena short_lived;
        T broken;
        if (decode(prefix, version, short_lived, broken)) FAIL_CHECK("accepted the first " << cut << " bytes");
    }
}

// `name` is the vectors' name of T: the API's name with Request or Response.
template <class T>
bool check_if(const std::string& name, const json& v) {
    if (v["name"] != name) return false;
    check_message<T>(v);
    return true;
}

template <class Request, class Response>
int check_pair() {
    char file[80];
    const std::string api{Request::api.name};
    std::snprintf(file, sizeof file, "api/%03d-%s.jsonl.gz", Request::api.key, api.c_str());
    int count = 0;
    for (const auto& v : read_vectors(file)) {
        CHECK(v["flexible"] == Request::api.flexible(v["version"]));
        CHECK(Request::api.knows(v["version"]));
        const bool known = check_if<Request>(api + "Request", v) || check_if<Response>(api + "Response", v);
        REQUIRE(known);
        ++count;
    }
    return count;
}

template <class Request, class Response, class... Rest>
int check_all(Messages<Request, Response, Rest...>) {
    static_assert(Request::api.key == Response::api.key);
    const int count = check_pair<Request, Response>();
    if constexpr (sizeof...(Rest) > 0)
        return count + check_all(Messages<Rest...>{});
    else
        return count;
}

template <class Request, class Response>
bool check_frame_of(const json& v) {
    const std::string name = v["name"], api{Request::api.name};
    if (name != api + "Request" && name != api + "Response") return false;
    const auto frame = from_hex(v["hex"]);
    const int version = v["version"];
    const auto inside = Bytes{frame}.subspan(4);
    CAPTURE(name);
    CAPTURE(version);
    Arena arena;
    if (name == api + "Request") {
        auto header = read_header(inside);
        REQUIRE(header);
        CHECK(header->api_key == Request::api.key);
        CHECK(header->api_version == version);
        CHECK(header->correlation_id == v["correlation_id"]);
        if (v["client_id"].is_null())
            CHECK(!header->client_id);
        else
            CHECK(header->client_id == v["client_id"].get<std::string>());
        if (Request::api.flexible(version)) REQUIRE(skip_header_tags(*header));
        CHECK(frame.size() - header->body.size() == v["body_offset"]);
        Request m;
        REQUIRE(decode(header->body, version, arena, m));
        CHECK(to_hex(encode_request(m, version, header->correlation_id, header->client_id)) == v["hex"]);
    } else {
        const auto header = read_answer_header(inside, Response::api, version);
        REQUIRE(header);
        CHECK(header->correlation_id == v["correlation_id"]);
        CHECK(frame.size() - header->body.size() == v["body_offset"]);
        Response m;
        REQUIRE(decode(header->body, version, arena, m));
        CHECK(to_hex(encode_answer(m, version, header->correlation_id)) == v["hex"]);
        const auto gathered = encode_gather(m, version, header->correlation_id);
        std::vector<std::byte> joined;
        gathered.pieces([&](Bytes piece) { joined.insert(joined.end(), piece.begin(), piece.end()); });
        CHECK(to_hex(joined) == v["hex"]);
        CHECK(gathered.total == frame.size());
    }
    return true;
}

template <class Request, class Response, class... Rest>
bool check_frame(const json& v, Messages<Request, Response, Rest...>) {
    if (check_frame_of<Request, Response>(v)) return true;
    if constexpr (sizeof...(Rest) > 0)
        return check_frame(v, Messages<Rest...>{});
    else
        return false;
}

}   // namespace

TEST_CASE("every message of every version reads, prints and writes as the Java codec does, and no prefix of one is accepted") {
    CHECK(check_all(AllMessages{}) == 1172);
}

TEST_CASE("whole frames carry the header their API and version ask for, copied or gathered") {
    int checked = 0;
    for (const auto& v : read_vectors("frames.jsonl.gz")) checked += check_frame(v, AllMessages{});
    CHECK(checked == 340);
}

TEST_CASE("what group members tell each other is read like any message") {
    int checked = 0;
    for (const auto& v : read_vectors("internal.jsonl.gz")) {
        checked += check_if<ConsumerProtocolSubscription>("ConsumerProtocolSubscription", v) ||
                   check_if<ConsumerProtocolAssignment>("ConsumerProtocolAssignment", v);
    }
    CHECK(checked == 24);
}
