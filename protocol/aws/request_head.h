// The part of an HTTP request in front of its body, as services of AWS look at it: the same for each of them, whatever carried
// it.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::aws {

// Header names in any case; values without outer white space.
using Headers = std::span<const std::pair<std::string_view, std::string_view>>;
bool same_name(std::string_view a, std::string_view b);
std::optional<std::string_view> header(Headers, std::string_view name);

struct RequestHead {
    std::string_view method;
    std::string_view target;   // path and query
    Headers headers;
};

std::string_view path_of(std::string_view target);
std::string_view query_of(std::string_view target);   // without the question mark; empty without one

// `%41` becomes `A`; what is no such triple stays as it is.
std::string percent_decoded(std::string_view);
// Of a query; of a form a plus sign is a space, too (the URL standard's x-www-form-urlencoded).
std::string form_decoded(std::string_view);
// Each `name=value` between ampersands, as it was sent.
void each_parameter(std::string_view query, const std::function<void(std::string_view name, std::string_view value)>&);
// The first value of a query parameter, decoded; empty when it stands without one.
std::optional<std::string> parameter(std::string_view query, std::string_view name);

}   // namespace sluice::aws
