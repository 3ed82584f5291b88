// Whether a request may do what it asks for. A handler names the resource, in one line; the operation that its API needs stands
// in one table (access.cpp). What refuses a call as a whole is asked before its handler (whole_calls.h). As long as there are no
// lists this costs a look at a flag.
//
//     if (const auto code = refusal(call, ResourceType::topic, name); code != ErrorCode::none) …
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "emulator/kafka/call.h"
#include "emulator/kafka/security/acls.h"

namespace sluice::kafka {

class Access {
  public:
    Access(streams::Engine&, streams::World&, const Configs&);
    bool enabled() const { return enabled_; }        // an authorizer is set; else nobody may list or change anything
    const bool& guards() const { return guards_; }   // somebody may be refused something
    Acls& acls() { return acls_; }
    streams::Ticket add(Acl);
    streams::Ticket remove(const Acl&);
    void unstored(std::string_view key);
    void clear();
    Signal changed;   // some answer of `may` is another one

    bool may(const Principal&, std::string_view host, AclOperation, ResourceType, std::string_view name) const;
    bool may_any(const Principal&, std::string_view host, AclOperation, ResourceType) const;

  private:
    void look_again();

    bool enabled_, everybody_if_none_, guards_ = false;
    std::set<std::string, std::less<>> super_users_;
    Acls acls_;
};

// The slow part of the functions below.
bool guarded_may(const Call&, AclOperation, ResourceType, std::string_view name);
ErrorCode guarded_refusal(const Call&, ResourceType, std::string_view name);
// 29, 30, 31 and so on.
ErrorCode refusal_code(ResourceType);

inline bool may(const Call& call, AclOperation operation, ResourceType type, std::string_view name) {
    return !call.broker.guards() || guarded_may(call, operation, type, name);
}
// The code with which the call is refused that resource, by the operation that its API needs there; none: it is not.
inline ErrorCode refusal(const Call& call, ResourceType type, std::string_view name = the_cluster) {
    return call.broker.guards() ? guarded_refusal(call, type, name) : ErrorCode::none;
}
// The same for a resource whose settings are asked for or changed, by its number there.
ErrorCode config_refusal(const Call&, std::int8_t resource, std::string_view name);
// Some resource of the type will do.
bool may_any(const Call&, AclOperation, ResourceType);

// What the caller may do with a resource, as the bits that answers have.
std::int32_t operations_on(const Call&, ResourceType, std::string_view name = the_cluster);

}   // namespace sluice::kafka
