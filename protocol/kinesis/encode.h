// Writes a result with a `JsonWriter` or a `CborWriter`. An optional without a value is left out; everything
// else is written, empty or not.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

#include "protocol/kinesis/base64.h"
#include "protocol/kinesis/cbor.h"
#include "protocol/kinesis/decode.h"
#include "protocol/kinesis/errors.h"
#include "protocol/kinesis/json.h"
#include "protocol/kinesis/rules.h"
#include "protocol/kinesis/values.h"

namespace sluice::kinesis {

template <class T>
constexpr bool is_optional = false;
template <class T>
constexpr bool is_optional<std::optional<T>> = true;

template <class T>
constexpr bool is_inline_text = false;
template <std::size_t N>
constexpr bool is_inline_text<InlineText<N>> = true;

template <class T>
bool present(const T& member) {
    if constexpr (is_optional<T>)
        return member.has_value();
    else
        return true;
}

template <class Writer, class T>
void write_value(Writer& writer, const T& value) {
    if constexpr (is_optional<T>) {
        write_value(writer, *value);
    } else if constexpr (std::same_as<T, bool>) {
        writer.boolean(value);
    } else if constexpr (std::integral<T>) {
        writer.integer(value);
    } else if constexpr (std::same_as<T, Time>) {
        writer.time(value);
    } else if constexpr (std::same_as<T, Blob>) {
        writer.blob(value);
    } else if constexpr (is_inline_text<T>) {
        writer.plain(value);
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        writer.text(value);
    } else if constexpr (std::same_as<T, TextMap>) {
        writer.begin_map(value.size());
        for (const auto& [key, text] : value) writer.key(key), writer.text(text);
        writer.end_map();
    } else if constexpr (is_vector<T>) {
        writer.begin_list(value.size());
        for (const auto& item : value) write_value(writer, item);
        writer.end_list();
    } else {
        std::size_t count = 0;
        auto tally = [&](std::string_view, const auto& member, const Rules&) { count += present(member); };
        T::members(value, tally);
        writer.begin_map(count);
        auto put = [&](std::string_view name, const auto& member, const Rules&) {
            if (!present(member)) return;
            writer.member(name);
            write_value(writer, member);
        };
        T::members(value, put);
        writer.end_map();
    }
}

// About how many bytes a value takes, nearly always a few more than it does: room for an answer is asked for once.
template <class T>
std::size_t size_hint(const T& value) {
    if constexpr (is_optional<T>) {
        return value ? size_hint(*value) : 0;
    } else if constexpr (std::same_as<T, bool> || std::integral<T> || std::same_as<T, Time>) {
        return 16;
    } else if constexpr (std::same_as<T, Blob>) {
        return base64_size(value.bytes.size()) + 3;
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        return std::string_view{value}.size() + 3;
    } else if constexpr (std::same_as<T, TextMap> || is_vector<T>) {
        std::size_t size = 2;
        for (const auto& item : value) {
            if constexpr (std::same_as<T, TextMap>)
                size += item.first.size() + item.second.size() + 6;
            else
                size += size_hint(item) + 1;
        }
        return size;
    } else {
        std::size_t size = 2;
        auto add = [&](std::string_view name, const auto& member, const Rules&) {
            if (present(member)) size += name.size() + 4 + size_hint(member);
        };
        T::members(value, add);
        return size;
    }
}

// Appends the body of an answer; nothing for a `NoResult`.
template <class T>
void encode(const T& result, Encoding encoding, std::string& out) {
    if constexpr (!std::same_as<T, NoResult>) {
        out.reserve(out.size() + size_hint(result));
        if (encoding == Encoding::cbor) {
            CborWriter writer{out};
            write_value(writer, result);
        } else {
            JsonWriter writer{out};
            write_value(writer, result);
        }
    }
}

}   // namespace sluice::kinesis
