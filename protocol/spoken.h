// Which protocol a client speaks, by the first bytes of its connection: so that a door can choose how to serve it, and the log
// can say what to set where the door does not speak it.
#pragma once

#include <optional>
#include <string_view>

namespace sluice {

enum class Spoken { unknown, tls, http2, http1, kafka };

// So many bytes are enough for each of them: "PRI * HTTP/2" is the longest.
inline constexpr std::size_t most_first_bytes = 12;

// Nothing: too few bytes to say.
std::optional<Spoken> spoken(std::string_view first);

}   // namespace sluice
