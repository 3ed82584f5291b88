// What a connection begins with when its client speaks another protocol than the door: so that the log can say what to set.
#pragma once

#include <string_view>

namespace sluice {

enum class Foreign { none, tls, http2, http1, kafka };

// By the first bytes of a connection; `none` when they are too few or nothing that is known.
Foreign spoken(std::string_view first);

}   // namespace sluice
