// From one HTTP request to its answer, whatever carried it: a path beside Kinesis (rule 27), or an operation.
#pragma once

#include <vector>

#include "emulator/kinesis/call.h"
#include "emulator/kinesis/door_options.h"
#include "emulator/net/exchange.h"
#include "emulator/streams/engine.h"
#include "protocol/http/request_reader.h"

namespace sluice::kinesis {

// The Date header, written anew once a second.
class DateText {
  public:
    std::string_view at(Time now);

  private:
    std::int64_t second_ = -1;
    std::string text_ = "Wed, 31 Dec 1969 23:59:59 GMT";
};

// The answers of one connection: its headers are kept for their room.
struct Answers {
    DateText date{};
    std::vector<Exchange::Headers::value_type> headers{};
};

// The answer is given to `out`; its end is the caller's to say. What is yielded goes on with it, when it is not empty: from then
// on it is the client's turn to take what comes.
Task<Push> answer_request(streams::Engine&, const DoorOptions&, const http::Request&, Answers&, Exchange& out);

}   // namespace sluice::kinesis
