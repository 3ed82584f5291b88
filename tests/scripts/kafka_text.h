// Kafka's messages as people write and read them: a request is filled from JSON by the same declaration that encodes it
// (protocol/kafka/schema.h), records are written and shown as keys and values, and an answer is laid out in lines.
#pragma once

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "protocol/batch/builder.h"
#include "protocol/batch/reader.h"
#include "protocol/kafka/print.h"
#include "protocol/kinesis/base64.h"

namespace sluice::test {

using Json = nlohmann::ordered_json;

inline kafka::Blob bytes_of(const std::string& base64) {
    kafka::Blob bytes(base64.size());
    const auto size = kinesis::decode_base64(base64, reinterpret_cast<char*>(bytes.data()));
    if (!size) throw std::runtime_error{"no base64: " + base64 + ": " + size.error()};
    bytes.resize(*size);
    return bytes;
}

// What a script names of a structure, each name asked for at most once. What is left over is in no declaration.
class Named {
  public:
    explicit Named(const Json& from) : from_{from} {
        if (!from.is_object()) throw std::runtime_error{"no structure: " + from.dump()};
        for (const auto& [name, value] : from.items()) left_.insert(name);
    }
    const Json* take(std::string_view name) {
        return left_.erase(std::string{name}) > 0 ? &from_.at(std::string{name}) : nullptr;
    }
    void nothing_left(const std::string& where) const {
        if (!left_.empty()) throw std::runtime_error{"no field " + *left_.begin() + where};
    }

  private:
    const Json& from_;
    std::set<std::string> left_;
};

// One batch: a list of records, or a structure of the batch's fields and `records`. A record without a time has `now_ms`.
inline kafka::Blob batch_from(const Json& from, std::int64_t now_ms) {
    batch::BatchOptions options;
    const Json* list = &from;
    if (from.is_object()) {
        Named batch{from};
        list = batch.take("records");
        if (!list) throw std::runtime_error{"a batch without records: " + from.dump()};
        if (const auto* id = batch.take("producerId")) options.producer_id = id->get<std::int64_t>();
        if (const auto* epoch = batch.take("producerEpoch")) options.producer_epoch = epoch->get<std::int16_t>();
        if (const auto* sequence = batch.take("baseSequence")) options.base_sequence = sequence->get<std::int32_t>();
        if (const auto* attributes = batch.take("attributes")) options.attributes = attributes->get<std::int16_t>();
        batch.nothing_left(" in a batch");
    }
    std::vector<batch::Record> records;
    for (const auto& one : *list) {
        Named named{one};
        auto& record = records.emplace_back();
        const auto text = [&](std::string_view name) -> std::optional<batch::Bytes> {
            const auto* field = named.take(name);
            if (!field || field->is_null()) return std::nullopt;
            return kafka::as_bytes(field->get_ref<const std::string&>());
        };
        record.key = text("key");
        record.value = text("value");
        const auto* time = named.take("timestamp");
        record.timestamp = time ? time->get<std::int64_t>() : now_ms;
        named.nothing_left(" in a record");
    }
    return batch::build(records, options);
}

// The batches that stand behind each other in `bytes`. A control batch's keys and values are base64, since they are no text.
inline Json batches_in(const kafka::Blob& bytes) {
    auto batches = Json::array();
    batch::Blob scratch;
    for (kafka::Bytes rest = bytes; !rest.empty();) {
        const auto header = batch::parse_header(rest);
        if (!header || header->size() < 0 || static_cast<std::size_t>(header->size()) > rest.size()) {
            batches.push_back("a part of a batch");
            break;
        }
        auto records = Json::array();
        const auto text = [&](const std::optional<batch::Bytes>& field) -> Json {
            if (!field) return {};
            return header->control() ? kafka::base64(*field) : std::string{kafka::as_text(*field)};
        };
        const auto read = batch::read(rest, scratch, [&](const batch::Record& record) {
            records.push_back({{"timestamp", record.timestamp}, {"key", text(record.key)}, {"value", text(record.value)}});
            return true;
        });
        if (!read) throw std::runtime_error{"a batch cannot be read: " + std::string{batch::text_of(read.error())}};
        Json shown{{"baseOffset", header->base_offset}};
        if (header->attributes != 0) shown["attributes"] = header->attributes;
        if (header->producer_id >= 0)
            shown.update({{"producerId", header->producer_id},
                          {"producerEpoch", header->producer_epoch},
                          {"baseSequence", header->base_sequence}});
        shown["records"] = std::move(records);
        batches.push_back(std::move(shown));
        rest = rest.subspan(static_cast<std::size_t>(header->size()));
    }
    return batches;
}

// Fills a request from JSON, which lives as long as the request, as the arena does. What is not named keeps its default. With
// `any_version` fields that only other versions have are left out.
class FromText {
  public:
    FromText(int version, std::int64_t now_ms, kafka::Arena& arena, bool any_version = false)
        : version_{version}, now_ms_{now_ms}, arena_{arena}, any_version_{any_version} {}

    template <kafka::Struct T>
    void fill(T& m, const Json& from) {
        Named named{from};
        auto field = [&](std::string_view name, auto& member, kafka::When w) {
            if (!w.covers(version_) && !any_version_) return;   // left over, if it is named
            if (const auto* value = named.take(name); value && w.covers(version_)) fill(member, *value);
        };
        T::fields(m, field);
        named.nothing_left(" in version " + std::to_string(version_) + ": " + from.dump());
    }

  private:
    template <class M>
        requires(!kafka::Struct<M>)
    void fill(M& out, const Json& from) {
        if constexpr (std::is_same_v<M, bool>) {
            out = from.get<bool>();
        } else if constexpr (std::is_same_v<M, double>) {
            out = from.get<double>();
        } else if constexpr (kafka::Number<M>) {
            using Wire = decltype(kafka::to_wire(out));
            if (!from.is_number_integer() || !std::in_range<Wire>(from.get<std::int64_t>()))
                throw std::runtime_error{"no number of " + std::to_string(sizeof(Wire)) + " bytes: " + from.dump()};
            out = static_cast<M>(from.get<Wire>());
        } else if constexpr (std::is_same_v<M, kafka::Uuid>) {
            auto text = from.get<std::string>() + "==";
            std::ranges::replace(text, '-', '+');
            std::ranges::replace(text, '_', '/');
            const auto bytes = bytes_of(text);
            if (bytes.size() != sizeof out.bytes) throw std::runtime_error{"no uuid: " + from.dump()};
            std::memcpy(out.bytes.data(), bytes.data(), bytes.size());
        } else if constexpr (kafka::is_optional<M>) {
            if (from.is_null())
                out.reset();
            else
                fill(out.emplace(typename M::value_type{}), from);
        } else if constexpr (kafka::Text<M>) {
            out = from.get_ref<const std::string&>();
        } else if constexpr (kafka::Binary<M>) {
            out = kept(bytes_of(from.get<std::string>()));
        } else if constexpr (kafka::RecordData<M>) {
            out =
                from.is_null() ? M{} : M{kept(from.is_string() ? bytes_of(from.get<std::string>()) : batch_from(from, now_ms_))};
        } else {
            list(out, from);
        }
    }
    template <class T>
    void list(kafka::Array<T>& out, const Json& from) {
        if (!from.is_array()) throw std::runtime_error{"no list: " + from.dump()};
        T* const items = arena_.room<T>(from.size());
        if (!items) throw std::runtime_error{"too long a list"};
        for (std::size_t i = 0; i < from.size(); ++i) fill(*new (items + i) T{}, from[i]);
        out = {items, from.size()};
    }
    kafka::Bytes kept(const kafka::Blob& bytes) {
        auto* const room = arena_.room<std::byte>(bytes.size());
        if (!room) throw std::runtime_error{"too many bytes"};
        std::ranges::copy(bytes, room);
        return {room, bytes.size()};
    }

    int version_;
    std::int64_t now_ms_;
    kafka::Arena& arena_;
    bool any_version_;
};

inline std::string in_a_line(const Json& value) {
    if (!value.is_structured()) return value.dump();
    std::string line;
    for (const auto& [name, part] : value.items())
        line += (line.empty() ? "" : ", ") + (value.is_object() ? Json(name).dump() + ": " : "") + in_a_line(part);
    return value.is_object() ? "{" + line + "}" : "[" + line + "]";
}

// What fits a line stands in one. Else a structure's plain fields fill lines, all others begin their own, and so do the parts of
// a list, unless it has only one. `before` stands already in the first line.
inline std::string laid_out(const Json& value, std::size_t longest, std::size_t margin = 0, std::size_t before = 0) {
    const auto line = in_a_line(value);
    if (!value.is_structured() || margin + before + line.size() < longest) return line;
    if (value.is_array() && value.size() == 1) return "[" + laid_out(value[0], longest, margin, before + 1) + "]";
    const auto plain = [](const Json& part) { return std::ranges::none_of(part, &Json::is_structured); };
    std::string block, row;
    const auto end_row = [&] {
        if (!row.empty()) block += (block.empty() ? "\n" : ",\n") + std::string(margin + 2, ' ') + std::exchange(row, {});
    };
    for (const auto& [name, part] : value.items()) {
        const auto label = value.is_object() ? Json(name).dump() + ": " : "";
        const auto shown = label + laid_out(part, longest, margin + 2, label.size());
        const bool joins = value.is_object() && plain(part) && margin + 2 + row.size() + shown.size() + 3 < longest;
        if (!joins) end_row();
        row += (row.empty() ? "" : ", ") + shown;
        if (value.is_array() || !plain(part)) end_row();
    }
    end_row();
    block += "\n" + std::string(margin, ' ');
    return value.is_object() ? "{" + block + "}" : "[" + block + "]";
}

}   // namespace sluice::test
