// An operation's number, then a body in JSON. What must hold: what target cbor asks, and that our reader takes exactly the
// objects that nlohmann's takes (up to our limit on nesting), so that neither is stricter or laxer than RFC 8259.
#include <nlohmann/json.hpp>

#include "tests/fuzz/bodies.h"

namespace sluice::fuzz {
namespace {

// Follows a parse: how deep it went, whether it began with an object, and why it ended.
class Follow : public nlohmann::json_sax<nlohmann::json> {
  public:
    int deepest = 0;
    bool object = false, number_too_large = false;

    bool null() override { return leaf(); }
    bool boolean(bool) override { return leaf(); }
    bool number_integer(number_integer_t) override { return leaf(); }
    bool number_unsigned(number_unsigned_t) override { return leaf(); }
    bool number_float(number_float_t, const string_t&) override { return leaf(); }
    bool string(string_t&) override { return leaf(); }
    bool binary(binary_t&) override { return leaf(); }
    bool key(string_t&) override { return true; }
    bool start_object(std::size_t) override { return enter(true); }
    bool start_array(std::size_t) override { return enter(false); }
    bool end_object() override { return leave(); }
    bool end_array() override { return leave(); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& why) override {
        number_too_large = why.id == 406;
        return false;
    }

  private:
    bool leaf() { return true; }
    bool enter(bool is_object) {
        if (depth_ == 0) object = is_object;
        deepest = std::max(deepest, ++depth_);
        return true;
    }
    bool leave() { return --depth_, true; }
    int depth_ = 0;
};

}   // namespace

void json(Bytes input) {
    Choices choices{input};
    const auto which = choices.byte() % std::tuple_size_v<Operations>;
    const Exact body{choices.rest()};
    journey_of(which, body.text(), kinesis::Encoding::json);

    if (body.text().starts_with("\xEF\xBB\xBF")) return;   // a byte order mark is forgiven by nlohmann alone
    Follow follow;
    const bool good = nlohmann::json::sax_parse(body.text(), &follow);
    if (follow.number_too_large) return;   // clamped by us, refused by nlohmann
    // nlohmann's takes a zero byte for the end.
    const bool expected = good && follow.object && follow.deepest <= kinesis::max_nesting && !body.text().contains('\0');
    must(kinesis::well_formed(body.text(), kinesis::Encoding::json) == expected, "our JSON is everybody's JSON");
}

}   // namespace sluice::fuzz
