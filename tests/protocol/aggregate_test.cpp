// Aggregated records of the Kinesis Producer Library. The bytes are those of another implementation, aws-kinesis-agg 1.2.3 for
// Python.
#include "protocol/aggregate/aggregate.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>

#include <doctest/doctest.h>

using namespace std::literals;
using sluice::aggregate::Aggregate;
using sluice::aggregate::UserRecord;

namespace {

std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16));
    return bytes;
}

// The magic and the right MD5 around what a test makes up.
std::string wrapped(std::string_view body) {
    unsigned char digest[MD5_DIGEST_LENGTH];
    MD5(reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest);
    return "\xF3\x89\x9A\xC2"s + std::string{body} + std::string{reinterpret_cast<const char*>(digest), sizeof digest};
}

const auto foreign = from_hex(
    "f3899ac20a076b6579206f6e650a076b65792074776f12033132331a0908001a0566697273741a0c080110001a067365636f6e641a0408001a00"
    "0ddeabfad46dba3a364604dc50396be5");
const std::vector<UserRecord> its_records{
    {"key one", {}, "first", {}}, {"key two", "123", "second", {}}, {"key one", {}, "", {}}};

std::vector<UserRecord> all_of(const Aggregate& aggregate) {
    std::vector<UserRecord> records;
    for (std::size_t i = 0; i < aggregate.size(); ++i) records.push_back(aggregate[i]);
    return records;
}

}   // namespace

TEST_CASE("an aggregate of another implementation is opened, and built to the byte") {
    const auto opened = Aggregate::of(foreign);
    REQUIRE(opened);
    CHECK(all_of(*opened) == its_records);
    CHECK(sluice::aggregate::build(its_records) == foreign);
}

TEST_CASE("tags of user records are kept, with and without a value") {
    const std::vector<UserRecord> records{{"k", {}, "data", {{"tag", "value"}, {"bare", {}}}}};
    const auto built = sluice::aggregate::build(records);
    CHECK(all_of(Aggregate::of(built).value()) == records);
}

TEST_CASE("a record is no aggregate when a bit of it is another one, or an end is missing") {
    for (std::size_t at = 0; at < foreign.size(); ++at) {
        auto changed = foreign;
        changed[at] ^= 1;
        CHECK_FALSE(Aggregate::of(changed));
        CHECK_FALSE(Aggregate::of(std::string_view{foreign}.substr(0, at)));
        CHECK_FALSE(Aggregate::of(std::string_view{foreign}.substr(at + 1)));
    }
    CHECK_FALSE(Aggregate::of(wrapped("")));   // as KCL, which wants more than magic and MD5
}

TEST_CASE("a right MD5 does not make an aggregate of what breaks the format") {
    CHECK(Aggregate::of(wrapped("\x0A\x01k\x1A\x04\x08\x00\x1A\x00"sv))->size() == 1);
    CHECK_FALSE(Aggregate::of(wrapped("\x0A\x01k\x1A\x04\x08\x01\x1A\x00"sv)));           // no second key
    CHECK_FALSE(Aggregate::of(wrapped("\x0A\x01k\x1A\x06\x08\x00\x10\x00\x1A\x00"sv)));   // no hash key at all
    CHECK_FALSE(Aggregate::of(wrapped("\x0A\x01k\x1A\x0D\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x1A\x00"sv)));
    CHECK_FALSE(Aggregate::of(wrapped("\x0A\x01k\x1A\x02\x08\x00"sv)));                           // no data
    CHECK_FALSE(Aggregate::of(wrapped("\x0A\x01k\x1A\x02\x1A\x00"sv)));                           // no key
    CHECK_FALSE(Aggregate::of(wrapped("\x0A\x01k\x1A\x7F\x08\x00\x1A\x00"sv)));                   // longer than what is there
    CHECK_FALSE(Aggregate::of(wrapped("\x0A\x01k\x1A\x08\x08\x00\x1A\x00\x22\x02\x12\x00"sv)));   // a tag without a key
    CHECK_FALSE(Aggregate::of(wrapped("\x0A\x01k\x13\x14"sv)));                                   // a group
}

TEST_CASE("an aggregate with too many parts or too long a key is not opened") {
    CHECK(Aggregate::of(wrapped("\x0A\x80\x08" + std::string(1'024, 'k'))));
    CHECK_FALSE(Aggregate::of(wrapped("\x0A\x81\x08" + std::string(1'025, 'k'))));
    std::string records = "\x0A\x01k";
    while (records.size() < 3 + 399'999 * 6) records += "\x1A\x04\x08\x00\x1A\x00"sv;
    CHECK(Aggregate::of(wrapped(records))->size() == 399'999);
    CHECK_FALSE(Aggregate::of(wrapped(records + "\x1A\x04\x08\x00\x1A\x00"s)));
    std::string tags;   // within one record, two bytes each
    while (tags.size() < 1'000'000) tags += "\x22\x00"sv;
    CHECK_FALSE(Aggregate::of(wrapped("\x0A\x01k\x1A\xC0\x84\x3D"s + tags)));
}
