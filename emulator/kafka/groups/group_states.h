// What the files of a group's life share: groups.cpp (its states), group_join.cpp (who comes), group_members.cpp (who stays).
#pragma once

#include <algorithm>

#include "emulator/kafka/groups/groups.h"

namespace sluice::kafka {

JoinReply refuse(const JoinReply&, ErrorCode, std::string_view member);
void refuse(SyncReply&, ErrorCode);   // leaves it empty; nothing for one that is

// What the member said about itself for this protocol; nothing when it does not know the protocol.
inline const Blob* metadata_for(const Member& member, std::string_view protocol) {
    const auto found = std::ranges::find(member.protocols, protocol, [](const auto& p) -> std::string_view { return p.first; });
    return found == member.protocols.end() ? nullptr : &found->second;
}

}   // namespace sluice::kafka
