// Fills a request from a `JsonReader` or a `CborReader` by walking the body once. A syntax error anywhere
// spoils the body as a whole; the first value of a wrong type is told in AWS's words and stops filling, but
// the walk goes on.
#pragma once

#include <algorithm>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>

#include "protocol/kinesis/cbor.h"
#include "protocol/kinesis/json.h"
#include "protocol/kinesis/rules.h"
#include "protocol/kinesis/values.h"

namespace sluice::kinesis {

// What AWS says to a value of a kind that a scalar cannot be made from.
std::string not_convertible(Kind found, std::string_view to);
// `'HELLO' can not be converted to an Boolean`
std::string no_boolean(std::string_view text);

template <class T>
constexpr bool is_vector = false;
template <class T>
constexpr bool is_vector<std::vector<T>> = true;

template <class Reader>
class Decoder {
  public:
    explicit Decoder(Reader& reader) : reader_(reader) {}

    // Fills `request`; false when the body is not one well-formed map.
    template <class T>
    bool body(T& request) {
        if (reader_.peek() != Kind::map) return false;
        structure(request);
        return reader_.finished();
    }

    // The message of the first value of a wrong type.
    std::optional<std::string>& fault() { return fault_; }

  private:
    template <class T>
    void structure(T& target) {
        reader_.enter_map();
        std::string_view key;
        while (reader_.next_key(key)) {
            bool known = false;
            auto take = [&](std::string_view name, auto& member, const Rules& rules) {
                if (known || name != key) return;
                known = true;
                value(member, rules);
            };
            T::members(target, take);
            if (!known) reader_.skip();
        }
    }

    // Null means absent, also after an earlier value of the same member.
    template <class T>
    void value(std::optional<T>& member, const Rules& rules) {
        const Kind kind = reader_.peek();
        if (kind == Kind::null) {
            reader_.null();
            member.reset();
        } else if (fault_) {
            reader_.skip();
        } else {
            fill(member.emplace(), kind, rules);
        }
    }

    template <class T>
    void fill(T& target, Kind kind, const Rules& rules) {
        if constexpr (std::same_as<T, TextMap>) {
            if (kind == Kind::list) return refuse("Start of list found where not expected");
            if (kind != Kind::map) return refuse("Expected map or null");
            map(target, rules);
        } else if constexpr (is_vector<T>) {
            if (kind == Kind::map) return refuse("Start of structure or map found where not expected.");
            if (kind != Kind::list) return refuse("Expected list or null");
            list(target, rules);
        } else {
            if (kind == Kind::list) return refuse("Start of list found where not expected");
            if constexpr (std::is_aggregate_v<T> && !std::same_as<T, Blob>) {
                if (kind != Kind::map) return refuse("Expected null");
                structure(target);
            } else {
                if (kind == Kind::map) return refuse("Start of structure or map found where not expected.");
                scalar(target, kind);
            }
        }
    }

    void scalar(std::string_view& target, Kind kind) {
        if (kind != Kind::text) return refuse(not_convertible(kind, "an String"));
        target = reader_.text();
    }
    void scalar(Blob& target, Kind kind) {
        if (kind != Kind::text && kind != Kind::bytes) return refuse(not_convertible(kind, "a Blob"));
        auto blob = reader_.blob();
        if (blob)
            target = *blob;
        else
            fault_ = std::move(blob.error());
    }
    void scalar(bool& target, Kind kind) {
        if (kind == Kind::text)
            fault_ = no_boolean(reader_.text());
        else if (kind != Kind::boolean)
            refuse(not_convertible(kind, "an Boolean"));
        else
            target = reader_.boolean();
    }
    void scalar(std::int32_t& target, Kind kind) {
        if (kind != Kind::number) return refuse(not_convertible(kind, "an Integer"));
        using Limits = std::numeric_limits<std::int32_t>;
        target = static_cast<std::int32_t>(std::clamp<std::int64_t>(reader_.integer(), Limits::min(), Limits::max()));
    }
    void scalar(std::int64_t& target, Kind kind) {
        if (kind != Kind::number) return refuse(not_convertible(kind, "an Long"));
        target = reader_.integer();
    }
    void scalar(Time& target, Kind kind) {
        if (kind != Kind::number) return refuse(not_convertible(kind, "milliseconds since epoch"));
        target = Time{std::chrono::milliseconds{reader_.time_ms()}};
    }

    // One entry more than is allowed is kept, so that validation sees the excess and no body can ask for more
    // memory than its own size warrants. A null item is an item with nothing in it.
    static std::size_t most_kept(const Rules& rules) {
        return rules.max_length == Rules::none ? wire_limits::list_items : static_cast<std::size_t>(rules.max_length) + 1;
    }

    template <class T>
    void list(std::vector<T>& target, const Rules& rules) {
        reader_.enter_list();
        while (reader_.next_item()) {
            if (fault_ || target.size() == most_kept(rules)) {
                reader_.skip();
                continue;
            }
            T& item = target.emplace_back();
            if (const Kind kind = reader_.peek(); kind == Kind::null)
                reader_.null();
            else
                fill(item, kind, rules);
        }
    }

    void map(TextMap& target, const Rules& rules) {
        reader_.enter_map();
        std::string_view key;
        while (reader_.next_key(key)) {
            std::string_view text;
            const Kind kind = reader_.peek();
            if (kind == Kind::null)
                reader_.null();
            else if (fault_)
                reader_.skip();
            else
                fill(text, kind, rules);
            if (target.size() == most_kept(rules)) continue;   // too many already, whatever else comes
            const auto same = std::ranges::find(target, key, &TextMap::value_type::first);
            if (same != target.end())
                same->second = text;
            else
                target.emplace_back(key, text);
        }
    }

    void refuse(std::string message) {
        fault_ = std::move(message);
        reader_.skip();
    }

    Reader& reader_;
    std::optional<std::string> fault_;
};

}   // namespace sluice::kinesis
