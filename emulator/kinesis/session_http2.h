// One connection of the Kinesis door over HTTP/2 by prior knowledge: many requests at once, each answered when it is done.
#pragma once

#include "emulator/kinesis/session.h"

namespace sluice::kinesis {

// As run_session. The client's GOAWAY lets what it asked before be answered.
Task<void> run_http2_session(std::shared_ptr<Connection>, streams::Engine&, const DoorOptions&, Sender&);

}   // namespace sluice::kinesis
