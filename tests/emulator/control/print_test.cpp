// How words show what records hold.
#include "emulator/control/words/print.h"

#include <doctest/doctest.h>

using namespace std::literals;
using sluice::control::show_text;

TEST_CASE("text is shown as it is, and what is none byte by byte") {
    CHECK(show_text("größe 7 €, 𝄞") == "größe 7 €, 𝄞");
    CHECK(show_text("\xF3\x89\x9A\xC2 a\xFF"sv) == R"(\xf3\x89\x9a\xc2 a\xff)");
    CHECK(show_text("\xC0\xAF\xED\xA0\x80\xE2\x82"sv) == R"(\xc0\xaf\xed\xa0\x80\xe2\x82)");   // too long, half a pair, cut off
    CHECK(show_text("\xE2\x82z\xC3"sv) == R"(\xe2\x82z\xc3)");
    CHECK(show_text("") == "");
}

TEST_CASE("no record drives the terminal, by commands of either kind") {
    CHECK(show_text("\x1B[2J\r\n\0\x7F"sv) == R"(\x1b[2J\x0d\x0a\x00\x7f)");
    CHECK(show_text("\xC2\x9B"
                    "2J \xC2\x80\xC2\xA0"sv) == "\\xc2\\x9b2J \\xc2\\x80\xC2\xA0");
}
