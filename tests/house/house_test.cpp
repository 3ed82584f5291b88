// Keeps the rooms apart by reading the #include lines of all sources: CMake stops a library from linking what it may
// not use, but a header that needs no linking would slip through.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/source_folder.h"

namespace {

struct Source {
    std::string path;   // relative to the root, with forward slashes
    std::vector<std::string> includes, lines;
};

bool is_under(std::string_view path, std::string_view folder) { return path.starts_with(folder); }
bool any_of(std::string_view path, std::initializer_list<std::string_view> starts) {
    return std::ranges::any_of(starts, [&](auto start) { return path.starts_with(start); });
}

std::vector<Source> all_sources() {
    namespace fs = std::filesystem;
    const fs::path root{SLUICE_SOURCE_DIR};
    std::vector<Source> sources;
    for (const auto* room : {"protocol", "storage", "emulator"}) {
        for (const auto& entry : fs::recursive_directory_iterator{root / room}) {
            if (const auto kind = entry.path().extension(); kind != ".h" && kind != ".cpp") continue;
            auto& source = sources.emplace_back();
            source.path = fs::relative(entry.path(), root).generic_string();
            std::ifstream file{entry.path()};
            for (std::string line; std::getline(file, line);) {
                if (line.starts_with("#include ")) {
                    const auto end = line.find_first_of("\">", 10);
                    source.includes.push_back(line.substr(10, end - 10));
                }
                source.lines.push_back(line);
            }
        }
    }
    return sources;
}

bool is_ours(std::string_view include) { return any_of(include, {"protocol/", "storage/", "emulator/", "tests/"}); }

// Fails once for each include that `allowed` refuses, among the sources that `applies` picks; yields how many it saw.
int check(const std::function<bool(std::string_view)>& applies, const std::function<bool(std::string_view)>& allowed) {
    static const auto sources = all_sources();
    int seen = 0;
    for (const auto& source : sources) {
        if (!applies(source.path)) continue;
        for (const auto& include : source.includes) {
            ++seen;
            if (!allowed(include)) FAIL_CHECK(source.path << " must not include " << include);
        }
    }
    return seen;
}

auto in(std::string_view folder) {
    return [folder](std::string_view path) { return is_under(path, folder); };
}

}   // namespace

TEST_CASE("protocol knows neither storage nor emulator, and its folders keep to themselves") {
    CHECK(check(in("protocol/kafka/"), [](auto i) {
              return !is_ours(i) ||
                     any_of(i, {"protocol/kafka/", "protocol/batch/", "protocol/utf8.h", "protocol/wire_limits.h"});
          }) > 0);
    CHECK(check(in("protocol/batch/"), [](auto i) {
              return !is_ours(i) || any_of(i, {"protocol/batch/", "protocol/utf8.h", "protocol/wire_limits.h"});
          }) > 0);
    CHECK(check(in("protocol/aws/"), [](auto i) { return !is_ours(i) || is_under(i, "protocol/aws/"); }) > 0);
    CHECK(check(in("protocol/sts/"), [](auto i) { return !is_ours(i) || any_of(i, {"protocol/sts/", "protocol/aws/"}); }) > 0);
    CHECK(check(in("protocol/"), [](auto i) { return !is_ours(i) || is_under(i, "protocol/"); }) > 0);
    check(in("protocol/kinesis/"), [](auto i) { return !any_of(i, {"protocol/kafka/", "protocol/http/"}); });
    CHECK(check(in("protocol/aggregate/"), [](auto i) { return !is_ours(i) || is_under(i, "protocol/aggregate/"); }) > 0);
    check(in("protocol/http/"),
          [](auto i) { return !is_ours(i) || any_of(i, {"protocol/http/", "protocol/utf8.h", "protocol/wire_limits.h"}); });
}

TEST_CASE("what the KPL packs into a record is opened by tools alone, never on a reader's way") {
    for (const auto* room : {"emulator/kafka/", "emulator/kinesis/", "emulator/streams/", "emulator/net/", "storage/"})
        CHECK(check(in(room), [](auto i) { return !is_under(i, "protocol/aggregate/"); }) > 0);
}

TEST_CASE("storage knows neither protocol nor emulator") {
    CHECK(check(in("storage/"), [](auto i) { return !is_ours(i) || is_under(i, "storage/"); }) > 0);
}

TEST_CASE("the Kafka door and the Kinesis door do not know each other") {
    check(in("emulator/kafka/"), [](auto i) { return !any_of(i, {"emulator/kinesis/", "protocol/kinesis/", "protocol/http/"}); });
    check(in("emulator/kinesis/"), [](auto i) { return !any_of(i, {"emulator/kafka/", "protocol/kafka/"}); });
}

// So that touching one operation or API rebuilds its handler and the list, however many others there are.
TEST_CASE("a handler includes no socket and its own request; all of them together are included where requests are dispatched") {
    const auto sources = all_sources();
    const auto reached = [&](const std::string& from) {
        std::set<std::string> seen;
        std::vector<std::string> next{from};
        while (!next.empty()) {
            const auto path = next.back();
            next.pop_back();
            if (!seen.insert(path).second) continue;
            const auto found = std::ranges::find(sources, path, &Source::path);
            if (found != sources.end()) next.insert(next.end(), found->includes.begin(), found->includes.end());
        }
        return seen;
    };
    int handlers = 0;
    for (const auto& source : sources) {
        const std::string_view path = source.path;
        const bool kinesis = is_under(path, "emulator/kinesis/"), kafka = is_under(path, "emulator/kafka/");
        if ((!kinesis && !kafka) || !path.ends_with(".cpp") || path.ends_with("/dispatch.cpp")) continue;
        const auto folder = std::string{kinesis ? "protocol/kinesis/operations/" : "protocol/kafka/messages/"};
        auto own = std::string{path.substr(path.rfind('/') + 1)};
        own = folder + own.substr(kafka && own[2] == '_' ? 3 : 0);
        own.replace(own.size() - 3, 3, "h");
        const bool handler = any_of(path, {"emulator/kinesis/operations/", "emulator/kafka/apis/"});
        handlers += handler;
        const auto all = reached(source.path);
        if (handler && !all.contains(own)) FAIL_CHECK(path << " does not include " << own);
        for (const auto& include : all) {
            const bool socket = is_under(include, "boost/asio/ip/") && !include.ends_with("/address.hpp");
            const bool others = kinesis && is_under(include, folder) && include != own;
            const bool all_of_them = include.ends_with("/all_messages.h") || include.ends_with("/all_operations.h");
            if ((handler && socket) || others || all_of_them) FAIL_CHECK(path << " comes by " << include);
        }
    }
    CHECK(handlers > 30);
}

TEST_CASE("the engine knows the store, the clock, chance, the loop and a thread beside it, record batches, and no door") {
    check(in("emulator/streams/"), [](auto i) {
        return !is_ours(i) || any_of(i, {"emulator/streams/", "emulator/runtime/", "protocol/utf8.h", "storage/store.h",
                                         "storage/planted.h", "protocol/batch/", "protocol/utf8.h"});
    });
}

TEST_CASE("the sockets' room knows the loop, and of the protocols how a connection begins and HTTP") {
    CHECK(check(in("emulator/net/"), [](auto i) {
              return !is_ours(i) || any_of(i, {"emulator/net/", "emulator/runtime/", "protocol/http/", "protocol/spoken.h",
                                               "protocol/wire_limits.h"});
          }) > 20);
}

TEST_CASE("LMDB appears in one file, and that one in its folder alone") {
    check([](auto path) { return path != "storage/lmdb/tree.h"; }, [](auto i) { return i != "lmdb.h"; });
    CHECK(check(in("storage/lmdb/"), [](auto) { return true; }) > 20);
    check([](auto path) { return !is_under(path, "storage/lmdb/"); }, [](auto i) { return !is_under(i, "storage/lmdb/"); });
}

TEST_CASE("sockets appear in emulator/net alone; doors see peers, and what their handlers do is coroutines of the loop") {
    const auto is_asio = [](std::string_view i) { return is_under(i, "boost/asio"); };
    check([](auto path) { return is_under(path, "emulator/") && !is_under(path, "emulator/net/"); },
          [](auto i) {
              return !any_of(i, {"boost/asio/ip/tcp", "boost/asio/basic_stream_socket", "boost/asio/read", "boost/asio/write",
                                 "boost/asio/local/", "boost/asio/connect", "sys/socket.h", "emulator/net/tcp_peer.h"});
          });
    check([](auto path) { return any_of(path, {"protocol/", "storage/", "emulator/streams/"}); },
          [&](auto i) {
              return !is_asio(i) || is_under(i, "boost/asio/buffer");   // Beast as a byte machine needs the buffers
          });
    check([](auto path) { return is_under(path, "protocol/") && !is_under(path, "protocol/http/"); },
          [&](auto i) { return !is_asio(i) && !is_under(i, "boost/beast"); });
    check(in("storage/"), [](auto i) { return !is_under(i, "boost/"); });
}

TEST_CASE("nothing reads a clock or asks for chance by itself") {
    int files = 0;
    for (const auto& source : all_sources()) {
        if (is_under(source.path, "emulator/runtime/clock.")) continue;
        ++files;
        for (const auto& line : source.lines) {
            for (const auto* reading : {"system_clock::now", "steady_clock::now", "high_resolution_clock", "gettimeofday",
                                        "clock_gettime", "std::time(", "time(nullptr)", "time(NULL)", "random_device"}) {
                if (source.path.starts_with("emulator/runtime/random.") && std::string_view{reading} == "random_device") continue;
                if (line.find(reading) != std::string::npos) FAIL_CHECK(source.path << ": " << line);
            }
        }
    }
    CHECK(files > 10);
}

TEST_CASE("each rule that a comment cites stands in docs/rules.md") {
    const std::filesystem::path root{SLUICE_SOURCE_DIR};
    std::set<int> there;
    std::ifstream file{root / "docs/rules.md"};
    for (std::string line; std::getline(file, line);)
        if (const auto dot = line.find(". **"); dot != std::string::npos && dot <= 2) there.insert(std::stoi(line));
    CHECK(there.size() >= 33);
    int cited = 0;
    for (const auto& source : all_sources())
        for (const auto& line : source.lines)
            for (auto at = line.find("ule "); at != std::string::npos; at = line.find("ule ", at + 1)) {
                if (at == 0 || (line[at - 1] != 'r' && line[at - 1] != 'R') || line[at + 4] < '0' || line[at + 4] > '9') continue;
                ++cited;
                const int number = std::stoi(line.substr(at + 4));
                if (!there.contains(number)) FAIL_CHECK(source.path << " cites rule " << number);
            }
    CHECK(cited > 30);
}

TEST_CASE("each file that the pages for developers name is there") {
    const std::filesystem::path root{SLUICE_SOURCE_DIR};
    int named = 0;
    for (const std::string page : {"CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md"}) {
        std::ifstream file{root / page};
        for (std::string line; std::getline(file, line);) {
            if (line.starts_with("```")) continue;
            for (auto from = line.find('`'); from != std::string::npos;) {
                const auto to = line.find('`', from + 1);
                if (to == std::string::npos) break;
                const auto text = line.substr(from + 1, to - from - 1);
                from = line.find('`', to + 1);
                if (!any_of(text, {"protocol/", "storage/", "emulator/", "tests/", "bench/", "docs/"})) continue;
                // NAME, NN and TARGET stand for what a reader puts there.
                if (text.contains("NAME") || text.contains("NN") || text.contains("TARGET")) continue;
                ++named;
                if (!std::filesystem::exists(root / text)) FAIL_CHECK(page << " names " << text);
            }
        }
    }
    CHECK(named > 100);
}

TEST_CASE("no coroutine ends with an exception that nobody hears of") {
    for (const auto& source : all_sources())
        for (const auto& line : source.lines)
            if (line.contains("asio::detached"))
                FAIL_CHECK(source.path << " drops exceptions; stop_loudly (emulator/runtime/loop.h) does not");
}

TEST_CASE("no part of the build asks for an instruction set; what uses one looks first at the processor that it runs on") {
    const std::filesystem::path root{SLUICE_SOURCE_DIR};
    int lines = 0;
    for (const std::string name : {"CMakeLists.txt", "CMakePresets.json", "Makefile", "Dockerfile", "docker-compose.yml"}) {
        std::ifstream file{root / name};
        for (std::string line; std::getline(file, line); ++lines)
            for (const auto* flag : {"-march", "-mcpu", "-mtune", "-msse", "-mavx", "-mpclmul", "-mbmi"})
                if (line.find(flag) != std::string::npos) FAIL_CHECK(name << ": " << line);
    }
    CHECK(lines > 100);
    int crc = 0;
    for (const auto& source : all_sources()) {
        bool own = false, looks = false;
        for (const auto& include : source.includes) {
            if (include == "isa-l/crc.h") ++crc;   // decision 002: picked at run time; of batches and of event streams
            own |= any_of(include, {"immintrin", "x86intrin", "nmmintrin", "smmintrin", "arm_acle", "arm_neon"});
        }
        for (const auto& line : source.lines) {
            for (const auto* word : {"__builtin_ia32_", "gnu::target", "__attribute__((target", "#pragma GCC target"})
                own |= line.find(word) != std::string::npos;
            looks |= line.find("__builtin_cpu_supports") != std::string::npos;
        }
        if (own && !looks) FAIL_CHECK(source.path << " uses an instruction set without __builtin_cpu_supports");
    }
    CHECK(crc == 2);
}
