// One list of fields per message serves decoding, sizing, encoding, printing and questions at compile time.
// A message is a struct with a static `api` and `fields(auto& m, auto& f)`, which calls f(name, member, when) in wire
// order; defaults are the member initialisers. Shapes: integers, bool, enums, double, Uuid, text, bytes, lists, structs,
// Records; std::optional marks what can be null. Requests use views and Array, answers own (std::string, vector).
// Long because reading and writing follow the same cases, and side by side they are seen to agree.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>

#include "protocol/kafka/wire.h"
#include "protocol/utf8.h"

namespace sluice::kafka {

struct Api {
    std::int16_t key{};
    std::string_view name{};
    std::int16_t min{}, max{};                                               // versions the schema names
    std::int16_t flexible_from = std::numeric_limits<std::int16_t>::max();   // KIP-482; never, when left out
    constexpr bool flexible(int version) const { return version >= flexible_from; }
    constexpr bool knows(int version) const { return version >= min && version <= max; }
};

// In which versions a field is there, may be null, or is tagged.
struct When {
    int first = 0;
    int last = std::numeric_limits<std::int16_t>::max();
    int nullable_from = std::numeric_limits<int>::max();
    int tag_id = -1;
    constexpr When until(int version) const {
        auto w = *this;
        w.last = version;
        return w;
    }
    constexpr When nullable(int version) const {
        auto w = *this;
        w.nullable_from = version;
        return w;
    }
    constexpr When tagged(int id) const {
        auto w = *this;
        w.tag_id = id;
        return w;
    }
    constexpr bool covers(int version) const { return version >= first && version <= last; }
};
constexpr When since(int version) { return {.first = version}; }

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_array = false;
template <class T>
inline constexpr bool is_array<Array<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = !std::is_same_v<T, std::byte>;

template <class T>
concept Number = std::is_integral_v<T> || std::is_enum_v<T> || std::is_same_v<T, double>;
template <class T>
concept Text = std::is_same_v<T, std::string_view> || std::is_same_v<T, std::string>;
template <class T>
concept Binary = std::is_same_v<T, Bytes> || std::is_same_v<T, Blob>;
template <class T>
concept List = is_array<T> || is_vector<T>;
template <class T>
concept RecordData = std::is_same_v<T, Records> || std::is_same_v<T, RecordList>;
template <class T>
concept Struct =
    std::is_class_v<T> && !Text<T> && !Binary<T> && !List<T> && !RecordData<T> && !is_optional<T> && !std::is_same_v<T, Uuid>;

// The integer that stands for a number on the wire.
template <Number T>
constexpr auto to_wire(T value) {
    if constexpr (std::is_enum_v<T>)
        return static_cast<std::underlying_type_t<T>>(value);
    else if constexpr (std::is_same_v<T, bool>)
        return static_cast<std::int8_t>(value);
    else if constexpr (std::is_same_v<T, double>)
        return std::bit_cast<std::int64_t>(value);
    else
        return value;
}

// What can be told from its default: a tagged field is written only when it differs from it.
template <class T>
concept Comparable =
    Number<T> || Text<T> || List<T> || std::is_same_v<T, Uuid> || std::is_same_v<T, std::optional<std::string>> ||
    std::is_same_v<T, std::optional<std::string_view>> || (Struct<T> && requires(const T& a) { a == a; });

template <class T>
inline const T untouched{};

template <class T>
consteval bool has_tags() {
    bool any = false;
    int last = -1;
    auto look = [&]<class M>(std::string_view, const M&, When w) {
        if (w.tag_id < 0) return;
        if (!Comparable<M>) throw "a tagged field needs operator==";
        if (w.tag_id <= last) throw "list tagged fields by ascending tag";
        last = w.tag_id;
        any = true;
    };
    T::fields(untouched<T>, look);   // named, never read: clang cannot make a text of libstdc++ 12 at compile time
    return any;
}

// What `member` of `m` is in a fresh T. Both objects have one layout, so the distance within them is the same.
template <class T, class M>
const M& default_of(const T& m, const M& member) {
    const auto distance = reinterpret_cast<const char*>(&member) - reinterpret_cast<const char*>(&m);
    return *reinterpret_cast<const M*>(reinterpret_cast<const char*>(&untouched<T>) + distance);
}
template <class T, class M>
bool is_default(const T& m, const M& member) {
    if constexpr (List<M>)
        return member.empty();   // no schema gives a list a default with content
    else if constexpr (!Comparable<M>)
        return false;   // never tagged, see has_tags
    else
        return member == default_of(m, member);
}

class Decoder {
  public:
    Decoder(Bytes bytes, int version, bool flexible, Arena& arena)
        : in_{bytes}, version_{version}, flexible_{flexible}, arena_{arena} {}

    template <Struct T>
    void message(T& m) {
        T::fields(m, *this);
        if (flexible_) tags(m);
    }
    template <class M>
    void operator()(std::string_view, M& member, When w) {
        if (w.tag_id < 0 && w.covers(version_)) value(member, version_ >= w.nullable_from);
    }
    bool ok() const { return in_.ok(); }
    Bytes rest() const { return in_.rest(); }

  private:
    template <class M>
    void value(M& out, bool nullable) {
        if constexpr (Number<M>) {
            using Wire = decltype(to_wire(out));
            if constexpr (std::is_same_v<M, double>)
                out = std::bit_cast<double>(in_.integer<Wire>());
            else
                out = static_cast<M>(in_.integer<Wire>());
        } else if constexpr (std::is_same_v<M, Uuid>) {
            if (const auto view = in_.take(16); view.size() == 16) std::memcpy(out.bytes.data(), view.data(), 16);
        } else if constexpr (is_optional<M>) {
            optional(out, nullable);
        } else if constexpr (Struct<M>) {
            message(out);
        } else if constexpr (RecordData<M>) {
            const auto count = length<M>();
            out = {};
            out.null = count < 0;
            if (count >= 0)
                fill(out, count);
            else if (!nullable)
                in_.fail();
        } else if (const auto count = length<M>(); count >= 0) {
            fill(out, count);
        } else {
            in_.fail();
        }
    }
    template <class M>
    void optional(std::optional<M>& out, bool nullable) {
        std::int64_t count = 0;
        if constexpr (Struct<M>)
            count = in_.integer<std::int8_t>();
        else
            count = length<M>();
        if (count < 0) {
            out.reset();
            if (!nullable) in_.fail();
        } else if constexpr (Struct<M>) {
            message(out.emplace(M{}));   // clang asks too early whether emplace() has defaults to go by
        } else {
            fill(out.emplace(), count);
        }
    }
    // Below zero stands for null. Text has a short length in the inflexible versions, all else a long one.
    template <class M>
    std::int64_t length() {
        if (flexible_) return std::int64_t{in_.uvarint()} - 1;
        if constexpr (Text<M>)
            return in_.integer<std::int16_t>();
        else
            return in_.integer<std::int32_t>();
    }
    template <class M>
    void fill(M& out, std::int64_t count) {
        const auto size = static_cast<std::size_t>(count);
        if constexpr (List<M>) {
            list(out, size);
        } else {
            const auto view = in_.take(size);
            if constexpr (Text<M>)
                text(out, as_text(view));
            else if constexpr (std::is_same_v<M, Blob>)
                out.assign(view.begin(), view.end());
            else if constexpr (std::is_same_v<M, RecordList>)
                out.parts.assign(1, view);
            else
                out = view;
        }
    }
    // What is no UTF-8 is read as Java reads it, so that no other text is ever kept or answered.
    void text(auto& out, std::string_view sent) {
        if (is_utf8(sent)) return void(out = sent);
        char* const to = arena_.room<char>(3 * sent.size());
        if (!to) return in_.fail();
        out = std::string_view{to, put_repaired(sent, to)};
    }
    // An element takes at least a byte, so a count above the bytes left is a lie, refused before any memory is taken.
    template <class T>
    void list(Array<T>& out, std::size_t count) {
        if (count > in_.left()) return in_.fail();
        T* items = arena_.room<T>(count);
        if (!items) return in_.fail();
        Decoder local{*this};
        for (std::size_t i = 0; i < count && local.ok(); ++i) local.value(*new (items + i) T{}, false);
        in_ = local.in_;
        if (in_.ok()) out = Array<T>{items, count};
    }
    template <class T>
    void list(std::vector<T>& out, std::size_t count) {
        if (count > in_.left() || !arena_.charge(count * sizeof(T))) return in_.fail();
        out.clear();
        out.resize(count);
        for (auto& item : out) {
            if (!in_.ok()) return;
            value(item, false);
        }
    }
    template <class T>
    void tags(T& m) {
        auto count = in_.uvarint();
        for (; count > 0 && in_.ok(); --count) {
            const auto id = in_.uvarint();
            const auto view = in_.take(in_.uvarint());
            if constexpr (has_tags<T>()) {
                auto known = [&](std::string_view, auto& member, When w) {
                    if (w.tag_id < 0 || static_cast<std::uint32_t>(w.tag_id) != id || !w.covers(version_)) return;
                    Decoder inner{view, version_, flexible_, arena_};
                    inner.value(member, version_ >= w.nullable_from);
                    if (!inner.ok() || !inner.rest().empty()) in_.fail();
                };
                T::fields(m, known);
            }
        }
    }

    Reader in_;
    int version_;
    bool flexible_;
    Arena& arena_;
};

// Where records belong in a frame that was encoded without them.
struct Splice {
    std::size_t position;   // in the encoded bytes; records follow the byte before it
    const RecordList* records;
};

// Writes a message into a sink. Null where a version does not allow it becomes empty; a text that an inflexible
// version cannot hold (over 32,767 bytes) is cut behind a whole character. With `splices`, answers' records are noted there
// instead of copied.
template <class Sink>
class Encoder {
  public:
    Encoder(Sink into, int version, bool flexible, std::vector<Splice>* splices = nullptr, const std::byte* start = nullptr,
            bool leave_records = false)
        : sink{into}, version_{version}, flexible_{flexible}, leave_records_{leave_records}, splices_{splices}, start_{start} {}

    template <Struct T>
    void message(const T& m) {
        T::fields(m, *this);
        if (flexible_) tags(m);
    }
    template <class M>
    void operator()(std::string_view, const M& member, When w) {
        if (w.tag_id < 0 && w.covers(version_)) value(member, version_ >= w.nullable_from);
    }
    template <class M>
    void value(const M& in, bool nullable) {
        if constexpr (Number<M>) {
            sink.integer(to_wire(in));
        } else if constexpr (std::is_same_v<M, Uuid>) {
            sink.raw(std::as_bytes(std::span{in.bytes}));
        } else if constexpr (is_optional<M>) {
            using Inner = typename M::value_type;
            if constexpr (Struct<Inner>) {
                sink.integer(static_cast<std::int8_t>(in ? 1 : -1));
                if (in) message(*in);
            } else if (in) {
                value(*in, nullable);
            } else {
                length<Inner>(nullable ? -1 : 0);
            }
        } else if constexpr (Struct<M>) {
            message(in);
        } else if constexpr (Text<M>) {
            const std::string_view text{in.data(), in.size()};
            const auto held = flexible_ || text.size() <= 32767 ? text : whole_characters(text, 32767);
            length<M>(static_cast<std::int64_t>(held.size()));
            sink.raw(as_bytes(held));
        } else if constexpr (RecordData<M>) {
            records(in, nullable);
        } else {
            length<M>(static_cast<std::int64_t>(in.size()));
            if constexpr (List<M>) {
                Encoder local{*this};   // a cursor the compiler can keep in registers
                for (const auto& item : in) local.value(item, false);
                *this = local;
            } else {
                sink.raw(in);
            }
        }
    }

    Sink sink;

  private:
    template <class M>
    void length(std::int64_t count) {
        if (flexible_)
            sink.uvarint(static_cast<std::uint32_t>(count + 1));
        else if constexpr (Text<M>)
            sink.integer(static_cast<std::int16_t>(count));
        else
            sink.integer(static_cast<std::int32_t>(count));
    }
    template <class M>
    void records(const M& in, bool nullable) {
        if (in.null) return length<M>(nullable ? -1 : 0);
        if constexpr (std::is_same_v<M, Records>) {
            length<M>(static_cast<std::int64_t>(in.bytes.size()));
            sink.raw(in.bytes);
        } else {
            length<M>(static_cast<std::int64_t>(in.size()));
            if (!leave_records_) {
                for (const auto& part : in.parts) sink.raw(part);
            } else if constexpr (std::is_same_v<Sink, Fill>) {
                if (!in.parts.empty()) splices_->push_back({static_cast<std::size_t>(sink.at - start_), &in});
            }
        }
    }
    template <class T>
    void tags(const T& m) {
        std::uint32_t count = 0;
        if constexpr (has_tags<T>()) {
            auto present = [&](std::string_view, auto& member, When w) {
                if (w.tag_id >= 0 && w.covers(version_)) count += !is_default(m, member);
            };
            T::fields(m, present);
        }
        sink.uvarint(count);
        if constexpr (has_tags<T>()) {
            auto write = [&](std::string_view, auto& member, When w) {
                if (w.tag_id < 0 || !w.covers(version_) || is_default(m, member)) return;
                Encoder<Count> measure{{}, version_, flexible_};
                measure.value(member, version_ >= w.nullable_from);
                sink.uvarint(static_cast<std::uint32_t>(w.tag_id));
                sink.uvarint(static_cast<std::uint32_t>(measure.sink.bytes));
                value(member, version_ >= w.nullable_from);
            };
            if (count > 0) T::fields(m, write);
        }
    }

    int version_;
    bool flexible_;
    bool leave_records_;
    std::vector<Splice>* splices_;
    const std::byte* start_;
};

// Reads a body into a fresh `m`. False: the bytes are no such message (too short, a null where none may be, a length
// past the end, more lists than the arena may hold); `m` is then not to be used. Bytes after the message are ignored.
template <class T>
[[nodiscard]] bool decode(Bytes body, int version, Arena& arena, T& m, Bytes* rest = nullptr) {
    Decoder decoder{body, version, T::api.flexible(version), arena};
    decoder.message(m);
    if (rest) *rest = decoder.rest();
    return decoder.ok();
}

template <class T>
std::size_t size(const T& m, int version) {
    Encoder<Count> measure{{}, version, T::api.flexible(version)};
    measure.message(m);
    return measure.sink.bytes;
}

// Writes exactly size(m, version) bytes at `to` and yields the end of them.
template <class T>
std::byte* encode(const T& m, int version, std::byte* to) {
    Encoder<Fill> encoder{Fill{to}, version, T::api.flexible(version)};
    encoder.message(m);
    return encoder.sink.at;
}

template <class T>
Blob encode(const T& m, int version) {
    Blob bytes(size(m, version));
    if (encode(m, version, bytes.data()) != bytes.data() + bytes.size()) {
        std::fprintf(stderr, "encode: size and bytes differ for %s %d\n", T::api.name.data(), version);
        std::abort();
    }
    return bytes;
}

}   // namespace sluice::kafka
