// How the text of a setting is read, as Kafka reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::kafka {

std::optional<std::int64_t> whole(std::string_view text);
std::optional<bool> truth(std::string_view text);

}   // namespace sluice::kafka
