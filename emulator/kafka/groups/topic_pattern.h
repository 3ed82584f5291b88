// A regular expression over topic names, in RE2's syntax as in Kafka (KIP-848): it has to match the whole name, and takes time
// that grows with the name only.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace sluice::kafka {

class TopicPattern {
  public:
    // Otherwise what is wrong with it, in Kafka's words.
    static std::expected<TopicPattern, std::string> read(std::string_view text);
    bool matches(std::string_view topic) const;

  private:
    std::shared_ptr<const re2::RE2> compiled_;
};

}   // namespace sluice::kafka
