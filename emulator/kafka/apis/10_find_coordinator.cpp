// FindCoordinator v0-6: we coordinate everything, and are always ready. The first call makes the topic in which Kafka's
// coordinator keeps its books. The keys of type 2 are parts of share groups: "group:topic id:partition", from v6 on.
#include <charconv>

#include "emulator/kafka/logs/internal_topics.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/find_coordinator.h"

namespace sluice::kafka {

namespace {

// Whoever may not see the group or the transactional id is told no place of it.
ErrorCode coordinator_denied(const Call& call, std::int8_t key_type, std::string_view key) {
    if (key_type == 0) return refusal(call, ResourceType::group, key);
    if (key_type == 1) return refusal(call, ResourceType::transactional_id, key);
    return key_type == 2 ? refusal(call, ResourceType::cluster) : ErrorCode::none;
}

// A part of a share group: "group:topic id:partition".
bool good_share_key(std::string_view key) {
    const auto last = key.rfind(':');
    const auto middle = last == std::string_view::npos || last == 0 ? last : key.rfind(':', last - 1);
    if (middle == std::string_view::npos || middle == 0 || last == 0) return false;
    const auto topic = key.substr(middle + 1, last - middle - 1), number = key.substr(last + 1);
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::int32_t partition = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), partition);
    return topic.size() == 22 && topic.find_first_not_of(alphabet) == std::string_view::npos && error == std::errc{} &&
           end == number.data() + number.size();
}

// Whether there is such a key.
ErrorCode key_fault(int version, std::int8_t type, std::string_view key) {
    if (type == 0 || type == 1) return ErrorCode::none;
    return type == 2 && version >= 6 && good_share_key(key) ? ErrorCode::none : ErrorCode::invalid_request;
}

// The topic in which Kafka's coordinator of such keys keeps its books.
std::string_view books_of(std::int8_t type) { return type == 0 ? offsets_topic : type == 1 ? transactions_topic : shares_topic; }

template <class Told>
void hide_coordinator(Told& told, ErrorCode code) {
    told.error_code = code;
    told.error_message = std::string(text_of(code));
    told.node_id = told.port = -1;
    told.host = "";
}

}   // namespace

Task<FindCoordinatorResponse> handle(Call& call, const FindCoordinatorRequest& request) {
    const auto address = call.connection->advertised();
    const auto node = call.broker.options.node_id;
    FindCoordinatorResponse response;
    bool found = false;
    for (const auto key : request.coordinator_keys) {
        const auto code = key_fault(call.version, request.key_type, key);
        const bool known = code == ErrorCode::none;
        auto& told = response.coordinators.emplace_back();
        told.key = key;
        told.error_code = code;
        told.error_message =
            known || request.key_type == 2 ? "" : std::string(text_of(code));   // seen: a bad key of type 2 has no text
        told.node_id = known ? node : -1;
        told.host = known ? address.host : "";
        told.port = known ? address.port : -1;
        if (const auto refused = coordinator_denied(call, request.key_type, key); refused != ErrorCode::none)
            hide_coordinator(told, refused);
        found = found || told.error_code == ErrorCode::none;
    }
    const auto code = key_fault(call.version, request.key_type, request.key);
    const bool known = code == ErrorCode::none;
    response.error_code = code;
    response.error_message = known ? "NONE" : std::string(text_of(code));   // seen: v1-3 say so
    response.node_id = known ? node : -1;
    response.host = known ? address.host : "";
    response.port = known ? address.port : -1;
    if (call.version < 4)
        if (const auto refused = coordinator_denied(call, request.key_type, request.key); refused != ErrorCode::none)
            hide_coordinator(response, refused);
    found = found || (call.version < 4 && response.error_code == ErrorCode::none);
    if (found)
        if (const auto made = open_internal_topic(call, books_of(request.key_type)))
            (void)co_await made->committed();   // without it the coordinator is ready all the same
    co_return response;
}

template Task<void> serve<FindCoordinatorRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
