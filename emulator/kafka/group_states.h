// What the files of a group's life share: groups.cpp (its states), group_join.cpp (who comes), group_members.cpp (who stays).
#pragma once

#include <algorithm>
#include <utility>

#include "emulator/kafka/groups.h"

namespace sluice::kafka {

inline JoinReply refuse(const JoinReply& reply, ErrorCode code, std::string_view member) {
    JoinGroupResponse answer;
    answer.error_code = code;
    answer.member_id = member;
    reply->give(std::move(answer));
    return reply;
}

inline void refuse(SyncReply& reply, ErrorCode code) {
    if (!reply) return;
    SyncGroupResponse answer;
    answer.error_code = code;
    std::exchange(reply, nullptr)->give(std::move(answer));
}

// What the member said about itself for this protocol; nothing when it does not know the protocol.
inline const Blob* metadata_for(const Member& member, std::string_view protocol) {
    const auto found = std::ranges::find(member.protocols, protocol, [](const auto& p) -> std::string_view { return p.first; });
    return found == member.protocols.end() ? nullptr : &found->second;
}

}  // namespace sluice::kafka
