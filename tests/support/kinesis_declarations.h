// The declarations of Kinesis' requests as values that a test can walk, values that satisfy them, and how those are spelled in
// JSON and in CBOR.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "protocol/kinesis/base64.h"
#include "protocol/kinesis/cbor.h"
#include "protocol/kinesis/decode.h"

namespace sluice::test {

using Json = nlohmann::json;
using kinesis::Rules;

enum class Shape { text, blob, number, boolean, time, texts, structures, map, structure };

// A member as its operation declares it.
struct Node {
    std::string name;
    Shape shape{};
    Rules rules;
    std::vector<Node> members = {};   // of a structure, or of each one in a list
};

template <class T>
std::vector<Node> members_of();

template <class T>
Node node_of(std::string_view name, const Rules& rules) {
    Node node{.name = std::string{name}, .rules = rules};
    if constexpr (std::same_as<T, kinesis::TextMap>) {
        node.shape = Shape::map;
    } else if constexpr (std::same_as<T, std::vector<std::string_view>>) {
        node.shape = Shape::texts;
    } else if constexpr (kinesis::is_vector<T>) {
        node.shape = Shape::structures;
        node.members = members_of<typename T::value_type>();
    } else if constexpr (std::same_as<T, kinesis::Blob>) {
        node.shape = Shape::blob;
    } else if constexpr (std::is_aggregate_v<T>) {
        node.shape = Shape::structure;
        node.members = members_of<T>();
    } else if constexpr (std::same_as<T, bool>) {
        node.shape = Shape::boolean;
    } else if constexpr (std::same_as<T, kinesis::Time>) {
        node.shape = Shape::time;
    } else if constexpr (std::integral<T>) {
        node.shape = Shape::number;
    } else {
        static_assert(std::same_as<T, std::string_view>);
        node.shape = Shape::text;
    }
    return node;
}

template <class T>
std::vector<Node> members_of() {
    std::vector<Node> nodes;
    T empty{};
    const auto see = [&]<class Member>(std::string_view name, std::optional<Member>&, const Rules& rules) {
        nodes.push_back(node_of<Member>(name, rules));
    };
    T::members(empty, see);
    return nodes;
}

// ---- values, and how they are spelled ----

// A moment: seconds in JSON, tagged milliseconds in CBOR. In a value it stands as bytes of a kind of their own.
inline Json moment(std::int64_t ms) {
    std::vector<std::uint8_t> bytes(sizeof ms);
    std::memcpy(bytes.data(), &ms, sizeof ms);
    return Json::binary(std::move(bytes), 1);
}
inline std::optional<std::int64_t> moment_of(const Json& value) {
    if (!value.is_binary() || !value.get_binary().has_subtype()) return std::nullopt;
    std::int64_t ms = 0;
    std::memcpy(&ms, value.get_binary().data(), sizeof ms);
    return ms;
}

// Bytes are base64 in JSON.
inline Json spelled_for_json(const Json& value) {
    if (const auto ms = moment_of(value)) return static_cast<double>(*ms) / 1000.0;
    if (value.is_binary()) {
        const auto& bytes = value.get_binary();
        std::string text(kinesis::base64_size(bytes.size()), '\0');
        kinesis::put_base64(text.data(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        return text;
    }
    if (!value.is_structured()) return value;
    Json copy = value;
    for (auto& item : copy) item = spelled_for_json(item);
    return copy;
}
inline std::string in_json(const Json& value) { return spelled_for_json(value).dump(); }

inline void put_cbor(std::string& out, const Json& value) {
    kinesis::CborWriter writer{out};
    if (const auto ms = moment_of(value)) return writer.time(kinesis::Time{std::chrono::milliseconds{*ms}});
    if (value.is_binary()) {
        const auto& bytes = value.get_binary();
        return writer.blob({{reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
    }
    if (value.is_array()) {
        writer.begin_list(value.size());
        for (const auto& item : value) put_cbor(out, item);
    } else if (value.is_object()) {
        writer.begin_map(value.size());
        for (const auto& [key, item] : value.items()) writer.key(key), put_cbor(out, item);
    } else {
        Json::to_cbor(value, out);
    }
}
inline std::string in_cbor(const Json& value) {
    std::string out;
    put_cbor(out, value);
    return out;
}

// ---- values that satisfy a declaration ----

inline bool bounded(std::int64_t bound) { return bound != Rules::none; }
inline std::string first_of(std::string_view choices) { return std::string{choices.substr(0, choices.find(", "))}; }

// A text of every kind that the model has a pattern for. A pattern that none of them satisfies needs one more here.
inline std::string good_text(const Rules& rules) {
    if (!rules.one_of.empty()) return first_of(rules.one_of);
    const auto least = static_cast<std::size_t>(std::max<std::int64_t>(bounded(rules.min_length) ? rules.min_length : 0, 1));
    for (const std::string& example :
         {std::string(least, 'a'), std::string{"abcdefghijklmnopqrst-uvw"}, std::string{"123"},
          std::string{"arn:aws:kinesis:us-east-1:123456789012:stream/s"},
          std::string{"arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/c:1"},
          std::string{"arn:aws:kinesis:us-east-1:123456789012:queue/q"},
          std::string{"arn:aws:kinesis:us-east-1:123456789012:channel/c"}, std::string{"arn:aws:iam::123456789012:role/r"},
          std::string{"arn:aws:s3:::a-bucket"}, std::string{"arn:aws:s3tables:us-east-1:123456789012:bucket/abc"},
          std::string{"arn:aws:glue:us-east-1:123456789012:schema/r/s"}, std::string{"123456789012"}})
        if (example.size() >= least && (rules.pattern == nullptr || rules.pattern->matches(example))) return example;
    FAIL("no example of a text that satisfies ", rules.pattern->text);
    return {};
}

inline Json good_object(const std::vector<Node>& members);

inline Json good(const Node& node) {
    const auto& rules = node.rules;
    const auto entries = static_cast<std::size_t>(bounded(rules.min_length) ? std::max<std::int64_t>(rules.min_length, 1) : 1);
    const auto item_length =
        static_cast<std::size_t>(bounded(rules.item_min_length) ? std::max<std::int64_t>(rules.item_min_length, 1) : 1);
    switch (node.shape) {
        case Shape::text:
            return good_text(rules);
        case Shape::blob:
            return Json::binary({1, 2, 3});
        case Shape::number:
            return bounded(rules.min) ? rules.min : bounded(rules.max) ? rules.max : 1;
        case Shape::boolean:
            return true;
        case Shape::time:
            return moment(1'700'000'000'000);
        case Shape::texts:
            return Json(entries, rules.item_one_of.empty() ? std::string(item_length, 'a') : first_of(rules.item_one_of));
        case Shape::structures:
            return Json(entries, good_object(node.members));
        case Shape::map: {
            Json map = Json::object();
            for (std::size_t i = 0; i < entries; ++i) map[std::to_string(i) + std::string(item_length, 'a')] = "v";
            return map;
        }
        case Shape::structure:
            return good_object(node.members);
    }
    return {};
}

inline Json good_object(const std::vector<Node>& members) {
    Json object = Json::object();
    for (const auto& node : members) object[node.name] = good(node);
    return object;
}

}   // namespace sluice::test
