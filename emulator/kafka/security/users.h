// Users whose passwords the cluster keeps, as SCRAM credentials (KIP-84, KIP-554): kept values of the default world, since users
// belong to the store (rule 1). Keys: "kafka/scram/" number of the hash "/" user.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "emulator/kafka/security/scram.h"
#include "emulator/streams/engine.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct StoredScram {
    static constexpr Api api{.key = -1, .name = "StoredScram", .min = 0, .max = 0, .flexible_from = 0};
    Blob salt, stored_key, server_key;
    std::int32_t iterations{};
    static constexpr void fields(auto& m, auto& f) {
        f("salt", m.salt, since(0));
        f("storedKey", m.stored_key, since(0));
        f("serverKey", m.server_key, since(0));
        f("iterations", m.iterations, since(0));
    }
};

class Users {
  public:
    static constexpr std::string_view prefix = "kafka/scram/";
    static constexpr std::size_t longest_name = 400, longest_salt = 1024;   // bytes: a name is a part of a key

    Users(streams::Engine&, streams::World&);
    const ScramCredential* find(ScramHash, std::string_view user) const;
    using Credentials = std::array<std::optional<ScramCredential>, 2>;   // by hash
    const Credentials* find(std::string_view user) const;
    void each(const std::function<void(const std::string& user, const Credentials&)>&) const;
    streams::Ticket put(ScramHash, std::string_view user, ScramCredential);
    streams::Ticket erase(ScramHash, std::string_view user);   // precondition: it is there
    void unstored(std::string_view key);
    void clear() { users_.clear(); }

  private:
    void take(std::string_view key, std::string_view value);
    static std::string key_of(ScramHash, std::string_view user);

    streams::Engine& engine_;
    streams::World& world_;
    std::map<std::string, Credentials, std::less<>> users_;
};

}   // namespace sluice::kafka
