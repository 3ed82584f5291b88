// StreamsGroupTopologyDescriptionUpdate v0: Kafka keeps descriptions by a plugin, and a stock broker has none
// (group.streams.topology.description.plugin.class). No heartbeat here asks a member for one.
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/streams_group_topology_description_update.h"

namespace sluice::kafka {

Task<StreamsGroupTopologyDescriptionUpdateResponse> handle(Call&, const StreamsGroupTopologyDescriptionUpdateRequest&) {
    StreamsGroupTopologyDescriptionUpdateResponse response;
    response.error_code = ErrorCode::unsupported_version;
    response.error_message = "The broker has no streams group topology description plugin configured.";
    co_return response;
}

template Task<void> serve<StreamsGroupTopologyDescriptionUpdateRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
