#include "emulator/control/words/print.h"

#include <fmt/color.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "protocol/utf8.h"

namespace sluice::control {

namespace {
bool colourful() { return isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR"); }
}   // namespace

std::string dim(std::string text) { return colourful() ? fmt::format(fmt::emphasis::faint, "{}", text) : text; }
std::string warm(std::string text) { return colourful() ? fmt::format(fmt::fg(fmt::terminal_color::yellow), "{}", text) : text; }

std::string show_bytes(double bytes) {
    static constexpr const char* names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    std::size_t i = 0;
    while (bytes >= 1024 && i + 1 < std::size(names)) bytes /= 1024, ++i;
    return i == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", bytes, names[i]);
}

std::string show_text(std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
        const auto first = static_cast<unsigned char>(bytes[0]);
        const auto character = bytes.substr(0, first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4);
        // U+0080 to U+009F are commands to a terminal, as those below U+0020 are.
        const auto command = first < 0x20 || first == 0x7f ||
                             (first == 0xC2 && character.size() == 2 && static_cast<unsigned char>(character[1]) < 0xA0);
        if (!command && is_utf8(character)) {
            out += character;
            bytes.remove_prefix(character.size());
        } else {
            out += fmt::format("\\x{:02x}", first);
            bytes.remove_prefix(1);
        }
    }
    return out;
}

void print_table(const Rows& rows) {
    if (rows.empty()) return;
    std::vector<std::size_t> width(rows[0].size());
    std::vector<bool> number(rows[0].size(), rows.size() > 1);
    for (std::size_t r = 0; r < rows.size(); ++r)
        for (std::size_t i = 0; i < width.size(); ++i) {
            width[i] = std::max(width[i], rows[r][i].size());
            if (r > 0 && !(rows[r][i][0] >= '0' && rows[r][i][0] <= '9')) number[i] = false;
        }
    for (std::size_t r = 0; r < rows.size(); ++r) {
        std::string line;
        for (std::size_t i = 0; i < width.size(); ++i) {
            const auto last = i + 1 == width.size();
            line += number[i] ? fmt::format("{:>{}}", rows[r][i], width[i])
                    : last    ? rows[r][i]
                              : fmt::format("{:<{}}", rows[r][i], width[i]);
            if (!last) line += "  ";
        }
        fmt::print("{}\n", r == 0 ? dim(line) : line);
    }
}

}   // namespace sluice::control
