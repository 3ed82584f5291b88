// The seeds: recorded Kafka frames and batches, the bodies of the Kinesis cases in both encodings, and what sluice writes itself.
#include "tests/fuzz/seeds.h"

#include <zlib.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/fuzz/bodies.h"
#include "tests/support/http2_client.h"
#include "tests/support/source_folder.h"

namespace sluice::fuzz {
namespace {

using nlohmann::json;

std::string read_recorded(const std::string& name) {
    const auto path = std::string{SLUICE_SOURCE_DIR} + "/tests/wire/" + name;
    gzFile file = gzopen(path.c_str(), "rb");   // reads plain files too
    if (!file) throw std::runtime_error("no seeds at " + path);
    std::string text;
    char buffer[65536];
    for (int n; (n = gzread(file, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
    gzclose(file);
    return text;
}

template <class Each>
void each_line(const std::string& name, Each&& each) {
    const auto text = read_recorded(name);
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        if (end > at) each(json::parse(text.substr(at, end - at)));
        at = end + 1;
    }
}

Blob from_hex(const std::string& hex) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    Blob bytes(hex.size() / 2);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(digit(hex[2 * i]) * 16 + digit(hex[2 * i + 1]));
    return bytes;
}

Blob frame(int key, int version, Bytes body) {
    std::string head{static_cast<char>(key >> 8), static_cast<char>(key), static_cast<char>(version >> 8),
                     static_cast<char>(version)};
    head += std::string("\0\0\0\7\0\1a", 7);
    auto whole = blob_of(head);
    whole.insert(whole.end(), body.begin(), body.end());
    return whole;
}

// What group members tell each other, behind keys no API has: -1 and -2.
void add_group_frames(std::vector<Blob>& all) {
    each_line("kafka/internal.jsonl.gz", [&](const json& v) {
        const std::string name = v["name"];
        const int key = name == "ConsumerProtocolSubscription" ? -1 : name == "ConsumerProtocolAssignment" ? -2 : 0;
        if (key == 0) return;
        const auto bytes = from_hex(v["hex"]);
        all.push_back(frame(key, v["version"], Bytes{bytes}.subspan(v.contains("prefix") ? 2 : 0)));
    });
}

std::vector<Blob> kafka_requests() {
    std::vector<Blob> all;
    each_line("kafka/frames.jsonl.gz", [&](const json& v) {
        if (!std::string{v["name"]}.ends_with("Request")) return;
        const auto bytes = from_hex(v["hex"]);
        all.emplace_back(bytes.begin() + 4, bytes.end());
    });
    return all;
}

std::vector<Blob> recorded_batches() {
    std::vector<Blob> all;
    each_line("kafka/records.jsonl.gz", [&](const json& v) { all.push_back(from_hex(v["hex"])); });
    return all;
}

std::string with_names(std::string text) {
    for (const auto& [from, to] : {std::pair{"${stream_1}", "one"},
                                   {"${stream_3}", "three"},
                                   {"${new}", "fresh"},
                                   {"${account}", "000000000000"},
                                   {"${region}", "us-east-1"}})
        for (std::size_t at; (at = text.find(from)) != std::string::npos;) text.replace(at, std::strlen(from), to);
    return text;
}

template <std::size_t I = 0>
std::size_t number_of(std::string_view operation) {
    if constexpr (I < std::tuple_size_v<Operations>)
        return std::tuple_element_t<I, Operations>::operation == operation ? I : number_of<I + 1>(operation);
    else
        return I;
}

template <class Each>
void each_case(Each&& each) {
    const auto recorded = json::parse(read_recorded("kinesis-cases.json"));
    for (const auto& one : recorded["cases"])
        if (one["target"].is_string()) {
            const auto operation = std::string{one["target"]}.substr(std::string{one["target"]}.find('.') + 1);
            each(operation, with_names(one.contains("body") ? one["body"].dump() : std::string{one["raw_body"]}), one["headers"]);
        }
}

std::vector<Blob> bodies(bool as_cbor) {
    std::vector<Blob> all;
    const auto add = [&](std::size_t which, const std::string& text) {
        std::string seed(1, static_cast<char>(which));
        const auto value = json::parse(text, nullptr, false);
        if (as_cbor && value.is_discarded()) return;
        if (as_cbor)
            json::to_cbor(value, seed);
        else
            seed += text;
        all.push_back(blob_of(seed));
    };
    each_case([&](const std::string& operation, const std::string& body, const json&) {
        if (const auto which = number_of(operation); which < std::tuple_size_v<Operations>) add(which, body);
    });
    const auto own = [&](std::string_view operation, const char* text) { add(number_of(operation), text); };
    own("PutRecords",
        R"({"StreamName":"s","Records":[{"Data":"\/\/8=","PartitionKey":"\u0061","ExplicitHashKey":"7"},{"Data":"aGk=","PartitionKey":"é"},null]})");
    own("GetShardIterator",
        R"({"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"AT_TIMESTAMP","Timestamp":1441215410.867})");
    own("ListShards",
        R"({"StreamName":"s","ShardFilter":{"Type":"AT_TIMESTAMP","Timestamp":1.5e3,"ShardId":null},"x":[true,-2,{"y":"\ud83d\ude00"}]})");
    own("AddTagsToStream", R"({"StreamName":"s","Tags":{"a":"1","b":"","a":"2"}})");
    own("RemoveTagsFromStream", R"({"StreamName":"s","TagKeys":["a","b"]})");
    if (as_cbor) {
        all.push_back(
            blob_of(std::string("\0\xBF\x6AStreamName\x61s\x67Records\x9F\xBF\x64"
                                "Data\x5F\x41h\x41i\xFF\x6CPartitionKey\x7F\x61k\xFF\xFF\xFF\xFF",
                                52)));
        all.push_back(blob_of(std::string("\2\xA1\x69Timestamp\xC1\xFB\x40\0\0\0\0\0\0\0", 22)));
    }
    return all;
}

std::vector<Blob> http_seeds() {
    std::vector<Blob> all;
    for (
        const std::string_view text :
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyPOST /x?y HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
         "\r\nGET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
         "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
         "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n5;ext=\"a\"\r\npedia\r\n0\r\nTrailer: x\r\n\r\nGET / HTTP/1.1\r\n\r\n",
         "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\nA: b\n\n",
         "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
         "POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhey",
         "POST / HTTP/1.1\r\nConnection: close, upgrade\r\nContent-Length: 1\r\n\r\nx"})
        all.push_back(blob_of(std::string("\1\7") + std::string(text)));
    return all;
}

// What a client says behind the preface, by what it does with three requests.
std::vector<Blob> http2_seeds() {
    std::vector<Blob> all;
    for (const auto kind : {"all", "goaway", "reset", "begun", "large"}) {
        test::Http2Client client;
        const auto first = client.ask("GET", "/health");
        client.ask("POST", "/", {{"x-amz-target", "T"}}, kind == std::string_view{"large"} ? std::string(5'000, 'x') : "body");
        const auto last = client.ask("POST", "/", {{"a", std::string(200, 'h')}}, "half", kind != std::string_view{"begun"});
        auto said = client.bytes().substr(24);
        if (kind == std::string_view{"goaway"}) client.say_goaway();
        if (kind == std::string_view{"reset"}) client.reset(first), client.reset(last);
        said += client.bytes();
        all.push_back(blob_of("\1\7" + said));
    }
    return all;
}

// An operation's name, a line, whether the body is CBOR, the body: what target kinesis_door takes.
std::vector<Blob> kinesis_calls() {
    std::vector<Blob> all;
    each_case([&](const std::string& operation, const std::string& body, const json&) {
        all.push_back(blob_of(operation + "\n" + body));
    });
    // What a stream has beside its records, changed and read back.
    const auto in_a_row = [&](std::initializer_list<std::string_view> calls) {
        std::string seed;
        for (const auto one : calls) seed.append(seed.empty() ? "" : "\xFE").append(one);
        all.push_back(blob_of(seed));
    };
    in_a_row({R"(CreateStream
{"StreamName":"d"})",
              R"(CreateQueue
{"QueueName":"q","StreamConfigurationList":[{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/d","StartingPosition":{"Type":"AT_TIMESTAMP","Timestamp":1}}],"QueueAttributes":{"VisibilityTimeoutSeconds":9,"DeadLetterConfiguration":{"TargetType":"BUILT_IN","MaxReceiveCount":1}},"Tags":{"a":"b"}})",
              R"(PutRecord
{"StreamName":"d","PartitionKey":"a","Data":"eA=="})",
              R"(ReceiveQueueRecords
{"QueueARN":"$Q","Limit":10,"WaitTimeSeconds":1,"VisibilityTimeoutSeconds":600})",
              R"(UpdateQueueRecordsVisibility
{"QueueARN":"$Q","Entries":[{"ReceiptHandle":"$R","VisibilityTimeoutSeconds":0}]})",
              R"(ReceiveDeadLetterQueueRecords
{"QueueARN":"$Q"})",
              R"(RestoreDeadLetterQueueRecords
{"QueueARN":"$Q","Entries":[{"ReceiptHandle":"$R"}]})",
              R"(ReceiveQueueRecords
{"QueueARN":"$Q"})",
              R"(AcknowledgeQueueRecords
{"QueueARN":"$Q","Entries":[{"ReceiptHandle":"$R"},{"ReceiptHandle":"x"}]})",
              R"(UpdateQueue
{"QueueARN":"$Q","QueueAttributes":{"DeadLetterConfiguration":{"TargetType":"NONE"}}})",
              R"(ListQueues
{"MaxResults":1})",
              R"(PutRecord
{"StreamName":"d","PartitionKey":"b","Data":"eA=="})"});
    in_a_row({R"(CreateStream
{"StreamName":"d"})",
              R"(CreateChannel
{"ChannelName":"c","ServiceExecutionRoleARN":"arn:aws:iam::000000000000:role/r","StreamConfigurationList":[{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/d","RecordConfiguration":{"RecordFormatType":"JSON"}}],"S3DestinationConfiguration":{"DataFreshnessInSeconds":300,"DeadLetterQueueS3Configuration":{"BucketARN":"arn:aws:s3:::b-b","ExpectedBucketOwner":"000000000000","ErrorOutputPrefix":"e/"},"StorageConfiguration":{"BucketARN":"arn:aws:s3:::b.b","ExpectedBucketOwner":"000000000000","OutputKeyTemplate":"a/!{channel-id}/!{mm}!{extension:.json}","CompressionType":"GZIP"}},"Tags":{"a":"b"},"LoggingConfiguration":{"CloudWatchLogs":{"Enabled":true}}})",
              R"(ListChannels
{"MaxResults":1,"StreamFilter":[{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/d"}]})",
              R"(DeleteStream
{"StreamName":"d"})"});
    in_a_row({R"(UpdateShardCount
{"StreamName":"three","TargetShardCount":4,"ScalingType":"UNIFORM_SCALING"})",
              R"(UpdateShardCount
{"StreamName":"three","TargetShardCount":1,"ScalingType":"UNIFORM_SCALING"})",
              R"(StartStreamEncryption
{"StreamName":"one","EncryptionType":"KMS","KeyId":"k"})",
              R"(PutRecord
{"StreamName":"one","PartitionKey":"a","Data":"eA=="})",
              R"(GetShardIterator
{"StreamName":"one","ShardId":"0","ShardIteratorType":"TRIM_HORIZON"})",
              R"(GetRecords
{"ShardIterator":"$I"})",
              R"(StopStreamEncryption
{"StreamName":"one","EncryptionType":"KMS","KeyId":"k"})"});
    in_a_row({R"(AddTagsToStream
{"StreamName":"one","Tags":{"a":"b"}})",
              R"(UntagResource
{"ResourceARN":"arn:aws:kinesis:us-east-1:000000000000:stream/one","TagKeys":["a"]})",
              R"(PutResourcePolicy
{"ResourceARN":"arn:aws:kinesis:us-east-1:000000000000:stream/one","Policy":"{}"})",
              R"(EnableEnhancedMonitoring
{"StreamName":"one","ShardLevelMetrics":["ALL"]})",
              R"(UpdateAccountSettings
{"MinimumThroughputBillingCommitment":{"Status":"ENABLED"}})",
              R"(UpdateStreamMode
{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/one","StreamModeDetails":{"StreamMode":"ON_DEMAND"}})",
              R"(UpdateStreamRecordDistributionStrategy
{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/one","RecordDistributionStrategy":"AUTO"})",
              R"(PutRecord
{"StreamName":"one","Data":"eA=="})",
              R"(UpdateStreamWarmThroughput
{"StreamName":"one","WarmThroughputMiBps":6})",
              R"(UpdateMaxRecordSize
{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/one","MaxRecordSizeInKiB":2048})",
              R"(DescribeLimits
{})"});
    return all;
}

// As botocore signs them.
std::vector<Blob> signature_seeds() {
    std::vector<Blob> all;
    const auto recorded = json::parse(read_recorded("sigv4.json"));
    for (const auto& one : recorded["cases"]) {
        auto text = one["method"].get<std::string>() + "\n" + one["target"].get<std::string>() + "\n";
        for (const auto& header : one["headers"])
            text += header[0].get<std::string>() + ":" + header[1].get<std::string>() + "\n";
        all.push_back(blob_of(text + "\n" + (one["service"] == "sts" ? "Action=GetCallerIdentity&Version=2011-06-15" : "{}")));
    }
    return all;
}

// Recorded requests, three to a connection, that come in pieces of different lengths.
std::vector<Blob> frame_streams() {
    std::vector<Blob> all;
    std::size_t count = 0;
    for (const auto& frame : kafka_requests()) {
        if (count % 3 == 0) all.push_back({static_cast<std::byte>(count)});
        for (int shift = 24; shift >= 0; shift -= 8) all.back().push_back(static_cast<std::byte>(frame.size() >> shift));
        all.back().insert(all.back().end(), frame.begin(), frame.end());
        ++count;
    }
    return all;
}

}   // namespace

std::vector<Blob> seeds(std::string_view target) {
    std::vector<Blob> all;
    if (target == "batches") all = recorded_batches();
    if (target == "kafka_frames") add_group_frames(all = kafka_requests());
    if (target == "frame_stream") all = frame_streams();
    if (target == "kafka_door") {
        all = kafka_door_seeds();
        for (auto& frame : kafka_requests()) {
            frame.insert(frame.begin(), {static_cast<std::byte>(frame.size() >> 8), static_cast<std::byte>(frame.size())});
            all.push_back(std::move(frame));
        }
    }
    if (target == "json") all = bodies(false);
    if (target == "cbor") all = bodies(true);
    if (target == "http_requests") all = http_seeds();
    if (target == "http2") all = http2_seeds();
    if (target == "kinesis_door") all = kinesis_calls();
    if (target == "aggregates") all = aggregate_seeds();
    if (target == "tls_records") all = tls_seeds();
    if (target == "tokens") all = token_seeds();
    if (target == "catalog") all = catalog_seeds();
    if (target == "blocks") all = block_seeds();
    if (target == "sasl") all = sasl_seeds();
    if (target == "signatures") all = signature_seeds();
    return all;
}

}   // namespace sluice::fuzz
