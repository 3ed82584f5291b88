// Who a client is, as ACLs, quotas and tokens name it: `User:alice`. Who has not said is User:ANONYMOUS.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::kafka {

struct Principal {
    std::string type = "User", name = "ANONYMOUS";
    std::string text() const { return type + ":" + name; }
    bool anonymous() const { return type == "User" && name == "ANONYMOUS"; }
    friend bool operator==(const Principal&, const Principal&) = default;
    friend auto operator<=>(const Principal&, const Principal&) = default;
};

// Nothing: no colon.
inline std::optional<Principal> parse_principal(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    return Principal{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

}   // namespace sluice::kafka
