// ssl.principal.mapping.rules (KIP-371): what a client is called whose certificate has a certain subject. The first rule whose
// pattern is about the whole subject makes the name; DEFAULT is the subject itself.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace sluice::kafka {

class PrincipalNames {
  public:
    // DEFAULT, or RULE:pattern/replacement/ and L or U for small or capital letters, with commas between. A fault is a sentence.
    static std::expected<PrincipalNames, std::string> read(std::string_view rules);

    // Nothing: no rule is about it.
    std::optional<std::string> of(std::string_view subject) const;

  private:
    struct Rule {
        std::shared_ptr<const re2::RE2> pattern;   // nothing: DEFAULT
        std::string name;                          // \1 stands for the first group
        char letters = 0;                          // L, U
    };
    std::vector<Rule> rules_;
};

}   // namespace sluice::kafka
