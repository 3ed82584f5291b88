// One service, whatever carries it: the same requests in JSON and in CBOR, over HTTP/1.1 and over HTTP/2, to four engines that
// began alike, are told the same. Requests are examples of each operation and what chance makes of them: members left out, of
// another type, at and beyond their bounds.
#include <random>

#include "emulator/kinesis/door.h"
#include "tests/emulator/kinesis/examples.h"
#include "tests/support/http2_speaker.h"
#include "tests/support/kinesis_declarations.h"

using namespace sluice;
using namespace sluice::test;

namespace {

struct Operation {
    std::string name;
    std::vector<Node> members;
    json (*example)(Scene&);
};
template <class... T>
std::vector<Operation> all(kinesis::Operations<T...>) {
    return {{std::string{T::operation}, members_of<T>(), &Example<T>::body}...};
}

// An example as a value whose bytes and moments are such.
Json typed(const Node& node, const json& value);
Json typed(const std::vector<Node>& members, const json& object) {
    Json copy = object;
    for (const auto& node : members)
        if (copy.contains(node.name)) copy[node.name] = typed(node, object[node.name]);
    return copy;
}
Json typed(const Node& node, const json& value) {
    if (node.shape == Shape::blob) {
        const auto text = value.get<std::string>();
        std::vector<std::uint8_t> bytes(text.size() / 4 * 3);
        bytes.resize(kinesis::decode_base64(text, reinterpret_cast<char*>(bytes.data())).value());
        return Json::binary(std::move(bytes));
    }
    if (node.shape == Shape::time) return moment(static_cast<std::int64_t>(value.get<double>() * 1000));
    if (node.shape == Shape::structure) return typed(node.members, value);
    if (node.shape != Shape::structures) return value;
    Json list = Json::array();
    for (const auto& item : value) list.push_back(typed(node.members, item));
    return list;
}

class Chance {
  public:
    explicit Chance(std::uint64_t seed) : random_(seed) {}
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
    template <class T>
    T one_of(std::initializer_list<T> all) {
        return *(all.begin() + below(all.size()));
    }

    // Changes a member of the request, or of a structure in it.
    void change(Json& object, const std::vector<Node>& members, const std::string& iterator) {
        if (members.empty() || below(12) == 0) return void(object["Unknown"] = Json{{"a", {1, {{"b", nullptr}}, "c"}}});
        const auto& node = members[below(members.size())];
        auto& member = object[node.name];
        if (node.shape == Shape::structure && member.is_object() && below(3) != 0) return change(member, node.members, iterator);
        if (node.shape == Shape::structures && member.is_array() && !member.empty() && below(3) != 0)
            return change(member[below(member.size())], node.members, iterator);
        switch (below(6)) {
            case 0:
                object.erase(node.name);
                return;
            case 1:
                member = nullptr;
                return;
            case 2:
                member = of_another_type(node);
                return;
            case 3:
                member = good(node);
                return;
            default:
                member = of_its_type(node, member, iterator);
        }
    }

  private:
    // A number is a moment too, of which the wires mean different ones.
    Json of_another_type(const Node& node) {
        const std::vector<Json> all{true,           "a text", "eA==", Json::array(), Json::object(), Json::array({"a", 1}),
                                    Json{{"a", 1}}, 7,        1.5};
        return all[below(node.shape == Shape::time ? all.size() - 2 : all.size())];
    }
    Json of_its_type(const Node& node, const Json& before, const std::string& iterator) {
        switch (node.shape) {
            case Shape::text:
                return text(iterator);
            case Shape::blob: {
                std::vector<std::uint8_t> bytes(below(300));
                for (auto& byte : bytes) byte = static_cast<std::uint8_t>(below(256));
                return Json::binary(std::move(bytes));
            }
            case Shape::number:
                return one_of<Json>({0, -1, 1, 24, 48, 72, 10'000, 10'001, INT32_MAX, std::int64_t{INT32_MAX} + 1, INT64_MIN,
                                     INT64_MAX, UINT64_MAX, 0.5, -0.5, 3.99, 1e300});
            case Shape::boolean:
                return below(2) == 0;
            case Shape::time:
                return moment(
                    one_of<std::int64_t>({0, -1, 1'700'000'000'000, 1'700'000'001'500, 1'600'000'000'123, 16'000'000'000'000}));
            case Shape::texts:
            case Shape::structures: {
                Json list = Json::array();
                if (!before.is_array() || before.empty()) return list;
                for (auto left = one_of<std::size_t>({0, 2, 8, 51}); left > 0; --left)
                    list.push_back(before[below(before.size())]);
                return list;
            }
            case Shape::map: {
                Json map = Json::object();
                for (auto left = one_of<std::size_t>({0, 1, 3, 51}); left > 0; --left) map[std::to_string(left)] = text(iterator);
                if (below(3) == 0) map[text(iterator)] = "v";
                return map;
            }
            case Shape::structure:
                return Json::object();
        }
        return nullptr;
    }
    std::string text(const std::string& iterator) {
        return one_of<std::string>({"",
                                    "a",
                                    "s",
                                    "other",
                                    "none",
                                    "a b",
                                    "\u00fc\u20ac\U0001f600",
                                    "\"quoted\"\n\\",
                                    std::string(129, 'x'),
                                    std::string(2049, 'y'),
                                    "shardId-000000000000",
                                    "shardId-000000000001",
                                    "shardId-000000000009",
                                    "LATEST",
                                    "TRIM_HORIZON",
                                    "AT_TIMESTAMP",
                                    "AT_SEQUENCE_NUMBER",
                                    "0",
                                    "1",
                                    "340282366920938463463374607431768211456",
                                    "49590338271490256608559692538361571095921575989136588898",
                                    "arn:aws:kinesis:us-east-1:000000000000:stream/s",
                                    "arn:aws:kinesis:us-east-1:000000000000:stream/none",
                                    "arn:aws:kinesis:us-east-1:000000000000:stream/other/consumer/reader:1700000000",
                                    iterator});
    }
    std::mt19937_64 random_;
};

struct Told {
    int status = 0;
    std::string content_type, body;
};

// An engine that began as all of them do, behind a door that is spoken to in one way.
struct Wire {
    Wire(bool in_cbor_, bool by_http2) : cbor(in_cbor_), http2(by_http2) { connect(); }
    ~Wire() {
        first.reset(), second.reset();
        door.stop();
        turn(*scene.w.io);
    }
    void connect() {
        if (http2)
            second = std::make_unique<Speaker>(*scene.w.io, at);
        else
            first = std::make_unique<HttpClient>(*scene.w.io, at);
    }
    std::string name() const { return std::string{cbor ? "CBOR" : "JSON"} + (http2 ? " over HTTP/2" : " over HTTP/1.1"); }

    // `cut`: the body's last byte is missing.
    Told ask(const std::string& operation, const Json& request, bool cut, bool with_signature) {
        auto body = cbor ? in_cbor(request) : in_json(request);
        if (cut) body.pop_back();
        OwnedHeaders headers{{"content-type", cbor ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1"},
                             {"x-amz-target", "Kinesis_20131202." + operation},
                             {"x-amz-date", "20231114T221320Z"}};
        if (with_signature)
            headers.emplace_back(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=k/20231114/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=00");
        return http2 ? over_http2(headers, std::move(body)) : over_http1(headers, body);
    }
    // A value of this wire in the terms of JSON over HTTP/1.1.
    Json value_of(const Told& told) const {
        if (told.body.empty()) return nullptr;
        if (told.content_type == kinesis::event_stream_type) return Json::binary({told.body.begin(), told.body.end()});
        if (told.content_type != "application/x-amz-cbor-1.1") return Json::parse(told.body);
        kinesis::Arena arena{told.body.size()};
        kinesis::CborReader reader{told.body, arena};
        auto value = read(reader, "");
        REQUIRE(reader.finished());
        return value;
    }

    bool cbor, http2;
    Scene scene{milliseconds{0}};
    kinesis::Door door{*scene.w.engine, {}};
    Endpoint at = door.listen({asio::ip::address_v4::loopback(), 0});

  private:
    using OwnedHeaders = Http2Client::Headers;
    static constexpr int most_turns = 400;

    // Longer than a call may wait for a record.
    void wait() {
        scene.w.time.move(std::chrono::seconds{21});
        scene.w.clock().run_due();
    }

    // The reader takes a moment with its tag or without; tests of the encoding hold the tag.
    static Json read(kinesis::CborReader& reader, std::string_view name) {
        using kinesis::Kind;
        switch (reader.peek()) {
            case Kind::boolean:
                return reader.boolean();
            case Kind::number:
                // The members of the model that are moments.
                if (name.ends_with("Timestamp") || name == "StartedAt" || name == "EndedAt" || name == "EarliestAllowedEndAt")
                    return static_cast<double>(reader.time_ms()) / 1000.0;
                return reader.integer();
            case Kind::text:
                return std::string{reader.text()};
            case Kind::bytes: {
                const auto blob = reader.blob().value().bytes;
                return spelled_for_json(Json::binary({blob.begin(), blob.end()}));
            }
            case Kind::list: {
                Json list = Json::array();
                for (reader.enter_list(); reader.next_item();) list.push_back(read(reader, name));
                return list;
            }
            case Kind::map: {
                Json map = Json::object();
                std::string_view key;
                for (reader.enter_map(); reader.next_key(key);) {
                    const std::string kept{key};
                    map[kept] = read(reader, kept);
                }
                return map;
            }
            case Kind::null:
            case Kind::nothing:
                break;
        }
        FAIL("an answer holds no such value");
        return nullptr;
    }

    Told over_http1(const OwnedHeaders& headers, const std::string& body) {
        std::string bytes = "POST / HTTP/1.1\r\nhost: localhost:4567\r\n";
        for (const auto& [name, value] : headers) bytes += name + ": " + value + "\r\n";
        first->write(bytes + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        std::string text;
        for (int i = 0; i < most_turns; ++i) {
            if (i == most_turns / 2) wait();
            text += first->some();
            const auto end = text.find("\r\n\r\n");
            if (end == std::string::npos) continue;
            const auto head = text.substr(0, end + 2);
            const auto field = [&](std::string_view name) -> std::string {
                const auto found = head.find(name);
                if (found == std::string::npos) return "";
                const auto from = found + name.size();
                return head.substr(from, head.find("\r\n", from) - from);
            };
            Told told{std::stoi(head.substr(9)), field("\r\nContent-Type: "), text.substr(end + 4)};
            if (head.contains("Transfer-Encoding: chunked")) {   // it goes on for as long as somebody listens
                if (i < 20) continue;
                told.body = without_chunks(told.body);
                first->socket.set_option(asio::socket_base::linger(true, 0));   // a reset, as in HTTP/2: it listens no more
                first->socket.close();
                turn(*scene.w.io);
                connect();
                return told;
            }
            if (told.body.size() == std::stoul(field("\r\nContent-Length: "))) return told;
        }
        FAIL("no whole answer: ", text);
        throw;
    }
    static std::string without_chunks(std::string_view text) {
        std::string whole;
        while (!text.empty()) {
            const auto line = text.find("\r\n");
            const auto size = std::stoul(std::string{text.substr(0, line)}, nullptr, 16);
            whole += text.substr(line + 2, size);
            text.remove_prefix(std::min(text.size(), line + 4 + size));
        }
        return whole;
    }
    Told over_http2(const OwnedHeaders& headers, std::string body) {
        auto& client = second->client;
        const auto id = client.ask("POST", "/", headers, std::move(body));
        for (int i = 0; i < most_turns && !client.answers[id].whole; ++i) {
            if (i == most_turns / 2) wait();
            if (const auto said = client.bytes(); !said.empty()) second->wire.write(said);
            if (const auto heard = second->wire.some(); !heard.empty()) REQUIRE(client.hear(heard));
            if (i > 20 && client.answers[id].headers["content-type"] == kinesis::event_stream_type) {
                client.reset(id);
                second->talk();
                break;
            }
        }
        const auto& answer = client.answers[id];
        REQUIRE_MESSAGE(answer.status != 0, "no answer");
        client.take(id, answer.body.size());
        const auto type = answer.headers.find("content-type");
        return {answer.status, type == answer.headers.end() ? "" : type->second, answer.body};
    }
    std::unique_ptr<HttpClient> first;
    std::unique_ptr<Speaker> second;
};

}   // namespace

TEST_CASE("the same requests are told the same in JSON and in CBOR, over HTTP/1.1 and over HTTP/2") {
    constexpr int generated = 10;
    std::map<std::string, int> kinds;   // answers by what they are
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        CAPTURE(seed);
        Chance chance{seed};
        for (const auto& operation : all(kinesis::Served{})) {
            CAPTURE(operation.name);
            std::vector<std::unique_ptr<Wire>> wires;
            for (const bool cbor : {false, true})
                for (const bool http2 : {false, true}) wires.push_back(std::make_unique<Wire>(cbor, http2));
            Json example;
            for (auto& wire : wires) example = typed(operation.members, operation.example(wire->scene));
            for (int i = 0; i <= generated; ++i) {
                Json request = example;
                for (auto changes = i == 0 ? 0 : 1 + chance.below(3); changes > 0; --changes)
                    chance.change(request, operation.members, wires[0]->scene.iterator);
                const bool cut = i > 0 && chance.below(25) == 0, with_signature = i == 0 || chance.below(25) != 0;
                const auto spelled = in_json(request);
                CAPTURE(spelled);
                std::optional<std::pair<int, Json>> wanted;
                for (auto& wire : wires) {
                    CAPTURE(wire->name());
                    const auto told = wire->ask(operation.name, request, cut, with_signature);
                    const std::pair<int, Json> found{told.status, wire->value_of(told)};
                    if (!wanted) {
                        wanted = found;
                        ++kinds[told.status == 200 ? "200" : found.second.value("__type", "")];
                        continue;
                    }
                    CHECK(found.first == wanted->first);
                    CHECK(found.second == wanted->second);
                    // Of a refusal and of an event stream the type is the same, of all else the request's.
                    if (told.content_type != kinesis::event_stream_type)
                        CHECK(told.content_type == (wire->cbor ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1"));
                }
            }
        }
    }
    // Chance reached what it was to reach.
    for (const auto* kind : {"200", "ValidationException", "SerializationException", "ResourceNotFoundException",
                             "InvalidArgumentException", "MissingAuthenticationTokenException"})
        CHECK_MESSAGE(kinds[kind] > 0, kind);
}
