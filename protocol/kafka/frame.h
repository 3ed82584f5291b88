// Whole frames: int32 size, header, body. Request header 2 and answer header 1 belong to the flexible versions
// (KIP-482); the client id keeps its old form in both; ApiVersions answers always have header 0, so that a client
// which asked for too high a version can still read them (KIP-511).
#pragma once

#include "protocol/kafka/schema.h"

namespace sluice::kafka {

inline constexpr std::int16_t metadata_key = 3, api_versions_key = 18;

struct RequestHeader {
    std::int16_t api_key{};
    std::int16_t api_version{};
    std::int32_t correlation_id{};
    std::optional<std::string_view> client_id;
    Bytes body;   // what follows the header
};

constexpr bool has_tagged_answer_header(const Api& api, int version) {
    return api.key != api_versions_key && api.flexible(version);
}

inline void skip_tags(Reader& in) {
    for (auto count = in.uvarint(); count > 0 && in.ok(); --count) {
        in.uvarint();
        in.take(in.uvarint());
    }
}

// The part every header version shares; which one follows is known only after looking the API up.
inline std::optional<RequestHeader> read_header(Bytes frame) {
    Reader in{frame};
    RequestHeader header;
    header.api_key = in.integer<std::int16_t>();
    header.api_version = in.integer<std::int16_t>();
    header.correlation_id = in.integer<std::int32_t>();
    const auto length = in.integer<std::int16_t>();
    if (length >= 0) header.client_id = as_text(in.take(static_cast<std::size_t>(length)));
    header.body = in.rest();
    return in.ok() ? std::optional{header} : std::nullopt;
}

// Request header 2: steps over the tags. False: they do not end within the frame.
inline bool skip_header_tags(RequestHeader& header) {
    Reader in{header.body};
    skip_tags(in);
    header.body = in.rest();
    return in.ok();
}

struct AnswerHeader {
    std::int32_t correlation_id{};
    Bytes body;
};

inline std::optional<AnswerHeader> read_answer_header(Bytes frame, const Api& api, int version) {
    Reader in{frame};
    AnswerHeader header{.correlation_id = in.integer<std::int32_t>(), .body = {}};
    if (has_tagged_answer_header(api, version)) skip_tags(in);
    header.body = in.rest();
    return in.ok() ? std::optional{header} : std::nullopt;
}

template <class T>
Blob encode_request(const T& m, int version, std::int32_t correlation_id, std::optional<std::string_view> client_id) {
    const bool flexible = T::api.flexible(version);
    const auto name_size = client_id ? client_id->size() : 0;
    Blob frame(4 + 10 + name_size + (flexible ? 1 : 0) + size(m, version));
    Fill out{frame.data()};
    out.integer(static_cast<std::int32_t>(frame.size() - 4));
    out.integer(T::api.key);
    out.integer(static_cast<std::int16_t>(version));
    out.integer(correlation_id);
    out.integer(static_cast<std::int16_t>(client_id ? static_cast<int>(name_size) : -1));
    if (client_id) out.raw(as_bytes(*client_id));
    if (flexible) out.uvarint(0);
    encode(m, version, out.at);
    return frame;
}

// An answer in pieces: `bytes` from the size on, without records; each splice says where its records go.
// The pieces of records are views: the encoded message must outlive their use.
struct Gathered {
    Blob bytes;
    std::vector<Splice> splices;
    std::size_t total = 0;   // bytes on the wire, records included

    // Calls `each(Bytes)` with every piece in wire order.
    template <class Each>
    void pieces(Each&& each) const {
        std::size_t from = 0;
        for (const auto& splice : splices) {
            each(Bytes{bytes}.subspan(from, splice.position - from));
            for (const auto& part : splice.records->parts) each(part);
            from = splice.position;
        }
        if (from < bytes.size()) each(Bytes{bytes}.subspan(from));
    }
};

template <class T>
Gathered encode_gather(const T& m, int version, std::int32_t correlation_id) {
    const bool flexible = T::api.flexible(version), tagged = has_tagged_answer_header(T::api, version);
    Encoder<Count> measure{{}, version, flexible, nullptr, nullptr, true};
    measure.message(m);
    Gathered out;
    out.bytes.resize(8 + (tagged ? 1 : 0) + measure.sink.bytes);
    Fill header{out.bytes.data() + 4};
    header.integer(correlation_id);
    if (tagged) header.uvarint(0);
    Encoder<Fill> encoder{header, version, flexible, &out.splices, out.bytes.data(), true};
    encoder.message(m);
    out.total = out.bytes.size();
    for (const auto& splice : out.splices) out.total += splice.records->size();
    Fill{out.bytes.data()}.integer(static_cast<std::int32_t>(out.total - 4));
    return out;
}

// The same answer in one piece.
template <class T>
Blob encode_answer(const T& m, int version, std::int32_t correlation_id) {
    const bool tagged = has_tagged_answer_header(T::api, version);
    Blob frame(8 + (tagged ? 1 : 0) + size(m, version));
    Fill out{frame.data()};
    out.integer(static_cast<std::int32_t>(frame.size() - 4));
    out.integer(correlation_id);
    if (tagged) out.uvarint(0);
    encode(m, version, out.at);
    return frame;
}

}   // namespace sluice::kafka
