// The one operation of STS at this door: GetCallerIdentity, which Terraform and agents call first to learn the account.
#pragma once

#include "emulator/kinesis/door_options.h"
#include "emulator/streams/engine.h"
#include "protocol/kinesis/errors.h"
#include "protocol/sts/query.h"

namespace sluice::kinesis {

// What is given lives until the answer is there.
Task<Answer> answer_sts(streams::Engine&, const DoorOptions&, aws::RequestHead, std::string_view body, sts::Asked);

}   // namespace sluice::kinesis
