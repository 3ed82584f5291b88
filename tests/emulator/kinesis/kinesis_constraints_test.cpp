// Each constraint of each operation's declaration, violated once, in JSON and in CBOR. The declarations are walked, so an
// operation that is added is covered by itself. What AWS says is written here anew, from what was seen of it (kinesalite's tests
// against the live service). Whether the declarations are those of the service model is for tests/clients/test_model.py to say.
#include <doctest/doctest.h>

#include <functional>
#include <set>

#include "emulator/kinesis/served.h"
#include "protocol/kinesis/request.h"
#include "tests/support/kinesis_declarations.h"

using namespace sluice::kinesis;
using namespace sluice::test;

namespace {

// ---- violations ----

struct Violation {
    std::string path;    // as AWS writes it
    std::string value;   // as AWS writes it, "null" and quotes included; empty where it leaves it out
    std::string constraint;
    Json::json_pointer at;
    std::optional<Json> with;   // nothing: the member is left out
};

std::string in_quotes(const std::string& text) { return "'" + text + "'"; }
std::string at_least(std::int64_t bound) { return "Member must have length greater than or equal to " + std::to_string(bound); }
std::string at_most(std::int64_t bound) { return "Member must have length less than or equal to " + std::to_string(bound); }
std::string both(std::string_view what, std::int64_t least, std::int64_t most) {
    return std::string{what} + " must satisfy constraint: [" + at_most(most) + ", " + at_least(least) + "]";
}
std::string small(std::string name) {
    name[0] = static_cast<char>(name[0] >= 'A' && name[0] <= 'Z' ? name[0] + 32 : name[0]);
    return name;
}

class Collector {
  public:
    void of(const std::vector<Node>& members, const std::string& above, const Json::json_pointer& at) {
        for (const auto& node : members) {
            path_ = above + (above.empty() ? "" : ".") + small(node.name);
            at_ = at / node.name;
            if (node.rules.required) add("null", "Member must not be null", std::nullopt);
            of(node);
            if (node.shape == Shape::structure)
                of(node.members, above + (above.empty() ? "" : ".") + small(node.name), at / node.name);
            if (node.shape == Shape::structures)
                of(node.members, above + (above.empty() ? "" : ".") + small(node.name) + ".1.member", at / node.name / 0);
        }
    }
    std::vector<Violation> found;

  private:
    void add(std::string value, std::string constraint, std::optional<Json> with) {
        found.push_back({path_, std::move(value), std::move(constraint), at_, std::move(with)});
    }
    void of(const Node& node) {
        const auto& r = node.rules;
        switch (node.shape) {
            case Shape::text:
                return of_text(r);
            case Shape::number:
                if (bounded(r.min))
                    add(in_quotes(std::to_string(r.min - 1)),
                        "Member must have value greater than or equal to " + std::to_string(r.min), r.min - 1);
                if (bounded(r.max))
                    add(in_quotes(std::to_string(r.max + 1)),
                        "Member must have value less than or equal to " + std::to_string(r.max), r.max + 1);
                return;
            case Shape::blob:
                if (bounded(r.min_length) && r.min_length > 0) of_blob(r.min_length - 1, at_least(r.min_length));
                if (bounded(r.max_length)) of_blob(r.max_length + 1, at_most(r.max_length));
                return;
            case Shape::texts:
                return of_texts(node);
            case Shape::structures:
                if (bounded(r.min_length) && r.min_length > 0) add("'[]'", at_least(r.min_length), Json::array());
                if (bounded(r.max_length))   // AWS prints the Java identities of the structures, which no client can read
                    add("", at_most(r.max_length), Json(static_cast<std::size_t>(r.max_length + 1), good_object(node.members)));
                return;
            case Shape::map:
                return of_map(node);
            case Shape::boolean:
            case Shape::time:
            case Shape::structure:
                return;
        }
    }
    void of_text(const Rules& r) {
        const auto text = good_text(r);
        if (bounded(r.min_length) && r.min_length > 0) {
            const std::string shorter(static_cast<std::size_t>(r.min_length - 1), 'a');
            add(in_quotes(shorter), at_least(r.min_length), shorter);
        }
        if (bounded(r.max_length)) {
            // Characters count, not bytes: of those that the pattern lets through, else of three bytes each.
            const auto missing = static_cast<std::size_t>(r.max_length + 1) - text.size();
            std::string longer = text;
            for (std::size_t i = 0; i < missing; ++i) longer += r.pattern != nullptr ? "a" : "\u20ac";
            add(in_quotes(longer), at_most(r.max_length), longer);
        }
        if (r.pattern != nullptr) {
            std::string wrong;
            for (const std::string example : {"!", "-", " ", "*:"})
                if (!r.pattern->matches(example)) wrong = example;
            REQUIRE_MESSAGE(!wrong.empty(), "no example of a text that breaks ", r.pattern->text);
            add(in_quotes(wrong), "Member must satisfy regular expression pattern: " + std::string{r.pattern->text}, wrong);
        }
        if (!r.one_of.empty())
            add("'NONE_OF_THEM'", "Member must satisfy enum value set: [" + std::string{r.one_of} + "]", "NONE_OF_THEM");
    }
    void of_blob(std::int64_t size, std::string constraint) {
        const auto n = std::to_string(size);
        add("'java.nio.HeapByteBuffer[pos=0 lim=" + n + " cap=" + n + "]'", std::move(constraint),
            Json::binary(std::vector<std::uint8_t>(static_cast<std::size_t>(size), 0)));
    }
    void of_texts(const Node& node) {
        const auto& r = node.rules;
        const auto item = good(node)[0].get<std::string>();
        const auto list = [](std::size_t count, const std::string& text) {
            std::string printed = "'[";
            for (std::size_t i = 0; i < count; ++i) printed += (i == 0 ? "" : ", ") + text;
            return printed + "]'";
        };
        if (bounded(r.min_length) && r.min_length > 0) {
            const auto count = static_cast<std::size_t>(r.min_length - 1);
            add(list(count, item), at_least(r.min_length), count == 0 ? Json::array() : Json(count, item));
        }
        if (bounded(r.max_length)) {
            const auto count = static_cast<std::size_t>(r.max_length + 1);
            add(list(count, item), at_most(r.max_length), Json(count, item));
        }
        const auto inner = both("Member", r.item_min_length, r.item_max_length);
        if (bounded(r.item_min_length) && r.item_min_length > 0) add("'[]'", inner, Json::array({""}));
        if (bounded(r.item_max_length)) {
            const std::string longer(static_cast<std::size_t>(r.item_max_length + 1), 'a');
            add("'[" + longer + "]'", inner, Json::array({longer}));
        }
        if (!r.item_one_of.empty())
            add("'[NONE_OF_THEM]'",
                "Member must satisfy constraint: [Member must satisfy enum value set: [" + std::string{r.item_one_of} + "]]",
                Json::array({"NONE_OF_THEM"}));
    }
    void of_map(const Node& node) {
        const auto& r = node.rules;
        if (bounded(r.min_length) && r.min_length > 0) add("'{}'", at_least(r.min_length), Json::object());
        if (bounded(r.max_length)) {
            Json map = Json::object();
            std::string printed = "'{";
            for (std::int64_t i = 0; i <= r.max_length; ++i) map["k" + std::to_string(i)] = "v";
            for (const auto& [key, value] : map.items()) printed += (printed.size() > 2 ? ", " : "") + key + "=v";
            add(printed + "}'", at_most(r.max_length), map);
        }
        const auto keys = both("Map keys", r.item_min_length, r.item_max_length);
        if (bounded(r.item_min_length) && r.item_min_length > 0) add("'{=v}'", keys, Json{{"", "v"}});
        if (bounded(r.item_max_length)) {
            const std::string longer(static_cast<std::size_t>(r.item_max_length + 1), 'a');
            add("'{" + longer + "=v}'", keys, Json{{longer, "v"}});
        }
        if (bounded(r.value_max_length)) {
            const std::string longer(static_cast<std::size_t>(r.value_max_length + 1), 'a');
            add("'{k=" + longer + "}'", both("Map value", r.value_min_length, r.value_max_length), Json{{"k", longer}});
        }
    }
    std::string path_;
    Json::json_pointer at_;
};

// ---- requests ----

struct Operation {
    std::string_view name;
    std::vector<Node> members;
    std::function<std::optional<Error>(const Json&, Encoding)> read;   // the refusal of a body
};

template <class... T>
std::vector<Operation> all(Operations<T...>) {
    const auto one = []<class Request>(Request*) {
        return Operation{Request::operation, members_of<Request>(),
                         [](const Json& body, Encoding encoding) -> std::optional<Error> {
                             const auto text = encoding == Encoding::cbor ? in_cbor(body) : in_json(body);
                             Arena arena{text.size()};
                             auto request = read<Request>(text, encoding, arena, sluice::kinesis::Caller{});
                             if (request) return std::nullopt;
                             return std::move(request.error());
                         }};
    };
    return {one(static_cast<T*>(nullptr))...};
}

}   // namespace

TEST_CASE("a request that violates one constraint of its operation is told that one, and nothing else about other members") {
    std::set<std::string> kinds;
    for (const auto& operation : all(AllOperations{})) {
        CAPTURE(operation.name);
        const auto body = good_object(operation.members);
        Collector violations;
        violations.of(operation.members, "", Json::json_pointer{});
        for (const auto encoding : {Encoding::json, Encoding::cbor}) {
            const auto refused = operation.read(body, encoding);
            REQUIRE_MESSAGE(!refused, refused->message.value_or(""));
            for (const auto& violation : violations.found) {
                CAPTURE(violation.path);
                CAPTURE(violation.constraint);
                Json wrong = body;
                if (violation.with)
                    wrong[violation.at] = *violation.with;
                else
                    wrong[violation.at.parent_pointer()].erase(violation.at.back());
                const auto error = operation.read(wrong, encoding);
                REQUIRE(error);
                CHECK(error->code == ErrorCode::validation);
                const auto message = error->message.value_or("");
                const auto at = "at " + in_quotes(violation.path) + " failed to satisfy constraint: ";
                const auto part = "Value " + violation.value + (violation.value.empty() ? "" : " ") + at + violation.constraint;
                CHECK_MESSAGE(message.contains(part), message.substr(0, 500));
                // One broken text can break a pattern, too: then there are two parts, about the same member.
                std::size_t parts = 0;
                for (auto from = message.find(" failed to satisfy"); from != std::string::npos;
                     from = message.find(" failed to satisfy", from + 1))
                    ++parts;
                std::size_t own = 0;
                for (auto from = message.find(at); from != std::string::npos; from = message.find(at, from + 1)) ++own;
                CHECK(own == parts);
                CHECK(message.starts_with(std::to_string(parts) + (parts == 1 ? " validation error detected: Value"
                                                                              : " validation errors detected: Value")));
                if (parts == 1) CHECK(message == "1 validation error detected: " + part);
                kinds.insert(violation.constraint.substr(0, violation.constraint.find_first_of("0123456789[")));
            }
        }
        // The sentence names what was sent; here only that there is something to violate in most operations.
        if (!operation.members.empty()) CHECK_FALSE(violations.found.empty());
    }
    // Each kind of constraint that the model knows was violated somewhere.
    CHECK(kinds.size() >= 9);
}
