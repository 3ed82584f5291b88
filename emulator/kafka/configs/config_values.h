// How the text of a setting is read, as Kafka reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/kafka/configs/configs.h"

namespace sluice::kafka {

std::optional<std::int64_t> whole(std::string_view text);
std::optional<bool> truth(std::string_view text);
// The words of a LIST value.
std::vector<std::string_view> words_of(std::string_view value);
std::string joined(std::span<const std::string_view> words, std::string_view between);
// How Kafka shows a value that config_fault has nothing against: numbers, truths and lists without the blanks around them.
std::string config_form(const ConfigEntry&, std::string_view value);

}   // namespace sluice::kafka
