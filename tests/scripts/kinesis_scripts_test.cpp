// Plays the scripts of tests/scripts/kinesis against an engine in memory whose clock stands: requests with their answers as text.
// The README there says how a script is written and how its answers are made anew.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "emulator/runtime/spans.h"
#include "tests/support/kinesis_call.h"

using namespace sluice;
using nlohmann::ordered_json;

namespace {

constexpr std::size_t longest_line = 110;

// `<1000 x ab>` is that often what stands there; structures are parted by commas.
std::string expanded(const std::string& text) {
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

class Player {
  public:
    Player() { world_.clock().freeze(); }
    // The script with the answers that are given now.
    std::string play(const std::string& script) {
        std::istringstream lines{script};
        std::string out, request;
        bool answered = false;   // what follows is the answer of the script's last playing
        const auto ask = [&] {
            if (request.empty()) return;
            out += answer(std::exchange(request, {}));
            answered = true;
        };
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("> ")) {
                request += line.substr(2) + "\n";
            } else {
                ask();
                if (line.starts_with("clock ")) {
                    const auto span = parse_span(std::string_view{line}.substr(6));
                    REQUIRE_MESSAGE(span.has_value(), line);
                    world_.clock().advance(*span);
                    world_.settle();
                } else if (!line.empty() && !line.starts_with("#")) {
                    CHECK_MESSAGE(answered, "neither a request, a comment nor an answer: " << line);
                    continue;
                }
            }
            answered = false;
            out += line + "\n";
        }
        ask();
        return out;
    }

  private:
    std::string answer(std::string request) {
        for (std::size_t i = tokens_.size(); i > 0; --i)
            request = std::regex_replace(request, std::regex{"\\$" + std::to_string(i) + "\\b"}, tokens_[i - 1]);
        const auto name = request.find_first_of(" \n");
        const auto body = nlohmann::json::parse(expanded(request.substr(name)));
        const auto told = caller_.answer(request.substr(0, name), body);
        auto text = std::to_string(told.status);
        if (told.body.empty()) return text + "\n";
        const auto fields = ordered_json::parse(told.front + told.body);
        auto shown = fields.dump();
        if (shown.size() > longest_line) shown = fields.dump(2);
        return text + (shown.starts_with("{\n") ? "\n" : " ") + numbered(shown) + "\n";
    }
    // Tokens differ from build to build, so each is shown by its number, which a later request may name.
    std::string numbered(const std::string& answer) {
        static const std::regex token{"(\"(?:NextToken|(?:Next)?ShardIterator)\": ?\")([^\"]+)"};
        std::string out;
        auto from = answer.begin();
        for (std::sregex_iterator found{answer.begin(), answer.end(), token}, end; found != end; ++found) {
            tokens_.push_back((*found)[2]);
            out.append(from, answer.begin() + found->position(2)).append("$" + std::to_string(tokens_.size()));
            from = answer.begin() + found->position(2) + found->length(2);
        }
        return out.append(from, answer.end());
    }

    test::World world_;
    test::Caller caller_{world_};
    std::vector<std::string> tokens_;
};

std::string read(const std::filesystem::path& path) {
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}   // namespace

TEST_CASE("each script of the Kinesis door is answered as it says") {
    int scripts = 0;
    for (const auto& entry : std::filesystem::directory_iterator{SLUICE_SOURCE_DIR "/tests/scripts/kinesis"}) {
        if (entry.path().extension() != ".txt") continue;
        ++scripts;
        CAPTURE(entry.path().filename().string());
        const auto expected = read(entry.path());
        const auto actual = Player{}.play(expected);
        if (std::getenv("SLUICE_WRITE_SCRIPTS") != nullptr) {
            std::ofstream{entry.path()} << actual;
            continue;
        }
        std::istringstream one{expected}, other{actual};
        std::string wanted, told;
        for (int line = 1; std::getline(one, wanted).good() | std::getline(other, told).good(); ++line) {
            if (wanted == told) continue;
            FAIL_CHECK(entry.path().filename().string() << ":" << line << "\n  wants: " << wanted << "\n  told:  " << told);
            break;
        }
        CHECK((expected == actual));
    }
    CHECK(scripts >= 8);
}
