// A batch in another compression, as a topic's compression.type asks for it.
#pragma once

#include <optional>

#include "protocol/batch/codecs.h"

namespace sluice::batch {

// The same records and header, with the codec, the length and the checksum that come of it. The batch has been validated;
// `level` is the codec's own, nothing its default.
Blob recompress(Bytes batch, Codec codec, std::optional<int> level, Blob& scratch);

}   // namespace sluice::batch
