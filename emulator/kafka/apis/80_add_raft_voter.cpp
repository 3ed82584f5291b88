// AddRaftVoter v0-1: nobody can join the quorum of one process. Codes and texts as seen on Kafka 4.4.0, the last one where it
// could not reach the new voter.
#include <algorithm>

#include "emulator/kafka/quorum.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/add_raft_voter.h"

namespace sluice::kafka {

namespace {

std::string endpoints_text(const AddRaftVoterRequest& request) {
    std::string text;
    for (const auto& listener : request.listeners)
        text += (text.empty() ? "ListenerName(" : ", ListenerName(") + std::string(listener.name) +
                ")=" + std::string(listener.host) + ":" + std::to_string(listener.port);
    return text;
}

}   // namespace

Task<AddRaftVoterResponse> handle(Call& call, const AddRaftVoterRequest& request) {
    AddRaftVoterResponse response;
    const auto refuse = [&](ErrorCode code, std::string text) {
        response.error_code = code;
        response.error_message = std::move(text);
    };
    const bool reachable = std::ranges::any_of(request.listeners, [](const auto& l) { return l.name == "CONTROLLER"; });
    if (auto other = other_cluster(call, request.cluster_id))
        refuse(ErrorCode::inconsistent_cluster_id, std::move(*other));
    else if (!reachable)
        refuse(ErrorCode::invalid_request, "Add voter request didn't include the endpoint (Endpoints(endpoints={" +
                                               endpoints_text(request) + "})) for the default listener ListenerName(CONTROLLER)");
    else if (request.voter_id == call.broker.options.node_id)
        refuse(ErrorCode::duplicate_voter, "The voter id for " + voter_text(request.voter_id, request.voter_directory_id) +
                                               " is already part of the set of voters " + voters_text(call) + ".");
    else
        refuse(ErrorCode::request_timed_out,
               "Aborted add voter operation for since API_VERSIONS returned an error BROKER_NOT_AVAILABLE");
    co_return response;
}

template Task<void> serve<AddRaftVoterRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
