// From a routed operation to its handler. An operation of the model that is not served yet is told so; what is no operation was
// answered before, by `route`.
#pragma once

#include <string_view>

#include "emulator/kinesis/call.h"
#include "emulator/kinesis/door_options.h"
#include "emulator/streams/engine.h"
#include "protocol/kinesis/request.h"

namespace sluice::kinesis {

// What is given lives until the answer is there. An answer that goes on behind it leaves the rest in `push`.
Task<Answer> dispatch(streams::Engine&, const DoorOptions&, const RequestHead&, std::string_view body, Push& push,
                      Asker* asker = nullptr);

}   // namespace sluice::kinesis
