// Writes each target's seeds into a folder of its own, for libFuzzer to begin with:  fuzz_seeds FOLDER
#include <filesystem>
#include <fstream>

#include "tests/fuzz/target.h"

int main(int count, char** words) {
    if (count != 2) return std::fputs("usage: fuzz_seeds FOLDER\n", stderr), 2;
    for (const auto& target : sluice::fuzz::targets) {
        const auto folder = std::filesystem::path(words[1]) / target.name;
        std::filesystem::create_directories(folder);
        std::size_t number = 0;
        for (const auto& seed : sluice::fuzz::seeds(target.name)) {
            std::ofstream out(folder / ("seed-" + std::to_string(number++)), std::ios::binary);
            out << sluice::fuzz::text_of(seed);
        }
    }
}
