// Carries a change of settings out: what both AlterConfigs and IncrementalAlterConfigs do with one resource.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "emulator/kafka/call.h"
#include "emulator/kafka/configs/alteration.h"

namespace sluice::kafka {

struct AlteredOrNot {
    ErrorCode code{};
    std::optional<std::string> text;   // null when all is well, as in Kafka
    streams::Ticket ticket{};          // of what was changed
};
struct AskedAlteration {
    std::int8_t type{};
    std::string_view name;
    bool replace = false;   // AlterConfigs: what is not named goes
    bool validate_only = false;
};
AlteredOrNot alter(Call&, const AskedAlteration&, std::span<const ConfigChange>);
// Puts the error of a resource that could not be stored into its answer.
Task<void> finish(AlteredOrNot&);

// A whole request of either API, whose configs `change_of` reads: each resource once, answered when all of them are stored.
template <class Response>
Task<Response> alter_all(Call& call, const auto& request, bool replace, auto change_of) {
    std::map<std::pair<std::int8_t, std::string_view>, int> named;
    for (const auto& asked : request.resources) ++named[{asked.resource_type, asked.resource_name}];
    std::vector<AlteredOrNot> all;
    for (const auto& asked : request.resources) {
        if (named[{asked.resource_type, asked.resource_name}] > 1) {
            all.push_back({.code = ErrorCode::invalid_request, .text = "Each resource must appear at most once."});
            continue;
        }
        std::vector<ConfigChange> changes;
        for (const auto& config : asked.configs) changes.push_back(change_of(config));
        const AskedAlteration asks{
            .type = asked.resource_type, .name = asked.resource_name, .replace = replace, .validate_only = request.validate_only};
        all.push_back(alter(call, asks, changes));
    }
    Response response;
    std::size_t next = 0;
    for (const auto& asked : request.resources) {
        auto& done = all[next++];
        auto finishing = finish(done);
        co_await std::move(finishing);
        response.resources.push_back({.error_code = done.code,
                                      .error_message = std::move(done.text),
                                      .resource_type = asked.resource_type,
                                      .resource_name = std::string(asked.resource_name)});
    }
    co_return response;
}

}   // namespace sluice::kafka
