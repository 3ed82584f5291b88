// DeleteGroups v0-3: empty groups go, with their offsets.
#include "emulator/kafka/serve.h"

namespace sluice::kafka {

Task<DeleteGroupsResponse> handle(Call& call, const DeleteGroupsRequest& request) {
    auto& groups = call.broker.groups(call.world);
    DeleteGroupsResponse response;
    for (const auto id : request.groups_names) {
        auto& told = response.results.emplace_back();
        told.group_id = id;
        told.error_code = groups.remove(id);
        if (told.error_code != ErrorCode::none) told.error_message = std::string(text_of(told.error_code));
    }
    co_return response;
}

template Task<void> serve<DeleteGroupsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
