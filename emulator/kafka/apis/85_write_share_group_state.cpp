// WriteShareGroupState v0-1 (KIP-932): refused. This node writes the state of its share groups by itself, so whoever sends one is
// a leader of an earlier epoch.
#include "emulator/kafka/share/state_calls.h"
#include "protocol/kafka/messages/write_share_group_state.h"

namespace sluice::kafka {

Task<WriteShareGroupStateResponse> handle(Call& call, const WriteShareGroupStateRequest& request) {
    co_return answer_state_call<WriteShareGroupStateResponse>(call, request,
                                                              [](ShareTopic*, const ShareTarget&, const auto&, auto& told) {
                                                                  told.error_code = ErrorCode::fenced_state_epoch;
                                                                  told.error_message = std::string(text_of(told.error_code));
                                                              });
}

template Task<void> serve<WriteShareGroupStateRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
