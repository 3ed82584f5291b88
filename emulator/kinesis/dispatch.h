// From a routed operation to its handler. An operation of the model that is not served yet is told so; what is no operation was
// answered before, by `route`.
#pragma once

#include "emulator/kinesis/handlers.h"

namespace sluice::kinesis {

Task<Answer> dispatch(streams::Engine&, const DoorOptions&, const RequestHead&, std::string_view body);

}   // namespace sluice::kinesis
