#include "protocol/aggregate/aggregate.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>

#define OPENSSL_SUPPRESS_DEPRECATED   // the one-shot MD5, as for hash keys
#include <openssl/md5.h>

#include "protocol/aggregate/aggregate.pb.h"

namespace sluice::aggregate {
namespace {

constexpr std::string_view magic = "\xF3\x89\x9A\xC2";

std::string md5_of(std::string_view bytes) {
    std::array<unsigned char, MD5_DIGEST_LENGTH> digest;
    MD5(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    return {digest.begin(), digest.end()};
}

// How many messages and keys the fields would become, those within records too, found without making any: a record or tag of two
// bytes would become a message of seventy. Nothing for what does not parse.
std::optional<std::size_t> count(std::string_view body, bool within_record) {
    google::protobuf::io::CodedInputStream in{reinterpret_cast<const std::uint8_t*>(body.data()), static_cast<int>(body.size())};
    std::size_t found = 0;
    while (const auto tag = in.ReadTag()) {
        std::uint64_t number = 0;
        std::uint32_t length = 0;
        switch (tag & 7) {
            case 0:
                if (!in.ReadVarint64(&number)) return {};
                break;
            case 1:
                if (!in.Skip(8)) return {};
                break;
            case 2: {
                if (!in.ReadVarint32(&length)) return {};
                const auto at = static_cast<std::size_t>(in.CurrentPosition());
                if (length > body.size() - at || !in.Skip(static_cast<int>(length))) return {};
                ++found;
                if (within_record || tag >> 3 != wire::AggregatedRecord::kRecordsFieldNumber) break;
                const auto inside = count(body.substr(at, length), true);
                if (!inside) return {};
                found += *inside - std::min<std::size_t>(*inside, 1);   // its data
                break;
            }
            case 5:
                if (!in.Skip(4)) return {};
                break;
            default:
                return {};   // groups, which no aggregate has
        }
    }
    if (static_cast<std::size_t>(in.CurrentPosition()) != body.size()) return {};
    return found;
}

bool in_bounds(const wire::AggregatedRecord& aggregate) {
    const auto short_enough = [](const std::string& key) { return key.size() <= most_key_bytes; };
    const auto known = [&](const wire::Record& record) {
        return record.partition_key_index() < static_cast<std::uint64_t>(aggregate.partition_key_table_size()) &&
               (!record.has_explicit_hash_key_index() ||
                record.explicit_hash_key_index() < static_cast<std::uint64_t>(aggregate.explicit_hash_key_table_size()));
    };
    return std::ranges::all_of(aggregate.partition_key_table(), short_enough) &&
           std::ranges::all_of(aggregate.explicit_hash_key_table(), short_enough) &&
           std::ranges::all_of(aggregate.records(), known);
}

}   // namespace

std::optional<Aggregate> Aggregate::of(std::string_view data) {
    if (!data.starts_with(magic) || data.size() <= magic.size() + MD5_DIGEST_LENGTH) return {};
    const auto body = data.substr(magic.size(), data.size() - magic.size() - MD5_DIGEST_LENGTH);
    if (body.size() > INT32_MAX || !data.ends_with(md5_of(body))) return {};
    if (const auto found = count(body, false); !found || *found > most_parts) return {};
    auto record = std::make_unique<wire::AggregatedRecord>();
    if (!record->ParsePartialFromArray(body.data(), static_cast<int>(body.size()))) return {};
    if (!record->IsInitialized() || !in_bounds(*record)) return {};
    return Aggregate{std::move(record)};
}

Aggregate::Aggregate(std::unique_ptr<wire::AggregatedRecord> record) : record_(std::move(record)) {}
Aggregate::Aggregate(Aggregate&&) noexcept = default;
Aggregate& Aggregate::operator=(Aggregate&&) noexcept = default;
Aggregate::~Aggregate() = default;

std::size_t Aggregate::size() const { return static_cast<std::size_t>(record_->records_size()); }

UserRecord Aggregate::operator[](std::size_t index) const {
    const auto& record = record_->records(static_cast<int>(index));
    UserRecord out{.partition_key = record_->partition_key_table(static_cast<int>(record.partition_key_index())),
                   .explicit_hash_key = {},
                   .data = record.data(),
                   .tags = {}};
    if (record.has_explicit_hash_key_index())
        out.explicit_hash_key = record_->explicit_hash_key_table(static_cast<int>(record.explicit_hash_key_index()));
    for (const auto& tag : record.tags())
        out.tags.emplace_back(tag.key(), tag.has_value() ? std::optional<std::string_view>{tag.value()} : std::nullopt);
    return out;
}

std::string build(std::span<const UserRecord> records) {
    wire::AggregatedRecord aggregate;
    std::unordered_map<std::string_view, std::uint64_t> keys, hash_keys;
    const auto index_of = [](auto& known, auto& table, std::string_view key) {
        const auto [at, is_new] = known.try_emplace(key, known.size());
        if (is_new) table.Add()->assign(key);
        return at->second;
    };
    for (const auto& one : records) {
        auto& record = *aggregate.add_records();
        record.set_partition_key_index(index_of(keys, *aggregate.mutable_partition_key_table(), one.partition_key));
        if (one.explicit_hash_key)
            record.set_explicit_hash_key_index(
                index_of(hash_keys, *aggregate.mutable_explicit_hash_key_table(), *one.explicit_hash_key));
        record.set_data(one.data.data(), one.data.size());
        for (const auto& [key, value] : one.tags) {
            auto& tag = *record.add_tags();
            tag.set_key(key.data(), key.size());
            if (value) tag.set_value(value->data(), value->size());
        }
    }
    const auto body = aggregate.SerializeAsString();
    return std::string{magic} + body + md5_of(body);
}

}   // namespace sluice::aggregate
