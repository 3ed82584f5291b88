// RemoveRaftVoter v0: there is one voter, and the last one cannot go. Codes and texts as seen on Kafka 4.4.0.
#include "emulator/kafka/quorum.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/remove_raft_voter.h"

namespace sluice::kafka {

Task<RemoveRaftVoterResponse> handle(Call& call, const RemoveRaftVoterRequest& request) {
    RemoveRaftVoterResponse response;
    if (auto other = other_cluster(call, request.cluster_id)) {
        response.error_code = ErrorCode::inconsistent_cluster_id;
        response.error_message = std::move(*other);
        co_return response;
    }
    response.error_code = ErrorCode::voter_not_found;
    response.error_message = "Cannot remove voter " + voter_text(request.voter_id, request.voter_directory_id) +
                             " from the set of voters " + voters_text(call);
    co_return response;
}

template Task<void> serve<RemoveRaftVoterRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
