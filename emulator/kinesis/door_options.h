// How a Kinesis door behaves; apart from door.h, so that handlers can see it.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "emulator/runtime/loop.h"
#include "protocol/kinesis/errors.h"
#include "protocol/wire_limits.h"

namespace sluice {
class Tls;   // net/tls.h
}

namespace sluice::kinesis {
struct Verification;   // verification.h

struct SideRequest {
    std::string method, path, body;
    std::string authorization;     // the header's value
    bool from_elsewhere = false;   // sent by a web page of another origin
    Signal* gone = nullptr;        // fires when nobody waits for the answer any more; lives until it was given
};
struct SideAnswer {
    unsigned status = 200;
    std::string content_type = "application/json", body;
};

struct DoorOptions {
    std::size_t most_connections = wire_limits::connections;
    bool separate_scopes = false;                               // an account and a region see their own streams only (rule 3)
    std::map<std::string, ErrorCode, std::less<>> kms_keys{};   // what is wrong with a key (kms.h)
    std::function<Task<SideAnswer>(SideRequest)> side{};
    Tls* tls = nullptr;                     // nothing: plain connections only; outlives the door
    Verification* verification = nullptr;   // nothing: a signature has to be there and may be any; outlives the door
};

}   // namespace sluice::kinesis
