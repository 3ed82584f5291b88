// JSON as one of the two encodings: a pull reader and a writer with the same interface as CBOR's (cbor.h).
// The reader latches at the first syntax error: from then on every read yields nothing, and `finished` says
// no.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/kinesis/values.h"

namespace sluice::kinesis {

class JsonReader {
  public:
    // Views that are handed out live as long as the body and the arena.
    JsonReader(std::string_view body, Arena& arena) : at_(body.data()), end_(body.data() + body.size()), arena_(arena) {}

    Kind peek();
    void null();
    bool boolean();
    // Decimals are floored; what does not fit becomes the nearest that does.
    std::int64_t integer();
    // A number of seconds; the result is in milliseconds.
    std::int64_t time_ms();
    std::string_view text();
    // The error is the text of a SerializationException; the syntax around it stays readable.
    std::expected<Blob, std::string> blob();
    void enter_list();
    bool next_item();
    void enter_map();
    bool next_key(std::string_view& key);
    // Reads past one value, checking its syntax.
    void skip();
    // Whether one whole value was read and nothing follows it.
    bool finished();

  private:
    char next();
    void fail();
    bool open();
    bool advance(char close);
    void word(std::string_view rest);
    std::string_view number();
    std::string_view unescape(const char* start);
    bool hex4(char32_t& code);

    const char* at_;
    const char* end_;
    Arena& arena_;
    int depth_ = 0;
    bool fresh_ = false;   // just entered a list or map
    bool ok_ = true;
};

// Appends to `out`, which must outlive it and has its size when the writer is gone. Sizes are CBOR's wish; JSON ignores them.
class JsonWriter {
  public:
    explicit JsonWriter(std::string& out) : out_(out) {}
    ~JsonWriter();
    JsonWriter(const JsonWriter&) = delete;
    JsonWriter& operator=(const JsonWriter&) = delete;

    void boolean(bool value) { bare(value ? "true" : "false"); }
    void integer(std::int64_t);
    void time(Time);   // seconds, with the milliseconds as a fraction: 1441215410.867
    void text(std::string_view);
    void plain(std::string_view);   // needs no escapes
    void blob(Blob);
    void begin_list(std::size_t) { open('['); }
    void end_list() { close(']'); }
    void begin_map(std::size_t) { open('{'); }
    void key(std::string_view);
    void member(std::string_view name);   // a key that is one of ours: it needs no escapes
    void end_map() { close('}'); }

  private:
    // At least so much to write to, with one more for the comma that `separate` puts; `to_` is its begin.
    void room(std::size_t bytes) {
        if (static_cast<std::size_t>(end_ - to_) <= bytes) grow(bytes + 1);
    }
    void grow(std::size_t bytes);
    void separate() {
        if (!std::exchange(first_, false)) *to_++ = ',';
    }
    void put(std::string_view bytes) { to_ = std::copy(bytes.begin(), bytes.end(), to_); }
    void bare(std::string_view);
    void quoted(std::string_view);
    void escaped(std::string_view);
    void open(char c) { room(1), separate(), *to_++ = c, first_ = true; }
    void close(char c) { room(1), *to_++ = c, first_ = false; }

    std::string& out_;
    char* to_ = nullptr;   // into `out_`, which is larger than what is written
    char* end_ = nullptr;
    bool first_ = true;
    Time told_{};   // the last time's text: records of one batch share it
    char told_text_[24];
    std::uint8_t told_size_ = 0;
};

inline void JsonWriter::plain(std::string_view value) {
    room(value.size() + 2), separate();
    *to_++ = '"', put(value), *to_++ = '"';
}

inline void JsonWriter::member(std::string_view name) {
    room(name.size() + 3), separate();
    *to_++ = '"', put(name), *to_++ = '"', *to_++ = ':';
    first_ = true;
}

}   // namespace sluice::kinesis
