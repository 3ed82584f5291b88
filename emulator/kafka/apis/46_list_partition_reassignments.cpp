// ListPartitionReassignments v0: none is ever under way, since there is one node.
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/list_partition_reassignments.h"

namespace sluice::kafka {

Task<ListPartitionReassignmentsResponse> handle(Call&, const ListPartitionReassignmentsRequest&) {
    ListPartitionReassignmentsResponse response;
    response.error_message.reset();
    co_return response;
}

template Task<void> serve<ListPartitionReassignmentsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
