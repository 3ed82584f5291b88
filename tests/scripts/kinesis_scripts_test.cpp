// Plays the scripts of tests/scripts/kinesis against an engine in memory whose clock stands: requests with their answers as text.
// The README there says how a script is written and how its answers are made anew.
#include "tests/scripts/script.h"
#include "tests/support/kinesis_call.h"

using namespace sluice;
using nlohmann::ordered_json;

namespace {

constexpr std::size_t longest_line = 110;

class KinesisDoor {
  public:
    KinesisDoor() { world_.clock().freeze(); }
    std::string answer(std::string request) {
        for (std::size_t i = tokens_.size(); i > 0; --i)
            request = std::regex_replace(request, std::regex{"\\$" + std::to_string(i) + "\\b"}, tokens_[i - 1]);
        const auto name = request.find_first_of(" \n");
        const auto body = nlohmann::json::parse(test::expanded(request.substr(name)));
        const auto told = caller_.answer(request.substr(0, name), body);
        auto text = std::to_string(told.status);
        if (told.body.empty()) return text + "\n";
        const auto fields = ordered_json::parse(told.front + told.body);
        auto shown = fields.dump();
        if (shown.size() > longest_line) shown = fields.dump(2);
        return text + (shown.starts_with("{\n") ? "\n" : " ") + numbered(shown) + "\n";
    }
    std::string pass(milliseconds span) {
        world_.clock().advance(span);
        world_.settle();
        return {};
    }
    void finish() const {}   // each request was answered at once

  private:
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

}   // namespace

TEST_CASE("each script of the Kinesis door is answered as it says") { test::check_scripts<KinesisDoor>("kinesis", 11); }
