// compression.type: a topic keeps its batches in a compression of its own, whatever the producer chose.
#include <doctest/doctest.h>

#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;
using Strings = std::vector<std::string>;

namespace {

DoorOptions with(std::map<std::string, std::string> configs) {
    DoorOptions options;
    options.configs = {configs.begin(), configs.end()};
    return options;
}

Blob compressed(batch::Codec codec, std::initializer_list<std::string_view> values, batch::BatchOptions options = {}) {
    options.attributes = static_cast<std::int16_t>(options.attributes | static_cast<int>(codec));
    return batch_of(values, 1'700'000'000'000, options);
}

struct Stored {
    batch::BatchHeader header;
    Strings values;
};

Stored fetched(Client& client, std::string_view topic, std::int64_t offset = 0) {
    const auto answer = client.ask<FetchResponse>(Fetching(topic, offset).request, 11);
    const auto& partition = answer->topics.at(0).partitions.at(0);
    Blob all;
    for (const auto part : partition.records.parts) all.insert(all.end(), part.begin(), part.end());
    const auto header = batch::parse_header(all);
    REQUIRE(header);
    CHECK(batch::checksum(Bytes{all}.first(static_cast<std::size_t>(header->size()))) == header->crc);
    return {*header, values_of(partition)};
}

constexpr batch::Codec codecs[] = {batch::Codec::none, batch::Codec::gzip, batch::Codec::snappy, batch::Codec::lz4,
                                   batch::Codec::zstd};
constexpr std::string_view names[] = {"uncompressed", "gzip", "snappy", "lz4", "zstd"};

}   // namespace

TEST_CASE("a batch in any compression is stored in the one that compression.type names, with the same records and header") {
    for (std::size_t to = 0; to < std::size(codecs); ++to) {
        Server server(with({{"compression.type", std::string(names[to])}}));
        server.create("t");
        Client client(server);
        std::int64_t next = 0;
        std::int32_t sequence = 0;
        for (const auto from : codecs) {
            CAPTURE(names[to]);
            CAPTURE(static_cast<int>(from));
            const auto sent =
                compressed(from, {"first", "second"}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = sequence});
            const auto answer = produce(client, "t", 0, sent);
            REQUIRE(answer.error_code == ErrorCode::none);
            CHECK(answer.base_offset == next);
            const auto stored = fetched(client, "t", next);
            CHECK(stored.header.codec() == codecs[to]);
            CHECK(stored.values == Strings{"first", "second"});
            CHECK(stored.header.producer_id == 7);
            CHECK(stored.header.base_sequence == sequence);
            CHECK(stored.header.max_timestamp == 1'700'000'000'000);
            next += 2;
            sequence += 2;
        }
    }
}

TEST_CASE("compression.type producer keeps every batch byte for byte") {
    Server server;
    server.create("t");
    Client client(server);
    std::int64_t next = 0;
    for (const auto codec : codecs) {
        const auto sent = compressed(codec, {"one"});
        REQUIRE(produce(client, "t", 0, sent).error_code == ErrorCode::none);
        const auto stored = fetched(client, "t", next++);
        CHECK(stored.header.crc == batch::parse_header(sent)->crc);
    }
}

TEST_CASE("a level of compression changes what is stored: the highest of gzip is smaller than the lowest") {
    const auto size_at = [](std::string level) {
        Server server(with({{"compression.type", "gzip"}, {"compression.gzip.level", std::move(level)}}));
        server.create("t");
        Client client(server);
        std::string text;
        for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919 % 10'007);
        REQUIRE(produce(client, "t", 0, batch_of({text})).error_code == ErrorCode::none);
        return fetched(client, "t").header.length;
    };
    CHECK(size_at("9") < size_at("1"));
}

TEST_CASE("each codec takes the ends of its levels") {
    for (const auto& [codec, level] :
         {std::pair{"lz4", "1"}, {"lz4", "17"}, {"zstd", "-131072"}, {"zstd", "19"}, {"gzip", "-1"}}) {
        CAPTURE(codec);
        CAPTURE(level);
        Server server(with({{"compression.type", codec}, {std::string("compression.") + codec + ".level", level}}));
        server.create("t");
        Client client(server);
        REQUIRE(produce(client, "t", 0, batch_of({"a", "b"})).error_code == ErrorCode::none);
        CHECK(fetched(client, "t").values == Strings{"a", "b"});
    }
}

TEST_CASE("a batch that is unpacked to more than max.message.bytes is refused, and the producer may send it again in parts") {
    Server server(with({{"compression.type", "uncompressed"}, {"message.max.bytes", "2000"}}));
    server.create("t");
    Client client(server);
    const std::string large(3'000, 'x');
    CHECK(produce(client, "t", 0, compressed(batch::Codec::zstd, {large})).error_code == ErrorCode::message_too_large);
    const auto answer = produce(client, "t", 0, compressed(batch::Codec::zstd, {std::string_view(large).substr(0, 1'000)}));
    CHECK(answer.error_code == ErrorCode::none);
    CHECK(answer.base_offset == 0);
}

TEST_CASE("LogAppendTime is stamped on the batch in its new compression") {
    Server server(with({{"compression.type", "lz4"}, {"log.message.timestamp.type", "LogAppendTime"}}));
    server.create("t");
    Client client(server);
    const auto answer = produce(client, "t", 0, batch_of({"a"}));
    REQUIRE(answer.error_code == ErrorCode::none);
    const auto stored = fetched(client, "t");
    CHECK(stored.header.codec() == batch::Codec::lz4);
    CHECK(stored.header.log_append_time());
    CHECK(stored.header.max_timestamp == answer.log_append_time_ms);
}

TEST_CASE("a record that Kinesis puts is stored as it came, since only Produce compresses") {
    Server server(with({{"compression.type", "gzip"}}));
    auto stream = server.create("t", 1, "kinesis");
    Client client(server);
    const auto sent = batch_of({"a"});
    REQUIRE(server.engine->append(*stream->shards.at(0),
                                  {.batch = sent, .records = 1, .payload_bytes = 2, .max_timestamp_ms = 1'700'000'000'000}));
    server.turn();
    CHECK(fetched(client, "t").header.codec() == batch::Codec::none);
}
