// Text inside XML, for the answers that are written so.
#pragma once

#include <string>
#include <string_view>

namespace sluice::aws {

// Characters that would end the text are spelled as entities; control characters, which XML 1.0 has no way to spell, are left
// out.
void append_xml_text(std::string& out, std::string_view text);

}   // namespace sluice::aws
