// Who may log in at the Kafka door, as the settings say.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "protocol/aws/verifier.h"

namespace sluice::kafka {

struct LoginOptions {
    bool required = false;                           // --kafka-auth
    std::map<std::string, std::string> users = {};   // --kafka-user: name, password
    std::vector<aws::Key> access_keys = {};          // whose signatures are good; none: any
};

}   // namespace sluice::kafka
