// A connection of the Kafka door: frames one after the other, each behind two bytes of length; a length of FFFF sends all the
// rest as it is. What must hold: the server lives, closes or answers, with answers whose sizes add up, and after a restart the
// engine still knows what it knew.
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "emulator/kafka/door.h"
#include "protocol/kafka/all_messages.h"
#include "protocol/kafka/frame.h"
#include "tests/fuzz/seeds.h"
#include "tests/fuzz/world.h"

namespace sluice::fuzz {
namespace {

using asio::ip::tcp;

constexpr std::size_t most_frames = 16;

struct Connection {
    World& w;
    tcp::socket socket;
    std::string got;
    bool closed = false;

    Connection(World& world, const Endpoint& at) : w(world), socket(world.io) {
        socket.connect({at.address, at.port});
        socket.non_blocking(true);
        w.turn();
    }
    void write(Bytes bytes) {
        while (!bytes.empty() && !closed) {
            boost::system::error_code error;
            const auto taken = socket.write_some(asio::buffer(bytes.data(), bytes.size()), error);
            if (error && error != asio::error::would_block) closed = true;
            bytes = bytes.subspan(taken);
            read();
        }
    }
    void read() {
        w.turn();
        char more[1 << 14];
        boost::system::error_code error;
        while (!error && !closed) {
            got.append(more, socket.read_some(asio::buffer(more), error));
            if (error && error != asio::error::would_block) closed = true;
            w.turn();
        }
    }
    // Takes whole answers off `got`.
    void check_sizes() {
        while (got.size() >= 4) {
            const auto size = kafka::Reader{bytes_of(got)}.integer<std::int32_t>();
            must(size >= 0 && size < (64 << 20), "an answer's size is one");   // of a bare token's answer it may be 0
            if (got.size() - 4 < static_cast<std::size_t>(size)) break;
            got.erase(0, 4 + static_cast<std::size_t>(size));
        }
        must(got.empty() || closed, "an answer that has begun is sent to its end");
    }
};

}   // namespace

void kafka_door(Bytes input) {
    World w;
    w.open();
    w.put(*w.create("t", 2, "kafka")->shards[0], "first");
    w.create("k", 1, "kinesis");
    {
        kafka::Door door{*w.engine, {}};
        const auto at = door.listen({asio::ip::make_address("127.0.0.1"), 0});
        Connection client{w, at};
        Choices choices{input};
        for (std::size_t frames = 0; frames < most_frames && !choices.empty() && !client.closed; ++frames) {
            const auto size = choices.word();
            if (size == 0xFFFF) {
                client.write(choices.rest());
                break;
            }
            const auto body = choices.take(size);
            std::byte length[4];
            kafka::Fill{length}.integer(static_cast<std::int32_t>(body.size()));
            client.write(length);
            client.write(body);
        }
        client.read();
        for (const auto span : {std::chrono::seconds{1}, std::chrono::seconds{60}, std::chrono::seconds{900}}) {
            w.pass(span);
            client.read();
        }
        client.check_sizes();
        client.socket.close();
        door.stop();
        w.turn();
    }
    w.engine->flush();
    w.turn();
    w.same_after_restart();
}

// Requests that mean something to this server, in an order that makes sense.
std::vector<Blob> kafka_door_seeds() {
    using namespace kafka;
    std::vector<Blob> all;
    std::string flow;
    const auto add = [&](const auto& request, int version) {
        const auto frame = encode_request(request, version, 1, "a");
        const auto size = frame.size() - 4;
        flow += {static_cast<char>(size >> 8), static_cast<char>(size)};
        flow += text_of(Bytes{frame}.subspan(4));
    };
    const auto end_flow = [&] {
        all.push_back(blob_of(flow));
        flow.clear();
    };
    batch::Record record{.timestamp = 1'700'000'000'000, .key = bytes_of("k"), .value = bytes_of("value"), .headers = {}};
    const auto plain = batch::build(std::span{&record, 1});
    const auto idempotent =
        batch::build(std::span{&record, 1}, {.attributes = 4, .producer_id = 1000, .producer_epoch = 0, .base_sequence = 0});

    const std::vector<ProduceRequest::Partition> into{{.index = 0, .records = Bytes{plain}},
                                                      {.index = 1, .records = Bytes{idempotent}}};
    const std::vector<ProduceRequest::Topic> topics{{.name = "t", .topic_id = {}, .partitions = into}};
    std::vector<FetchRequest::Partition> from(1);
    from[0].partition_max_bytes = 1 << 20;
    const std::vector<FetchRequest::Topic> fetched{{.topic = "t", .topic_id = {}, .partitions = from}};
    add(ApiVersionsRequest{}, 0);
    add(MetadataRequest{}, 1);
    add(InitProducerIdRequest{}, 1);
    add(ProduceRequest{.transactional_id = {}, .acks = -1, .timeout_ms = 100, .topics = topics}, 9);
    FetchRequest fetch;
    fetch.max_wait_ms = 100;
    fetch.topics = fetched;
    add(fetch, 12);
    add(fetch, 4);
    end_flow();

    const std::vector<JoinGroupRequest::Protocol> protocols{{.name = "range", .metadata = bytes_of("m")}};
    JoinGroupRequest join;
    join.group_id = "g";
    join.session_timeout_ms = 10000;
    join.rebalance_timeout_ms = 10000;
    join.protocol_type = "consumer";
    join.protocols = protocols;
    FindCoordinatorRequest find;
    find.key = "g";
    add(find, 2);
    add(join, 2);
    SyncGroupRequest sync;
    sync.group_id = "g";
    sync.generation_id = 1;
    add(sync, 2);
    const std::vector<OffsetCommitRequest::Partition> committed{{.partition_index = 0, .committed_offset = 1}};
    const std::vector<OffsetCommitRequest::Topic> commits{{.name = "t", .topic_id = {}, .partitions = committed}};
    OffsetCommitRequest commit;
    commit.group_id = "g";
    commit.topics = commits;
    add(commit, 2);
    add(DescribeGroupsRequest{}, 0);
    add(ListGroupsRequest{}, 0);
    end_flow();

    std::vector<CreateTopicsRequest::Topic> made(1);
    made[0].name = "new";
    made[0].num_partitions = 3;
    made[0].replication_factor = 1;
    add(CreateTopicsRequest{.topics = made}, 4);
    const std::vector<CreatePartitionsRequest::Topic> more{{.name = "new", .count = 5}};
    add(CreatePartitionsRequest{.topics = more}, 0);
    const std::vector<std::string_view> names{"new", "t"};
    add(DescribeConfigsRequest{}, 1);
    add(DescribeClusterRequest{}, 0);
    DeleteTopicsRequest gone;
    gone.topic_names = names;
    add(gone, 1);
    end_flow();
    return all;
}

}   // namespace sluice::fuzz
