// StartStreamEncryption: NONE passes as a value and is none that it takes.
#pragma once

#include "protocol/kinesis/attribute_shapes.h"

namespace sluice::kinesis {

struct StartStreamEncryption : EncryptionRequest {
    static constexpr std::string_view operation = "StartStreamEncryption";
};

}   // namespace sluice::kinesis
