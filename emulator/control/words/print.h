// How words show things to people: colour only on a terminal, sizes in their usual units, tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::control {

std::string dim(std::string text);
std::string warm(std::string text);   // what somebody should notice
std::string show_bytes(double bytes);
// What is not text in UTF-8, or is a command to a terminal, is shown as \xNN, so that no record can drive one.
std::string show_text(std::string_view bytes);

using Rows = std::vector<std::vector<std::string>>;
// The first row is the head; columns of numbers stand to the right.
void print_table(const Rows&);

}   // namespace sluice::control
