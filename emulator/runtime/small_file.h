// Files of a few hundred bytes that belong to no store: which doors are open, what clients are to trust.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace sluice {

// All of it, when it has at most `most` bytes; an error number otherwise (EFBIG for a larger one).
std::expected<std::string, int> read_small_file(const std::string& path, std::size_t most);

// Written beside and renamed, so that a reader sees all of it or nothing, and never one with other rights. 0 or an error number.
int write_small_file(const std::string& path, std::string_view text, unsigned mode);

}   // namespace sluice
