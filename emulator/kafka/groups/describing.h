// What the APIs that describe modern groups tell alike: why one is not described, asked in Kafka's order (seen: Kafka 4.4.0).
#pragma once

#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/security/access.h"

namespace sluice::kafka {

// False: the caller is told no more of that group.
template <class Told>
bool may_be_told(const Call& call, std::string_view id, Told& told) {
    told.group_id = id;
    told.error_code = refusal(call, ResourceType::group, id);
    if (told.error_code != ErrorCode::none) {
        told.error_message = std::string(text_of(told.error_code));
        return false;
    }
    if (id.empty()) told.error_code = ErrorCode::invalid_group_id;
    return !id.empty();
}

template <class Told>
void tell_missing(const Call& call, std::string_view id, std::string_view kind, Told& told) {
    told.error_code = ErrorCode::group_id_not_found;
    told.error_message = call.broker.groups(call.world).none_of_kind(id, kind);
}

// In place of a description that names a topic which the caller may not know of.
template <class Told>
void hide(std::string_view id, Told& told) {
    told = {};
    told.group_id = id;
    told.error_code = ErrorCode::topic_authorization_failed;
    told.error_message = "The group has described topic(s) that the client is not authorized to describe.";
}

}   // namespace sluice::kafka
