// Kafka's four compressions, each as one call with a hard limit on the output, so that a small batch cannot become
// all of memory. Snappy comes raw or in the frames of Java's xerial library; both are read.
#pragma once

#include <expected>

#include "protocol/batch/header.h"

namespace sluice::batch {

enum class CodecError { unknown_codec, corrupt, too_big };

// Replaces `out`, whose memory is reused, by what `in` was before compression. `too_big` as soon as it would be more
// than `limit` bytes; then at most about twice the limit has been allocated, plus what a library keeps for itself
// (zstd: a window that the frame asks for, up to 128 MiB of addresses, used only as far as output was made).
std::expected<void, CodecError> decompress(Codec codec, Bytes in, Blob& out, std::size_t limit);

// The other way; snappy without frames. `level`: gzip -1 to 9, lz4 1 to 17, zstd -131,072 to 22, as Kafka counts them;
// without one each library's default, and snappy has none.
Blob compress(Codec codec, Bytes in, std::optional<int> level = std::nullopt);

}   // namespace sluice::batch
