#include "protocol/kinesis/channel_rules.h"

#include <algorithm>

namespace sluice::kinesis {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool upper(char c) { return c >= 'A' && c <= 'Z'; }
bool alphanumeric(char c) { return digit(c) || lower(c) || upper(c); }

// A text read from its front. None of the patterns below needs a step back: what follows a run of characters is not of that run.
class Reading {
  public:
    explicit Reading(std::string_view text) : rest_(text) {}
    Reading& literal(std::string_view text) {
        good_ = good_ && rest_.starts_with(text);
        if (good_) rest_.remove_prefix(text.size());
        return *this;
    }
    template <class Good>
    Reading& run(Good good, std::size_t least, std::size_t most = std::string_view::npos) {
        const auto end = std::ranges::find_if_not(rest_, good);
        const auto size = static_cast<std::size_t>(end - rest_.begin());
        good_ = good_ && size >= least && size <= most;
        if (good_) rest_.remove_prefix(size);
        return *this;
    }
    bool whole() const { return good_ && rest_.empty(); }

  private:
    std::string_view rest_;
    bool good_ = true;
};

Reading arn(std::string_view text) {
    const auto partition = [](char c) { return lower(c) || digit(c) || c == '-'; };
    return Reading{text}.literal("arn:aws").run(partition, 0);
}
bool region(char c) { return lower(c) || digit(c) || c == '-'; }

bool is_role(std::string_view text) {
    const auto name = [](char c) { return alphanumeric(c) || std::string_view{"_+=,.@-/"}.contains(c); };
    return arn(text).literal(":iam::").run(digit, 12, 12).literal(":role/").run(name, 1).whole();
}
bool is_schema(std::string_view text) {
    const auto name = [](char c) { return alphanumeric(c) || std::string_view{"-_$#."}.contains(c); };
    return arn(text)
        .literal(":glue:")
        .run(region, 1)
        .literal(":")
        .run(digit, 12, 12)
        .literal(":schema/")
        .run(name, 1)
        .literal("/")
        .run(name, 1)
        .whole();
}
bool is_bucket(std::string_view text) {
    const auto name = [](char c) { return lower(c) || digit(c) || std::string_view{"._-"}.contains(c); };
    return arn(text).literal(":s3:::").run(name, 3, 63).whole();
}
bool is_account(std::string_view text) { return Reading{text}.run(digit, 12, 12).whole(); }
bool is_prefix(std::string_view text) {
    return Reading{text}.run([](char c) { return alphanumeric(c) || std::string_view{"!-_'.*()/"}.contains(c); }, 1).whole();
}
bool is_template(std::string_view text) {
    return Reading{text}.run([](char c) { return alphanumeric(c) || std::string_view{"!-_'.*()/=:{}"}.contains(c); }, 1).whole();
}
bool is_table_bucket(std::string_view text) {
    const auto name = [](char c) { return lower(c) || digit(c) || c == '_' || c == '-'; };
    return arn(text)
        .literal(":s3tables:")
        .run(region, 1)
        .literal(":")
        .run(digit, 12, 12)
        .literal(":bucket/")
        .run(name, 3, 63)
        .whole();
}
bool is_table(std::string_view text) {
    return Reading{text}.run([](char c) { return lower(c) || digit(c) || c == '_'; }, 1).whole();
}
bool is_source(std::string_view text) {
    return Reading{text}.run([](char c) { return alphanumeric(c) || c == '.' || c == '_'; }, 1).whole();
}
bool is_log_group(std::string_view text) {
    return Reading{text}.run([](char c) { return alphanumeric(c) || std::string_view{".-_/#"}.contains(c); }, 1).whole();
}
bool is_log_stream(std::string_view text) { return text.find_first_of(":*") == std::string_view::npos; }

}   // namespace

const Pattern role_arn_pattern{R"(arn:aws[-a-z0-9]*:iam::\d{12}:role/[a-zA-Z_0-9+=,.@\-_/]+)", &is_role};
const Pattern schema_arn_pattern{R"(arn:aws[-a-z0-9]*:glue:[-a-z0-9]+:\d{12}:schema/[-a-zA-Z0-9_$#.]+/[-a-zA-Z0-9_$#.]+)",
                                 &is_schema};
const Pattern bucket_arn_pattern{"arn:aws[-a-z0-9]*:s3:::[a-z0-9._-]{3,63}", &is_bucket};
const Pattern account_pattern{R"(\d{12})", &is_account};
const Pattern key_prefix_pattern{R"([0-9A-Za-z!\-_'.*()\/]+)", &is_prefix};
const Pattern key_template_pattern{R"([0-9A-Za-z!\-_'.*()\/=:{}]+)", &is_template};
const Pattern table_bucket_arn_pattern{R"(arn:aws[-a-z0-9]*:s3tables:[-a-z0-9]+:\d{12}:bucket/[a-z0-9_-]{3,63})",
                                       &is_table_bucket};
const Pattern table_name_pattern{"[0-9a-z_]+", &is_table};
const Pattern source_name_pattern{R"([a-zA-Z0-9\.\_]+)", &is_source};
const Pattern log_group_pattern{R"([\.\-_/#A-Za-z0-9]+)", &is_log_group};
const Pattern log_stream_pattern{"[^:*]*", &is_log_stream};

}   // namespace sluice::kinesis
