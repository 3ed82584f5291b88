// A coroutine that nobody waits for. Apart from loop.h, because what it takes to begin one is a costly header.
#pragma once

#include "emulator/runtime/loop.h"

namespace sluice {

// An exception in it stops the process.
void spawn(const Executor&, Task<void>);

}   // namespace sluice
