#include "protocol/kinesis/event_stream.h"

#include <isa-l/crc.h>

#include <array>

#include "protocol/kinesis/encode.h"

namespace sluice::kinesis {
namespace {

constexpr std::size_t prelude = 12, tail = 4;   // total length, headers' length, checksum of the two; checksum of all
constexpr std::uint8_t text_header = 7;

void put(std::string& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}
void put_at(std::string& out, std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) out[at + i] = static_cast<char>(value >> (24 - 8 * i));
}
std::uint32_t get(std::string_view from, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(from[at + i]);
    return value;
}

// CRC-32 as zlib and Ethernet have it.
std::uint32_t crc32(std::string_view bytes) {
    return crc32_gzip_refl(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

}   // namespace

EventMessage::EventMessage(std::string& out, std::span<const Header> headers) : out_(out), start_(out.size()) {
    out_.append(prelude, '\0');
    for (const auto& [name, value] : headers) {
        out_ += static_cast<char>(name.size());
        out_ += name;
        out_ += static_cast<char>(text_header);
        out_ += '\0';
        out_ += static_cast<char>(value.size());
        out_ += value;
    }
    headers_ = out_.size() - start_ - prelude;
}

void EventMessage::end() {
    const auto total = out_.size() - start_ + tail;
    put_at(out_, start_, static_cast<std::uint32_t>(total));
    put_at(out_, start_ + 4, static_cast<std::uint32_t>(headers_));
    put_at(out_, start_ + 8, crc32(std::string_view{out_}.substr(start_, 8)));
    put(out_, crc32(std::string_view{out_}.substr(start_)));
}

void append_initial_response(std::string& out) {
    auto message = begin_event(out, "initial-response");
    out += "{}";
    message.end();
}

EventMessage begin_event(std::string& out, std::string_view type) {
    const std::array<EventMessage::Header, 3> headers{
        {{":message-type", "event"}, {":event-type", type}, {":content-type", "application/json"}}};
    return {out, headers};
}

void append_exception(std::string& out, std::string_view type, std::string_view text) {
    const std::array<EventMessage::Header, 3> headers{
        {{":message-type", "exception"}, {":exception-type", type}, {":content-type", "application/json"}}};
    EventMessage message{out, headers};
    {
        JsonWriter writer{out};   // the text has its size when it ends
        writer.begin_map(1);
        writer.member("message");
        writer.text(text);
        writer.end_map();
    }
    message.end();
}

std::string_view ReadMessage::header(std::string_view name) const {
    for (const auto& [known, value] : headers)
        if (known == name) return value;
    return {};
}

std::optional<ReadMessage> read_message(std::string_view bytes) {
    if (bytes.size() < prelude + tail) return {};
    const std::size_t total = get(bytes, 0), headers = get(bytes, 4);
    if (total > bytes.size() || total < prelude + tail || headers > total - prelude - tail) return {};
    if (get(bytes, 8) != crc32(bytes.substr(0, 8)) || get(bytes, total - tail) != crc32(bytes.substr(0, total - tail))) return {};
    ReadMessage message{
        .headers = {}, .payload = bytes.substr(prelude + headers, total - prelude - headers - tail), .size = total};
    for (auto rest = bytes.substr(prelude, headers); !rest.empty();) {
        const std::size_t name = static_cast<unsigned char>(rest[0]);
        if (rest.size() < name + 4 || static_cast<std::uint8_t>(rest[name + 1]) != text_header) return {};
        const auto size = static_cast<std::size_t>(static_cast<unsigned char>(rest[name + 2]) << 8 |
                                                   static_cast<unsigned char>(rest[name + 3]));
        if (rest.size() < name + 4 + size) return {};
        message.headers.emplace_back(rest.substr(1, name), rest.substr(name + 4, size));
        rest.remove_prefix(name + 4 + size);
    }
    return message;
}

}   // namespace sluice::kinesis
