// Access control lists: who may do what to which resource (KIP-11, KIP-290), as Kafka's standard authorizer has them. Kept values
// of a world. Keys: "kafka/acl/" and the SHA-256 of the value in hex, since a list's texts may be longer than a key.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "emulator/streams/engine.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

// Kafka's numbers on the wire.
enum class ResourceType : std::int8_t { any = 1, topic, group, cluster, transactional_id, delegation_token, user };
enum class PatternType : std::int8_t { any = 1, match, literal, prefixed };
enum class AclOperation : std::int8_t {
    any = 1,
    all,
    read,
    write,
    create,
    erase,
    alter,
    describe,
    cluster_action,
    describe_configs,
    alter_configs,
    idempotent_write,
    create_tokens,
    describe_tokens,
    two_phase_commit
};
enum class AclPermission : std::int8_t { any = 1, deny, allow };

inline constexpr std::string_view the_cluster = "kafka-cluster";   // the only name of that resource

struct Acl {
    static constexpr Api api{.key = -1, .name = "Acl", .min = 0, .max = 0, .flexible_from = 0};
    ResourceType type{};
    PatternType pattern{};
    std::string name, principal, host;
    AclOperation operation{};
    AclPermission permission{};
    static constexpr void fields(auto& m, auto& f) {
        f("type", m.type, since(0));
        f("pattern", m.pattern, since(0));
        f("name", m.name, since(0));
        f("principal", m.principal, since(0));
        f("host", m.host, since(0));
        f("operation", m.operation, since(0));
        f("permission", m.permission, since(0));
    }
    friend auto operator<=>(const Acl&, const Acl&) = default;
};

// Nothing: any. Texts that are left out are any, too.
struct AclFilter {
    ResourceType type = ResourceType::any;
    PatternType pattern = PatternType::any;
    std::optional<std::string> name, principal, host;
    AclOperation operation = AclOperation::any;
    AclPermission permission = AclPermission::any;
    bool passes(const Acl&) const;
};

// The lists alone: a plain machine.
class AclLists {
  public:
    bool empty() const { return all_.empty(); }
    bool add(Acl acl) { return all_.insert(std::move(acl)).second; }
    bool remove(const Acl& acl) { return all_.erase(acl) > 0; }
    bool contains(const Acl& acl) const { return all_.contains(acl); }
    void clear() { all_.clear(); }
    std::vector<Acl> found(const AclFilter&) const;
    // A refusal wins over a permission; `if_none`: what holds for a resource that no list is about.
    bool allows(std::string_view principal, std::string_view host, AclOperation, ResourceType, std::string_view name,
                bool if_none) const;
    // The same for some resource of that type, whatever its name.
    bool allows_any(std::string_view principal, std::string_view host, AclOperation, ResourceType, bool if_none) const;

  private:
    struct Asked {
        std::string_view principal, host;
        AclOperation operation;
    };
    struct Seen {
        bool any = false, allowed = false, denied = false;
    };
    void look(ResourceType, PatternType, std::string_view name, const Asked&, Seen&) const;

    std::set<Acl> all_;   // by type, pattern and name
};

// The lists of a world, and in the store.
class Acls {
  public:
    static constexpr std::string_view prefix = "kafka/acl/";
    static constexpr std::size_t longest_text = 4096;   // bytes

    Acls(streams::Engine&, streams::World&);
    const AclLists& lists() const { return lists_; }
    streams::Ticket add(Acl);
    streams::Ticket remove(const Acl&);
    void unstored(std::string_view key);
    void clear();

  private:
    static std::string key_of(std::string_view packed);
    streams::Engine& engine_;
    streams::World& world_;
    AclLists lists_;
    std::map<std::string, Acl, std::less<>> by_key_;
};

}   // namespace sluice::kafka
