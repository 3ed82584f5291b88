// What the handlers of logins and of tokens share.
//
// A refused login is answered late (connection.failed.authentication.delay.ms), so that nobody tries thousands of passwords a
// second, and the connection ends behind the answer.
#pragma once

#include "emulator/kafka/call.h"

namespace sluice::kafka {

Task<void> delay_refusal(Call&);

// Why the caller may have nothing to do with delegation tokens; none: it may. `by_token`: it is logged in by one.
ErrorCode token_fault(Call&, bool by_token);
// A moment that is so far behind `now_ms`, or the last that a clock can show.
std::int64_t later_ms(std::int64_t now_ms, std::int64_t span_ms);

}   // namespace sluice::kafka
