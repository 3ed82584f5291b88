// ApiVersions v0-5: what `Served` lists. Features are named only when their APIs are served, so clients stay with classic
// groups and without transactions. A version above ours is answered by the session, which knows no body to read.
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
        response.api_keys.push_back({.api_key = route.api.key, .min_version = route.min, .max_version = route.max});
    }
    co_return response;
}

template Task<void> serve<ApiVersionsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
