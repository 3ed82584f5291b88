// The inside of an aggregated record, to which the target puts the magic and the right MD5: no mutation would find those. What
// must hold: what is opened has its parts within the bounds, and is the same when it is built and opened again.
#include "protocol/aggregate/aggregate.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>

#include "tests/fuzz/seeds.h"

namespace sluice::fuzz {

void aggregates(Bytes input) {
    std::string whole = "\xF3\x89\x9A\xC2";
    whole += text_of(input);
    unsigned char digest[MD5_DIGEST_LENGTH];
    MD5(reinterpret_cast<const unsigned char*>(input.data()), input.size(), digest);
    whole.append(reinterpret_cast<const char*>(digest), sizeof digest);
    const Exact exact{bytes_of(whole)}, bare{input};
    must(!aggregate::Aggregate::of(bare.text()) || bare.text().starts_with("\xF3\x89\x9A\xC2"),
         "an aggregate begins with its magic");
    const auto opened = aggregate::Aggregate::of(exact.text());
    if (!opened) return;
    std::vector<aggregate::UserRecord> records;
    for (std::size_t i = 0; i < opened->size(); ++i) {
        records.push_back((*opened)[i]);
        must(records.back().partition_key.size() <= aggregate::most_key_bytes, "a key is short");
    }
    must(records.size() <= aggregate::most_parts, "no more user records than are allowed");
    if (records.empty()) return;
    const auto again = aggregate::Aggregate::of(aggregate::build(records));
    must(again && again->size() == records.size(), "what was opened can be built and opened again");
    for (std::size_t i = 0; i < records.size(); ++i) must((*again)[i] == records[i], "the same user records");
}

std::vector<Blob> aggregate_seeds() {
    std::vector<Blob> all{blob_of(std::string("\x1A\x04\x08\x00\x1A\x00", 6))};   // an index without a table
    const std::vector<aggregate::UserRecord> records{{"key", {}, "first", {}},
                                                     {"other", "340282366920938463463374607431768211455", "second", {}},
                                                     {"key", "0", "", {{"tag", "value"}, {"bare", {}}}}};
    for (std::size_t count = 1; count <= records.size(); ++count) {
        const auto whole = aggregate::build(std::span{records}.first(count));
        all.push_back(blob_of(std::string_view{whole}.substr(4, whole.size() - 20)));
    }
    return all;
}

}   // namespace sluice::fuzz
