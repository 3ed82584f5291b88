// StopStreamEncryption: it too names the type and a key.
#pragma once

#include "protocol/kinesis/attribute_shapes.h"

namespace sluice::kinesis {

struct StopStreamEncryption : EncryptionRequest {
    static constexpr std::string_view operation = "StopStreamEncryption";
};

}   // namespace sluice::kinesis
