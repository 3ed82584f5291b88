// What doors keep: values under keys of any length, told again when they could not be stored.
#include <doctest/doctest.h>

#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs kept(World& w, std::string_view prefix) {
    Pairs all;
    w.engine->scan(w.engine->default_world(), prefix,
                   [&](std::string_view key, std::string_view value) { all.emplace_back(key, value); });
    std::ranges::sort(all);
    return all;
}

bool keep(World& w, const std::string& key, std::string_view value) {
    return w.wait(w.engine->put(w.engine->default_world(), key, value));
}

// Around each length at which something could be cut, and two that differ in their last byte alone.
std::vector<std::string> keys_of_all_lengths() {
    std::vector<std::string> keys;
    for (const std::size_t size : {1, 199, 200, 201, 399, 400, 401, 506, 507, 511, 512, 32'767}) {
        keys.push_back("a/" + std::string(size, 'x'));
        keys.push_back("a/" + std::string(size, 'x') + "y");
    }
    return keys;
}

}   // namespace

TEST_CASE("a key of any length is kept, found by any of its beginnings, and erased, over a restart") {
    World w;
    Pairs expected;
    for (const auto& key : keys_of_all_lengths()) {
        REQUIRE(keep(w, key, "value of " + std::to_string(key.size())));
        expected.emplace_back(key, "value of " + std::to_string(key.size()));
    }
    std::ranges::sort(expected);
    REQUIRE(keep(w, "b", "another"));
    for (const bool restarted : {false, true}) {
        if (restarted) w.open();
        CHECK(kept(w, "a/") == expected);
        for (const std::size_t beginning : {3, 150, 202, 250, 402, 600}) {
            Pairs longer;
            for (const auto& one : expected)
                if (one.first.starts_with("a/" + std::string(beginning, 'x'))) longer.push_back(one);
            CHECK(kept(w, "a/" + std::string(beginning, 'x')) == longer);
        }
        for (const auto& [key, value] : expected) CHECK(w.engine->get(w.engine->default_world(), key) == value);
        CHECK_FALSE(w.engine->get(w.engine->default_world(), "a/" + std::string(450, 'x')));
    }
    for (const auto& [key, value] : expected) REQUIRE(keep(w, key, ""));
    w.open();
    CHECK(kept(w, "") == Pairs{{"b", "another"}});
}

TEST_CASE("what could not be kept, or erased, is told by its whole key, and the store has what it had") {
    for (const auto& key : keys_of_all_lengths()) {
        CAPTURE(key.size());
        World w;
        REQUIRE(keep(w, key, "first"));
        std::vector<std::string> told;
        w.engine->on_unstored.push_back([&](streams::World&, std::string_view which) { told.emplace_back(which); });
        for (const auto* value : {"second", ""}) {
            told.clear();
            w.store.fail(1);
            CHECK_FALSE(keep(w, key, value));
            CHECK(told == std::vector<std::string>{key});
            CHECK(w.engine->get(w.engine->default_world(), key) == "first");
        }
        REQUIRE(w.wait(w.engine->reset(w.engine->default_world())));
        CHECK(kept(w, "").empty());
    }
}
