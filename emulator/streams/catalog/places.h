// Rule 3: a stream outside the server's own account and region is the topic `<account>.<region>.<name>`, and a topic of such a
// name is that stream, whichever door made it. Here such names are read, and it is kept up how many shards each place has.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::streams {

struct Place {
    std::string_view account, region, name;   // views into the topic's name
};
std::optional<Place> place_of(std::string_view topic);
bool is_account(std::string_view);   // 12 digits
bool is_region(std::string_view);
// Under which the place's streams are counted.
std::string place_key(std::string_view account, std::string_view region);
// Rule 4: whether a stream of that name is shown where names have at most 128 characters and internal ones are hidden.
inline bool shown_name(std::string_view name) { return name.size() <= 128 && !name.starts_with("__"); }

}   // namespace sluice::streams
