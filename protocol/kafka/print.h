// A message as JSON text, for tests and for people: the names of Kafka's schemas, bytes and records as base64, uuids
// as 22 characters, tagged fields only when they differ from their default. The same text Kafka's own converter makes.
#pragma once

#include <charconv>

#include "protocol/kafka/schema.h"

namespace sluice::kafka {

// `url`: the URL-safe alphabet without padding, the form uuids have in text.
inline std::string base64(Bytes bytes, bool url = false) {
    constexpr std::string_view plain_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const auto alphabet = url ? url_alphabet : plain_alphabet;
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        const auto have = std::min<std::size_t>(3, bytes.size() - i);
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8 | (k < have ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            if (k <= have)
                text += alphabet[group >> (18 - 6 * k) & 63];
            else if (!url)
                text += '=';
        }
    }
    return text;
}

inline std::string to_text(const Uuid& id) { return base64(std::as_bytes(std::span{id.bytes}), true); }

class Printer {
  public:
    explicit Printer(int version) : version_{version} {}

    template <Struct T>
    void message(const T& m) {
        text += '{';
        bool first = true;
        auto field = [&](std::string_view name, auto& member, When w) {
            if (!w.covers(version_) || (w.tag_id >= 0 && is_default(m, member))) return;
            if (!std::exchange(first, false)) text += ',';
            (text += '"').append(name) += "\":";
            value(member);
        };
        T::fields(m, field);
        text += '}';
    }
    template <class M>
    void value(const M& in) {
        if constexpr (std::is_same_v<M, bool>) {
            text += in ? "true" : "false";
        } else if constexpr (std::is_same_v<M, double>) {
            char digits[32];
            text.append(digits, std::to_chars(digits, digits + sizeof digits, in).ptr);   // the shortest that reads back as it
        } else if constexpr (Number<M>) {
            text += std::to_string(to_wire(in));
        } else if constexpr (std::is_same_v<M, Uuid>) {
            quoted(to_text(in));
        } else if constexpr (is_optional<M>) {
            if (in)
                value(*in);
            else
                text += "null";
        } else if constexpr (Text<M>) {
            quoted(in);
        } else if constexpr (Binary<M>) {
            quoted(base64(in));
        } else if constexpr (RecordData<M>) {
            if (in.null)
                text += "null";
            else
                quoted(base64(joined(in)));
        } else if constexpr (List<M>) {
            text += '[';
            for (std::size_t i = 0; i < in.size(); ++i) {
                if (i > 0) text += ',';
                value(in[i]);
            }
            text += ']';
        } else {
            message(in);
        }
    }

    std::string text;

  private:
    static Blob joined(const Records& in) { return {in.bytes.begin(), in.bytes.end()}; }
    static Blob joined(const RecordList& in) {
        Blob all;
        for (const auto& part : in.parts) all.insert(all.end(), part.begin(), part.end());
        return all;
    }
    void quoted(std::string_view in) {
        text += '"';
        for (const char c : in) {
            if (c == '"' || c == '\\')
                (text += '\\') += c;
            else if (static_cast<unsigned char>(c) >= 0x20)
                text += c;
            else {
                char escaped[8];
                std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
                text += escaped;
            }
        }
        text += '"';
    }

    int version_;
};

template <class T>
std::string print(const T& m, int version) {
    Printer printer{version};
    printer.message(m);
    return std::move(printer.text);
}

}   // namespace sluice::kafka
