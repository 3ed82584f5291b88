// One message type seen through pointers, so that what is checked is compiled once and not for each message: a message's own test
// file (made from message_test.cpp.in) holds its decoder, encoder and printer and nothing else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/kafka/frame.h"
#include "protocol/kafka/print.h"

namespace sluice::test {

using Wire = std::vector<std::byte>;

// A message that was read, and what it says of itself. The bytes it was read from live longer.
struct Held {
    virtual ~Held() = default;
    virtual std::string print(int version) const = 0;
    virtual Wire encode(int version) const = 0;
    virtual Wire request_frame(int version, std::int32_t correlation_id, std::optional<std::string_view> client_id) const = 0;
    virtual Wire answer_frame(int version, std::int32_t correlation_id) const = 0;
    virtual Wire gathered_frame(int version, std::int32_t correlation_id) const = 0;
};

struct Codec {
    std::string name;   // as the vectors have it
    kafka::Api api;
    // Nothing when the bytes are no such message.
    std::unique_ptr<Held> (*decode)(kafka::Bytes, int version, kafka::Bytes* rest);
};

template <class T>
struct HeldMessage final : Held {
    kafka::Arena arena;
    T message{};
    static Wire joined(const kafka::Gathered& gathered) {
        Wire all;
        gathered.pieces([&](kafka::Bytes piece) { all.insert(all.end(), piece.begin(), piece.end()); });
        return gathered.total == all.size() ? all : Wire{};
    }
    static Wire plain(const kafka::Blob& blob) { return {blob.begin(), blob.end()}; }
    std::string print(int version) const override { return kafka::print(message, version); }
    Wire encode(int version) const override { return plain(kafka::encode(message, version)); }
    Wire request_frame(int version, std::int32_t correlation_id, std::optional<std::string_view> client_id) const override {
        return plain(kafka::encode_request(message, version, correlation_id, client_id));
    }
    Wire answer_frame(int version, std::int32_t correlation_id) const override {
        return plain(kafka::encode_answer(message, version, correlation_id));
    }
    Wire gathered_frame(int version, std::int32_t correlation_id) const override {
        return joined(kafka::encode_gather(message, version, correlation_id));
    }
    static std::unique_ptr<Held> decode(kafka::Bytes bytes, int version, kafka::Bytes* rest) {
        auto held = std::make_unique<HeldMessage>();
        if (!kafka::decode(bytes, version, held->arena, held->message, rest)) return nullptr;
        return held;
    }
};

template <class T>
Codec codec(std::string name) {
    return {std::move(name), T::api, &HeldMessage<T>::decode};
}

// All vectors of the API, bodies and whole frames: reads, prints and writes each as the Java codec does, and accepts no prefix of
// one.
void check_api(const Codec& request, const Codec& response);
// The vectors of that name in internal.jsonl.gz; yields how many there are.
int check_internal(const Codec&);

}   // namespace sluice::test
