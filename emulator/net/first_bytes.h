// The one place that looks at how a connection begins, for every door, before a protocol is chosen for it.
#pragma once

#include "emulator/net/peer.h"
#include "emulator/net/receiving.h"
#include "protocol/spoken.h"

namespace sluice {

// Waits for as many bytes as tell, and gives them back: whoever reads next gets them. `unknown` also when the connection ends or
// its sender is given up before.
Task<Spoken> first_bytes(Peer&, Sender&);

}   // namespace sluice
