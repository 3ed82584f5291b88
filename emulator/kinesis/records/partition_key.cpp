#include "emulator/kinesis/records/partition_key.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "protocol/utf8.h"

namespace sluice::kinesis {

std::string_view shown_partition_key(std::optional<std::span<const std::byte>> key, std::list<std::string>& kept) {
    if (!key) return "kafka:null";
    if (key->empty()) return "kafka:empty";
    const std::string_view text{reinterpret_cast<const char*>(key->data()), key->size()};
    // A character has at most four bytes, so longer keys need no counting.
    if (text.size() <= 1024 && is_utf8(text) && characters(text) <= 256) return text;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_Digest(text.data(), text.size(), digest, &size, EVP_md5(), nullptr);
    std::string shown = "kafka:md5:";
    for (unsigned int i = 0; i < size; ++i) shown += fmt::format("{:02x}", digest[i]);
    return kept.emplace_back(std::move(shown));
}

}   // namespace sluice::kinesis
