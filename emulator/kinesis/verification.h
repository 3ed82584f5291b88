// Signatures of requests, where they are verified (`--kinesis-auth verify`). Where they are not, the door has none of this and a
// signature only has to be there.
#pragma once

#include "emulator/runtime/loop.h"
#include "emulator/streams/engine.h"
#include "protocol/aws/verifier.h"

namespace sluice::kinesis {

struct Verification {
    explicit Verification(std::vector<aws::Key> keys, bool by_virtual_clock = false)
        : verifier(std::move(keys)), virtual_clock_only(by_virtual_clock) {}
    aws::Verifier verifier;
    bool virtual_clock_only;   // else a date is good that is near the virtual or the real clock (rule 9)
};

// What is given lives until the answer is there. A large body is hashed on a thread beside the loop.
Task<std::expected<void, aws::Refusal>> verify(streams::Engine&, Verification&, aws::RequestHead, std::string_view body,
                                               aws::Caller, std::string_view service);

}   // namespace sluice::kinesis
