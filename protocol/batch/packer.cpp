#include "protocol/batch/packer.h"

#include <zlib.h>
#include <zstd.h>

#include <cstdio>
#include <cstdlib>

namespace sluice::batch {
namespace {

constexpr std::size_t step = 64 << 10;   // of room for what comes out

[[noreturn]] void failed(const char* what) {
    std::fprintf(stderr, "packer: %s failed\n", what);
    std::abort();
}

}   // namespace

struct Packer::State {
    Packing packing;
    z_stream gzip{};
    ZSTD_CCtx* zstd = nullptr;

    void run(Bytes in, Blob& out, bool last) {
        if (packing == Packing::none)
            out.insert(out.end(), in.begin(), in.end());
        else if (packing == Packing::gzip)
            deflate_all(in, out, last ? Z_FINISH : Z_NO_FLUSH);
        else
            zstd_all(in, out, last ? ZSTD_e_end : ZSTD_e_continue);
    }

    void deflate_all(Bytes in, Blob& out, int flush) {
        gzip.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
        gzip.avail_in = static_cast<uInt>(in.size());
        for (;;) {
            const auto had = out.size();
            out.resize(had + step);
            gzip.next_out = reinterpret_cast<Bytef*>(out.data() + had);
            gzip.avail_out = static_cast<uInt>(step);
            const int told = deflate(&gzip, flush);
            if (told == Z_STREAM_ERROR) failed("deflate");
            out.resize(had + step - gzip.avail_out);
            if (gzip.avail_out > 0 || told == Z_STREAM_END) return;
        }
    }

    void zstd_all(Bytes in, Blob& out, ZSTD_EndDirective how) {
        ZSTD_inBuffer from{in.data(), in.size(), 0};
        for (;;) {
            const auto had = out.size();
            out.resize(had + step);
            ZSTD_outBuffer to{out.data() + had, step, 0};
            const auto left = ZSTD_compressStream2(zstd, &to, &from, how);
            if (ZSTD_isError(left)) failed("ZSTD_compressStream2");
            out.resize(had + to.pos);
            if (how == ZSTD_e_end ? left == 0 : from.pos == from.size) return;
        }
    }
};

Packer::Packer(Packing packing) : state_(std::make_unique<State>(State{.packing = packing})) {
    if (packing == Packing::gzip &&
        deflateInit2(&state_->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        failed("deflateInit2");
    if (packing == Packing::zstd && !(state_->zstd = ZSTD_createCCtx())) failed("ZSTD_createCCtx");
}

Packer::~Packer() {
    if (state_->packing == Packing::gzip) deflateEnd(&state_->gzip);
    ZSTD_freeCCtx(state_->zstd);
}

void Packer::add(Bytes in, Blob& out) {
    if (!in.empty()) state_->run(in, out, false);
}
void Packer::end(Blob& out) { state_->run({}, out, true); }

}   // namespace sluice::batch
