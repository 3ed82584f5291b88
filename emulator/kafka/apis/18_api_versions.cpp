// ApiVersions v0-5: what `Served` lists, except what is kept quiet, and the features (features.h). A version above ours is
// answered by the session, which knows no body to read.
#include <algorithm>

#include "emulator/kafka/dispatch.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/api_versions.h"

namespace sluice::kafka {

namespace {

// [a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])? (KIP-511)
bool is_software_word(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
    return !text.empty() && letter(text.front()) && letter(text.back()) &&
           std::ranges::all_of(text, [&](char c) { return letter(c) || c == '-' || c == '.'; });
}

// Seen on Kafka 4.4.0: v3 leaves out what is supported from level 0 on, because old clients take such a range for an error.
void name_features(const Call& call, ApiVersionsResponse& response) {
    const auto& features = call.broker.features;
    for (const auto& feature : all_features()) {
        const std::string name{feature.name};
        if (call.version > 3 || feature.min > 0)
            response.supported_features.push_back({.name = name, .min_version = feature.min, .max_version = feature.max});
        if (const auto level = features.level(name); level > 0)
            response.finalized_features.push_back({.name = name, .max_version_level = level, .min_version_level = level});
    }
    response.finalized_features_epoch = features.epoch();
}

}   // namespace

Task<ApiVersionsResponse> handle(Call& call, const ApiVersionsRequest& request) {
    ApiVersionsResponse response;
    const bool bad_words = call.version >= 3 &&
                           !(is_software_word(request.client_software_name) && is_software_word(request.client_software_version));
    const bool other_cluster = request.cluster_id && *request.cluster_id != call.broker.cluster_id();
    const bool other_node = request.node_id != -1 && request.node_id != call.broker.options.node_id;
    if (bad_words || other_cluster || other_node) {
        response.error_code = ErrorCode::invalid_request;
        co_return response;
    }
    for (const auto& route : all_routes()) {
        if (route.told)
            response.api_keys.push_back({.api_key = route.api.key, .min_version = route.min, .max_version = route.max});
    }
    name_features(call, response);
    co_return response;
}

template Task<void> serve<ApiVersionsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
