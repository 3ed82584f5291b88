// What the fuzz targets share. A target is a function of some bytes: it may do anything with them but crash, leak, read past
// them, or break a promise it names. libFuzzer calls one of them per program (driver.cpp); replay_test.cpp calls them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::fuzz {

using Bytes = std::span<const std::byte>;
using Blob = std::vector<std::byte>;

void kafka_frames(Bytes);
void frame_stream(Bytes);
void batches(Bytes);
void http_requests(Bytes);
void http2(Bytes);
void aggregates(Bytes);
void json(Bytes);
void cbor(Bytes);
void tls_records(Bytes);
void tokens(Bytes);
void sasl(Bytes);
void catalog(Bytes);
void blocks(Bytes);
void kafka_door(Bytes);
void kinesis_door(Bytes);
void signatures(Bytes);

struct Target {
    std::string_view name;
    void (*run)(Bytes);
};
inline constexpr Target targets[] = {
    {"batches", batches},
    {"kafka_frames", kafka_frames},
    {"frame_stream", frame_stream},
    {"cbor", cbor},
    {"json", json},
    {"http_requests", http_requests},
    {"http2", http2},
    {"aggregates", aggregates},
    {"tls_records", tls_records},
    {"tokens", tokens},
    {"sasl", sasl},
    {"catalog", catalog},
    {"blocks", blocks},
    {"kafka_door", kafka_door},
    {"kinesis_door", kinesis_door},
    {"signatures", signatures},
};

// What a target begins with, made from the recorded bytes of tests/wire and from what sluice itself writes.
std::vector<Blob> seeds(std::string_view target);

// Ends the process: to libFuzzer and to `make test` alike a promise that does not hold is a crash.
inline void must(bool holds, const char* promise) {
    if (holds) return;
    std::fprintf(stderr, "broken promise: %s\n", promise);
    std::abort();
}

inline std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span{text.data(), text.size()}); }

// A copy of exactly its size, so that a sanitizer sees any read past the end.
class Exact {
  public:
    explicit Exact(Bytes bytes) : size_(bytes.size()), bytes_(std::make_unique_for_overwrite<std::byte[]>(size_)) {
        if (size_ > 0) std::memcpy(bytes_.get(), bytes.data(), size_);
    }
    Bytes bytes() const { return {bytes_.get(), size_}; }
    std::string_view text() const { return text_of(bytes()); }

  private:
    std::size_t size_;
    std::unique_ptr<std::byte[]> bytes_;
};

// Choices taken from the front of the input; an empty one goes on with zeroes.
class Choices {
  public:
    explicit Choices(Bytes bytes) : left_(bytes) {}
    std::uint8_t byte() {
        if (left_.empty()) return 0;
        const auto value = std::to_integer<std::uint8_t>(left_.front());
        left_ = left_.subspan(1);
        return value;
    }
    std::uint16_t word() {
        const auto high = byte();
        return static_cast<std::uint16_t>(high << 8 | byte());
    }
    Bytes take(std::size_t count) {
        const auto part = left_.first(std::min(count, left_.size()));
        left_ = left_.subspan(part.size());
        return part;
    }
    Bytes rest() { return take(left_.size()); }
    bool empty() const { return left_.empty(); }

  private:
    Bytes left_;
};

}   // namespace sluice::fuzz
