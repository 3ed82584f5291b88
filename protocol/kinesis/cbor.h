// CBOR as AWS speaks it (RFC 8949, except that tag 1 holds integer milliseconds): a pull reader and a writer
// with the same interface as JSON's (json.h). Definite and indefinite forms are read, definite ones written.
// The reader latches at the first syntax error: from then on every read yields nothing, and `finished` says
// no.
#pragma once

#include <array>
#include <expected>
#include <string>
#include <string_view>

#include "protocol/kinesis/values.h"

namespace sluice::kinesis {

class CborReader {
  public:
    // Views that are handed out live as long as the body and the arena.
    CborReader(std::string_view body, Arena& arena) : at_(body.data()), end_(body.data() + body.size()), arena_(arena) {}

    Kind peek();
    void null();
    bool boolean();
    // Decimals are floored; what does not fit becomes the nearest that does.
    std::int64_t integer();
    // An integer is milliseconds, tagged or not; a float is seconds, as the RFC says.
    std::int64_t time_ms();
    std::string_view text();
    // Text is taken for base64, as in JSON; the error is the text of a SerializationException.
    std::expected<Blob, std::string> blob();
    void enter_list();
    bool next_item();
    void enter_map();
    bool next_key(std::string_view& key);
    // Reads past one value, checking its syntax.
    void skip();
    // Whether one whole value was read and nothing follows it.
    bool finished() const { return ok_ && at_ == end_; }

  private:
    struct Head {
        unsigned major = 0, info = 0;
        std::uint64_t value = 0;
    };
    Head head();
    void fail();
    void enter(unsigned major, std::uint64_t least_bytes);
    bool advance();
    double real(const Head&) const;
    std::string_view string(unsigned major);
    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

    const char* at_;
    const char* end_;
    Arena& arena_;
    std::array<std::uint64_t, max_nesting> remaining_{};   // entries to come, per open list or map
    std::size_t depth_ = 0;
    bool ok_ = true;
};

// Appends to `out`, which must outlive it. A container's size is the number of its items or pairs.
class CborWriter {
  public:
    explicit CborWriter(std::string& out) : out_(out) {}
    void boolean(bool value) { out_ += static_cast<char>(value ? 0xF5 : 0xF4); }
    void integer(std::int64_t);
    void time(Time);
    void text(std::string_view);
    void blob(Blob);
    void begin_list(std::size_t size) { head(4, size); }
    void end_list() {}
    void begin_map(std::size_t size) { head(5, size); }
    void key(std::string_view name) { text(name); }
    void plain(std::string_view value) { text(value); }
    void member(std::string_view name) { text(name); }
    void end_map() {}

  private:
    void head(unsigned major, std::uint64_t value);
    std::string& out_;
};

}   // namespace sluice::kinesis
