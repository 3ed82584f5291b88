// ssl.principal.mapping.rules: what a client is called whose certificate has a certain subject.
#include "emulator/kafka/security/principal_names.h"

#include <doctest/doctest.h>

using namespace sluice::kafka;

namespace {

std::string name_by(std::string_view rules, std::string_view subject) {
    const auto read = PrincipalNames::read(rules);
    REQUIRE(read.has_value());
    return read->of(subject).value_or("(nobody)");
}

constexpr std::string_view alice = "CN=Alice,OU=Tests,O=sluice,C=DE";

}   // namespace

TEST_CASE("without rules, and by DEFAULT, a client is called by its certificate's whole subject") {
    CHECK(name_by("", alice) == alice);
    CHECK(name_by("DEFAULT", alice) == alice);
    CHECK(name_by("  DEFAULT  ", alice) == alice);
}

TEST_CASE(
    "the first rule whose pattern is about the whole subject makes the name, with groups, and in small or capital letters") {
    constexpr std::string_view rules =
        "RULE:^CN=(.*?),OU=Guests.*$/guest-$1/, RULE:^CN=(.*?),OU=(.*?),.*$/$1@$2/L,RULE:^OU=(.*?)$/$1/U, DEFAULT";
    CHECK(name_by(rules, alice) == "alice@tests");
    CHECK(name_by(rules, "CN=Bob,OU=Guests,C=DE") == "guest-Bob");
    CHECK(name_by(rules, "OU=clients") == "CLIENTS");
    CHECK(name_by(rules, "O=x") == "O=x");
}

TEST_CASE("a subject that no rule is about has no name") { CHECK(name_by("RULE:CN=(.*)/$1/", "O=x") == "(nobody)"); }

TEST_CASE("a slash, a dollar and a backslash are plain behind a backslash, and a group that is not there is plain text") {
    CHECK(name_by(R"(RULE:CN=(.*)/a\/\$1-$1-$2/)", "CN=x") == "a/$1-x-$2");
    CHECK(name_by(R"(RULE:CN=a\/b/slash/)", "CN=a/b") == "slash");
    CHECK(name_by(R"(RULE:CN=(.*)/\\$1/)", "CN=x") == R"(\x)");
}

TEST_CASE("what is no rule is refused") {
    for (const auto* rules :
         {"RULE:", "RULE:a/b", "RULE:a/b/X", "rule:a/b/", "RULE:(/b/", "DEFAULT,", "DEFAULT DEFAULT", ",", "RULE:a/b/L/U"}) {
        CAPTURE(rules);
        CHECK_FALSE(PrincipalNames::read(rules).has_value());
    }
}
