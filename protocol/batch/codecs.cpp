// zlib, Snappy, LZ4 and Zstandard behind decompress and compress.
#include "protocol/batch/codecs.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace sluice::batch {
namespace {

using Done = std::expected<void, CodecError>;
constexpr auto corrupt = std::unexpected{CodecError::corrupt};
constexpr auto too_big = std::unexpected{CodecError::too_big};

[[noreturn]] void out_of_order(const char* what) {
    std::fprintf(stderr, "codecs: %s failed\n", what);
    std::abort();
}

// Grows by doubling up to one byte more than the limit: whoever fills that byte was too big.
class Output {
  public:
    Output(Blob& out, std::size_t expected, std::size_t limit) : out_{out}, limit_{limit} {
        out_.resize(std::min(std::max<std::size_t>(expected, 1024), limit_ + 1));
    }
    std::span<std::byte> room() {
        if (used_ == out_.size() && used_ <= limit_) out_.resize(std::min(out_.size() * 2, limit_ + 1));
        return std::span{out_}.subspan(used_);
    }
    void filled(std::size_t bytes) { used_ += bytes; }
    bool over() const { return used_ > limit_; }
    Done finish() {
        out_.resize(std::min(used_, limit_));
        if (over()) return too_big;
        return {};
    }

  private:
    Blob& out_;
    std::size_t used_ = 0;
    std::size_t limit_;
};

Done gunzip(Bytes in, Output out) {
    z_stream stream{};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) out_of_order("inflateInit2");
    const std::unique_ptr<z_stream, int (*)(z_stream*)> closes{&stream, inflateEnd};
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
    stream.avail_in = static_cast<uInt>(in.size());
    for (;;) {
        const auto room = out.room();
        if (out.over()) return out.finish();
        stream.next_out = reinterpret_cast<Bytef*>(room.data());
        stream.avail_out = static_cast<uInt>(std::min<std::size_t>(room.size(), 1u << 30));
        const auto offered = stream.avail_out;
        const int result = inflate(&stream, Z_NO_FLUSH);
        out.filled(offered - stream.avail_out);
        if (result == Z_STREAM_END) {
            if (stream.avail_in == 0) return out.finish();
            if (inflateReset(&stream) != Z_OK) return corrupt;   // members may follow each other (RFC 1952)
        } else if (result != Z_OK) {
            return corrupt;   // Z_BUF_ERROR too: the input ended early
        }
    }
}

// Snappy states its length first. A copy makes 64 bytes out of two at most, so a larger claim is a lie that would
// only make us allocate.
Done unsnap(Bytes in, Blob& out, std::size_t limit) {
    const auto* data = reinterpret_cast<const char*>(in.data());
    std::size_t length = 0;
    if (!snappy::GetUncompressedLength(data, in.size(), &length) || length / 64 > in.size()) return corrupt;
    if (length > limit || out.size() > limit - length) return too_big;
    const auto start = out.size();
    out.resize(start + length);
    if (!snappy::RawUncompress(data, in.size(), reinterpret_cast<char*>(out.data() + start))) return corrupt;
    return {};
}

constexpr std::array<unsigned char, 8> xerial_magic{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::size_t xerial_header_bytes = 16;   // magic, version, oldest compatible version

Done unsnap_any(Bytes in, Blob& out, std::size_t limit) {
    out.clear();
    if (in.size() < xerial_header_bytes || std::memcmp(in.data(), xerial_magic.data(), xerial_magic.size()) != 0) {
        return unsnap(in, out, limit);
    }
    in = in.subspan(xerial_header_bytes);
    while (!in.empty()) {
        if (in.size() < 4) return corrupt;
        const auto length = load<std::uint32_t>(in.data());
        in = in.subspan(4);
        if (length > in.size()) return corrupt;
        if (auto done = unsnap(in.first(length), out, limit); !done) return done;
        in = in.subspan(length);
    }
    return {};
}

LZ4F_dctx* new_lz4() {
    LZ4F_dctx* made = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION))) out_of_order("LZ4F context");
    return made;
}

Done unlz4(Bytes in, Output out) {
    // One context for the thread: it asks for up to 4 MiB by a frame's header, whatever is in the frame, and keeps them.
    thread_local const std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> context{new_lz4(),
                                                                                            LZ4F_freeDecompressionContext};
    LZ4F_resetDecompressionContext(context.get());
    std::size_t wanted = 1;   // zero when a frame has ended
    for (;;) {
        const auto room = out.room();
        if (out.over()) return out.finish();
        auto produced = room.size(), consumed = in.size();
        wanted = LZ4F_decompress(context.get(), room.data(), &produced, in.data(), &consumed, nullptr);
        if (LZ4F_isError(wanted)) return corrupt;
        in = in.subspan(consumed);
        out.filled(produced);
        if (in.empty() && wanted == 0) return out.finish();
        if (produced == 0 && consumed == 0) return corrupt;
    }
}

Done unzstd(Bytes in, Output out) {
    // One context for the thread: making one costs more than a small batch.
    thread_local const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context{ZSTD_createDCtx(), ZSTD_freeDCtx};
    if (!context) out_of_order("ZSTD_createDCtx");
    ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    for (;;) {
        const auto room = out.room();
        if (out.over()) return out.finish();
        ZSTD_outBuffer to{room.data(), room.size(), 0};
        const auto before = from.pos;
        const auto wanted = ZSTD_decompressStream(context.get(), &to, &from);
        if (ZSTD_isError(wanted)) return corrupt;
        out.filled(to.pos);
        if (wanted == 0 && from.pos == from.size) return out.finish();
        if (to.pos == 0 && from.pos == before) return corrupt;   // the input ended early
    }
}

}   // namespace

std::expected<void, CodecError> decompress(Codec codec, Bytes in, Blob& out, std::size_t limit) {
    const auto expected = in.size() * 4;
    switch (codec) {
        case Codec::none:
            if (in.size() > limit) return too_big;
            out.assign(in.begin(), in.end());
            return {};
        case Codec::gzip:
            return gunzip(in, Output{out, expected, limit});
        case Codec::snappy:
            return unsnap_any(in, out, limit);
        case Codec::lz4:
            return unlz4(in, Output{out, expected, limit});
        case Codec::zstd:
            return unzstd(in, Output{out, expected, limit});
    }
    return std::unexpected{CodecError::unknown_codec};
}

Blob compress(Codec codec, Bytes in, std::optional<int> level) {
    Blob out;
    std::size_t size = 0;
    switch (codec) {
        case Codec::none:
            return {in.begin(), in.end()};
        case Codec::gzip: {
            z_stream stream{};
            if (deflateInit2(&stream, level.value_or(Z_DEFAULT_COMPRESSION), Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
                Z_OK) {
                out_of_order("deflateInit2");
            }
            out.resize(deflateBound(&stream, in.size()));
            stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
            stream.avail_in = static_cast<uInt>(in.size());
            stream.next_out = reinterpret_cast<Bytef*>(out.data());
            stream.avail_out = static_cast<uInt>(out.size());
            const int result = deflate(&stream, Z_FINISH);
            size = stream.total_out;
            deflateEnd(&stream);
            if (result != Z_STREAM_END) out_of_order("deflate");
            break;
        }
        case Codec::snappy:
            out.resize(snappy::MaxCompressedLength(in.size()));
            snappy::RawCompress(reinterpret_cast<const char*>(in.data()), in.size(), reinterpret_cast<char*>(out.data()), &size);
            break;
        case Codec::lz4: {
            constexpr int fast = 9;   // Kafka's default is the fast way, whose level the library counts as 0
            LZ4F_preferences_t wanted{};
            if (level && *level != fast) wanted.compressionLevel = *level;
            out.resize(LZ4F_compressFrameBound(in.size(), &wanted));
            size = LZ4F_compressFrame(out.data(), out.size(), in.data(), in.size(), &wanted);
            if (LZ4F_isError(size)) out_of_order("LZ4F_compressFrame");
            break;
        }
        case Codec::zstd:
            out.resize(ZSTD_compressBound(in.size()));
            size = ZSTD_compress(out.data(), out.size(), in.data(), in.size(), level.value_or(ZSTD_CLEVEL_DEFAULT));
            if (ZSTD_isError(size)) out_of_order("ZSTD_compress");
            break;
    }
    out.resize(size);
    return out;
}

}   // namespace sluice::batch
