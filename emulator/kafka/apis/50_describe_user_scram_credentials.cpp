// DescribeUserScramCredentials v0: by which mechanisms a user can log in. Codes and texts as seen on Kafka 4.4.0. Users of the
// settings (--kafka-user) are not the cluster's to tell.
#include <map>

#include "emulator/kafka/security/logins.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/describe_user_scram_credentials.h"

namespace sluice::kafka {

namespace {

DescribeUserScramCredentialsResponse::Result scram_user(const std::string& user, const Users::Credentials& credentials) {
    DescribeUserScramCredentialsResponse::Result told;
    told.user = user;
    for (std::size_t i = 0; i < credentials.size(); ++i)
        if (credentials[i])
            told.credential_infos.push_back(
                {.mechanism = static_cast<std::int8_t>(i + 1), .iterations = credentials[i]->iterations});
    return told;
}

}   // namespace

Task<DescribeUserScramCredentialsResponse> handle(Call& call, const DescribeUserScramCredentialsRequest& request) {
    auto& users = call.broker.logins().users();
    DescribeUserScramCredentialsResponse response;
    if (!request.users || request.users->empty()) {
        users.each([&](const std::string& user, const Users::Credentials& credentials) {
            response.results.push_back(scram_user(user, credentials));
        });
        co_return response;
    }
    std::map<std::string_view, int> named;
    for (const auto& asked : *request.users) ++named[asked.name];
    for (const auto& [name, times] : named) {
        const std::string user{name};
        const auto* credentials = users.find(name);
        if (times == 1 && credentials) {
            response.results.push_back(scram_user(user, *credentials));
            continue;
        }
        auto& told = response.results.emplace_back();
        told.user = user;
        told.error_code = times > 1 ? ErrorCode::duplicate_resource : ErrorCode::resource_not_found;
        told.error_message = times > 1 ? "Cannot describe SCRAM credentials for the same user twice in a single request: " + user
                                       : "Attempt to describe a user credential that does not exist: " + user;
    }
    co_return response;
}

template Task<void> serve<DescribeUserScramCredentialsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
