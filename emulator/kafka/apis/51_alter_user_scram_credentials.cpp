// AlterUserScramCredentials v0: sets and deletes what the cluster keeps of passwords; answered when it is stored. Codes and texts
// as seen on Kafka 4.4.0.
#include <map>
#include <set>

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/security/logins.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/alter_user_scram_credentials.h"

namespace sluice::kafka {

namespace {

using ScramResult = AlterUserScramCredentialsResponse::Result;

void refuse_scram(ScramResult& told, ErrorCode code, std::string text) {
    told.error_code = code;
    told.error_message = std::move(text);
}

std::optional<ScramHash> hash_of(std::int8_t mechanism) {
    if (mechanism != 1 && mechanism != 2) return std::nullopt;
    return static_cast<ScramHash>(mechanism);
}

// False: `told` says why not.
bool good_name(std::string_view name, std::int8_t mechanism, ScramResult& told) {
    if (name.empty())
        refuse_scram(told, ErrorCode::unacceptable_credential, "Username must not be empty");
    else if (!hash_of(mechanism))
        refuse_scram(told, ErrorCode::unsupported_sasl_mechanism, "Unknown SCRAM mechanism");
    else if (name.size() > Users::longest_name)
        refuse_scram(told, ErrorCode::unacceptable_credential,
                     "Username must not have more than " + std::to_string(Users::longest_name) + " bytes");
    return told.error_code == ErrorCode::none;
}

bool good_credential(const AlterUserScramCredentialsRequest::Upsertion& asked, ScramResult& told) {
    if (!good_name(asked.name, asked.mechanism, told)) return false;
    if (asked.iterations < least_iterations)
        refuse_scram(told, ErrorCode::unacceptable_credential, "Too few iterations");
    else if (asked.iterations > most_iterations)
        refuse_scram(told, ErrorCode::unacceptable_credential, "Too many iterations");
    else if (asked.salt.size() > Users::longest_salt || asked.salted_password.size() > Users::longest_salt)
        refuse_scram(told, ErrorCode::unacceptable_credential,
                     "Salt and salted password must not have more than " + std::to_string(Users::longest_salt) + " bytes");
    return told.error_code == ErrorCode::none;
}

}   // namespace

Task<AlterUserScramCredentialsResponse> handle(Call& call, const AlterUserScramCredentialsRequest& request) {
    auto& users = call.broker.logins().users();
    AlterUserScramCredentialsResponse response;
    std::map<std::string_view, int> named;
    for (const auto& asked : request.deletions) ++named[asked.name];
    for (const auto& asked : request.upsertions) ++named[asked.name];
    std::set<std::string_view> answered;
    std::vector<std::pair<std::size_t, streams::Ticket>> waiting;
    const auto denied = refusal(call, ResourceType::cluster);
    // A user that is named twice is refused once, with what is wrong with the first of it, if anything is.
    const auto begin = [&](std::string_view name) -> ScramResult* {
        if (!answered.insert(name).second) return nullptr;
        auto& told = response.results.emplace_back();
        told.user = name;
        told.error_message.reset();
        if (denied != ErrorCode::none) {
            refuse_scram(told, denied, std::string(text_of(denied)));
            return nullptr;
        }
        return &told;
    };
    const auto once = [&](ScramResult& told) {
        if (named[told.user] > 1)
            refuse_scram(told, ErrorCode::duplicate_resource, "A user credential cannot be altered twice in the same request");
        return named[told.user] == 1;
    };
    for (const auto& asked : request.deletions) {
        auto* told = begin(asked.name);
        if (!told || !good_name(asked.name, asked.mechanism, *told)) continue;
        if (!users.find(*hash_of(asked.mechanism), asked.name)) {
            refuse_scram(*told, ErrorCode::resource_not_found, "Attempt to delete a user credential that does not exist");
            continue;
        }
        if (!once(*told)) continue;
        waiting.emplace_back(response.results.size() - 1, users.erase(*hash_of(asked.mechanism), asked.name));
    }
    for (const auto& asked : request.upsertions) {
        auto* told = begin(asked.name);
        if (!told || !good_credential(asked, *told) || !once(*told)) continue;
        const auto hash = *hash_of(asked.mechanism);
        waiting.emplace_back(response.results.size() - 1, users.put(hash, asked.name,
                                                                    credential_of_salted(hash, as_text(asked.salted_password),
                                                                                         as_text(asked.salt), asked.iterations)));
    }
    for (const auto& [index, ticket] : waiting) {
        const auto committed = co_await ticket.committed();
        if (!committed)
            refuse_scram(response.results[index], code_of(committed.error()), std::string(text_of(code_of(committed.error()))));
    }
    co_return response;
}

template Task<void> serve<AlterUserScramCredentialsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
