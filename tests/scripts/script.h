// What the scripts of both doors share: how a script is read and played, how its answers are filled in, and how they are
// compared. A door is a class that is made anew for each script and has
//   std::string answer(const std::string& request)   what the script shows under the request, each line ended
//   std::string pass(milliseconds)                   moves the clock; what the script shows under that, mostly nothing
//   void finish()                                    throws when the script must not end yet
// All three throw std::exception for a script that is wrong.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "emulator/runtime/spans.h"
#include "tests/support/source_folder.h"

namespace sluice::test {

// `<1000 x ab>` is that often what stands there; structures are parted by commas.
inline std::string expanded(const std::string& text) {
    static const std::regex repeated{"<(\\d+) x ([^>]*)>"};
    std::string out;
    auto from = text.begin();
    for (std::sregex_iterator found{text.begin(), text.end(), repeated}, end; found != end; ++found) {
        out.append(from, text.begin() + found->position());
        for (int left = std::stoi((*found)[1]); left > 0; --left)
            out += (*found)[2].str() + ((*found)[2].str().starts_with("{") && left > 1 ? "," : "");
        from = text.begin() + found->position() + found->length();
    }
    return out.append(from, text.end());
}

// The script with the answers that are given now. A wrong script throws, with the line where it went wrong.
template <class Door>
std::string play(const std::string& script) {
    Door door;
    std::istringstream lines{script};
    std::string out, request;
    int number = 0, at = 0;
    bool answered = false;   // what follows is the answer of the script's last playing
    const auto ask = [&] {
        if (request.empty()) return;
        out += door.answer(std::exchange(request, {}));
        answered = true;
    };
    try {
        for (std::string line; std::getline(lines, line);) {
            ++number;
            if (line.starts_with("> ")) {
                if (request.empty()) at = number;
                request += line.substr(2) + "\n";
                answered = false;
                out += line + "\n";
                continue;
            }
            ask();
            at = number;
            if (line.starts_with("clock ")) {
                const auto span = parse_span(std::string_view{line}.substr(6));
                if (!span) throw std::runtime_error{span.error()};
                out += line + "\n" + door.pass(*span);
                answered = true;
            } else if (line.empty() || line.starts_with("#")) {
                answered = false;
                out += line + "\n";
            } else if (!answered) {
                throw std::runtime_error{"neither a request, a comment nor an answer: " + line};
            }
        }
        ask();
        door.finish();
    } catch (const std::exception& wrong) {
        throw std::runtime_error{"line " + std::to_string(at) + ": " + wrong.what()};
    }
    return out;
}

inline std::string content_of(const std::filesystem::path& path) {
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// Plays every script of a folder of tests/scripts, of which there are at least so many. A wrong answer is told by its first line.
template <class Door>
void check_scripts(const std::string& folder, int at_least) {
    int scripts = 0;
    for (const auto& entry : std::filesystem::directory_iterator{SLUICE_SOURCE_DIR "/tests/scripts/" + folder}) {
        if (entry.path().extension() != ".txt") continue;
        ++scripts;
        const auto name = entry.path().filename().string();
        CAPTURE(name);
        const auto expected = content_of(entry.path());
        std::string actual;
        try {
            actual = play<Door>(expected);
        } catch (const std::exception& wrong) {
            FAIL_CHECK(name << ", " << std::string{wrong.what()});
            continue;
        }
        if (std::getenv("SLUICE_WRITE_SCRIPTS") != nullptr) {
            std::ofstream{entry.path()} << actual;
            continue;
        }
        std::istringstream one{expected}, other{actual};
        std::string wanted, told;
        for (int line = 1; std::getline(one, wanted).good() | std::getline(other, told).good(); ++line) {
            if (wanted == told) continue;
            FAIL_CHECK(name << ":" << line << "\n  wants: " << wanted << "\n  told:  " << told);
            break;
        }
        CHECK((expected == actual));
    }
    CHECK(scripts >= at_least);
}

}   // namespace sluice::test
