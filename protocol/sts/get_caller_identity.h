// Whose the caller's access key is. The request has no members. Source: the service model of STS, botocore 1.44.8.
#pragma once

#include <string>
#include <string_view>

namespace sluice::sts {

struct GetCallerIdentity {
    static constexpr std::string_view operation = "GetCallerIdentity";
    struct Result {
        std::string user_id, account, arn;
        // In the order in which the service writes them.
        static constexpr void members(auto& m, auto& f) {
            f("Arn", m.arn);
            f("UserId", m.user_id);
            f("Account", m.account);
        }
    };
};

}   // namespace sluice::sts
