// Every fuzz target over its seeds and over all that fuzzing has found so far (tests/fuzz/findings/TARGET/*), with g++ and no
// fuzzer: what was found once stays found. How new ones are looked for: `make fuzz`.
#include <doctest/doctest.h>
#include <algorithm>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/target.h"
#include "tests/support/source_folder.h"

using namespace sluice::fuzz;

namespace {

std::vector<std::filesystem::path> findings(std::string_view target) {
    std::vector<std::filesystem::path> all;
    const auto folder = std::filesystem::path(SLUICE_SOURCE_DIR) / "tests/fuzz/findings" / target;
    if (std::filesystem::exists(folder))
        for (const auto& file : std::filesystem::directory_iterator(folder)) all.push_back(file.path());
    return all;
}

std::string read_all(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}   // namespace

TEST_CASE("every fuzz target keeps its promises on its seeds and on what was found before") {
    for (const auto& target : targets) {
        SUBCASE(std::string(target.name).c_str()) {
            const auto begin = seeds(target.name);
            CHECK(begin.size() > 1);
            for (const auto& seed : begin) target.run(seed);
            target.run({});
            for (const auto& file : findings(target.name)) {
                INFO(file.string());   // a broken promise ends the process; doctest then says where
                const auto bytes = read_all(file);
                CHECK_FALSE(bytes.empty());
                target.run(bytes_of(bytes));
            }
        }
    }
}

TEST_CASE("every finding belongs to a target") {
    for (const auto& folder :
         std::filesystem::directory_iterator(std::filesystem::path(SLUICE_SOURCE_DIR) / "tests/fuzz/findings")) {
        const auto name = folder.path().filename().string();
        CHECK_MESSAGE(std::ranges::find(targets, name, &Target::name) != std::end(targets), name);
    }
}
