// The HTTP way into the control plane (rule 27): POST /_sluice/v1/<Method> with Protobuf's JSON form, and the
// paths that machines around a server ask for: /health, /ready, /metrics.
#pragma once

#include <string>

#include "emulator/control/calls/service.h"

namespace sluice::control {

struct SideRequest {
    std::string method, path, body;
    std::string authorization{};
    bool from_elsewhere = false;
    Signal* gone = nullptr;   // fires when nobody waits for the answer any more
};
struct SideAnswer {
    unsigned status = 200;
    std::string content_type = "application/json", body;
};

Task<SideAnswer> answer(Service&, SideRequest);

// What `--json` prints and HTTP answers: all fields that have a value or a plain type, on one line.
std::string to_json(const google::protobuf::Message&);

}   // namespace sluice::control
