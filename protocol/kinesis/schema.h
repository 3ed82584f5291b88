// The visitors of an operation's `members`: decode, validate and encode. A handler's dispatch includes this,
// `request.h` and its operation; the parts are separate so that each reads on one page.
#pragma once

#include "protocol/kinesis/decode.h"
#include "protocol/kinesis/encode.h"
#include "protocol/kinesis/validate.h"
