// Channels: what the five operations say, and what comes to lie in the folder that stands for S3. A thread writes the files; the
// loop runs until it has.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "emulator/control/calls/service.h"
#include "emulator/kinesis/channels/delivery.h"
#include "emulator/streams/channels.h"
#include "protocol/batch/codecs.h"
#include "protocol/kinesis/base64.h"
#include "tests/support/kinesis_call.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const json role = "arn:aws:iam::000000000000:role/delivery";
const std::string stream_arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";

json wanted(const std::string& name = "c", const std::string& format = "STRING", const std::string& compression = "NONE") {
    return {
        {"ChannelName", name},
        {"ServiceExecutionRoleARN", role},
        {"StreamConfigurationList", {{{"StreamARN", stream_arn}, {"RecordConfiguration", {{"RecordFormatType", format}}}}}},
        {"S3DestinationConfiguration",
         {{"StorageConfiguration",
           {{"BucketARN", "arn:aws:s3:::bucket"}, {"ExpectedBucketOwner", "000000000000"}, {"CompressionType", compression}}}}}};
}
json with_template(const std::string& form, const std::string& compression = "NONE") {
    auto asked = wanted("c", "STRING", compression);
    asked["S3DestinationConfiguration"]["StorageConfiguration"]["OutputKeyTemplate"] = form;
    return asked;
}

// An on-demand stream "s", a folder, and a server that delivers there.
struct Place {
    explicit Place(milliseconds state_delay = 0ms, const std::string& profile = "kinesis")
        : w{{.state_delay = state_delay, .kinesis_profile = profile, .reads_on_thread = true}} {
        w.clock().freeze();
        begin();
        caller.ask("CreateStream", {{"StreamName", "s"}, {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}});
        if (state_delay.count() > 0) pass(state_delay);
    }
    void begin() {
        delivery.emplace(*w.engine, folder.path + "/to");
        w.engine->events().on_note = [this](std::string_view line) { notes.emplace_back(line); };
        service.emplace(*w.engine, w.store, w.time, control::Parts{});
    }
    void restart() {
        delivery->stop();
        w.settle();
        service.reset(), delivery.reset();
        w.open();
        begin();
        w.settle();
    }
    // As `sluice clock advance` does it.
    void pass(milliseconds span) {
        control::v1::AdvanceClockRequest request;
        *request.mutable_span() = control::to_proto(span);
        auto moving = service->handle(std::move(request));
        bool moved = false;
        asio::co_spawn(*w.io, std::move(moving), [&](std::exception_ptr error, const auto& done) { moved = !error && done; });
        w.settle();
        REQUIRE(moved);
    }
    std::string create(const json& asked) {
        const auto told = caller.ask("CreateChannel", asked);
        INFO(told.dump());
        REQUIRE(told.contains("ChannelDescription"));
        arn = told["ChannelDescription"]["ChannelARN"];
        return arn;
    }
    std::string refusal(const json& asked) {
        const auto told = caller.ask("CreateChannel", asked);
        return told.value("__type", "") + ": " + told.value("message", "");
    }
    json described() { return caller.ask("DescribeChannel", {{"ChannelARN", arn}})["ChannelDescription"]; }
    void put(const std::string& data, const std::string& key = "k") {
        std::string coded(kinesis::base64_size(data.size()), '\0');
        kinesis::put_base64(coded.data(), data);
        const auto told = caller.ask("PutRecord", {{"StreamName", "s"}, {"PartitionKey", key}, {"Data", coded}});
        REQUIRE(told.contains("SequenceNumber"));
        w.settle();
    }
    // What lies there, by path below the folder.
    std::map<std::string, std::string> objects() const {
        std::map<std::string, std::string> all;
        const fs::path root{folder.path + "/to"};
        if (!fs::exists(root)) return all;
        for (const auto& one : fs::recursive_directory_iterator{root}) {
            if (!one.is_regular_file()) continue;
            std::ifstream file{one.path(), std::ios::binary};
            all[fs::relative(one.path(), root)] = {std::istreambuf_iterator<char>{file}, {}};
        }
        return all;
    }
    std::string text() const {
        std::string all;
        for (const auto& [path, content] : objects()) all += content;
        return all;
    }
    std::string shard_of(const std::string& key) {
        const auto told = caller.ask("PutRecord", {{"StreamName", "s"}, {"PartitionKey", key}, {"Data", ""}});
        return told["ShardId"];
    }

    World w;
    storage::TempFolder folder;
    std::optional<kinesis::Delivery> delivery;
    std::optional<control::Service> service;
    Caller caller{w};
    std::vector<std::string> notes;
    std::string arn;
};

std::string unpacked(batch::Codec codec, const std::string& packed) {
    batch::Blob out;
    REQUIRE(batch::decompress(codec, std::as_bytes(std::span{packed}), out, 1 << 20));
    return {reinterpret_cast<const char*>(out.data()), out.size()};
}

}   // namespace

TEST_CASE("records lie in an object when the oldest of them is as old as the channel's freshness") {
    Place place;
    place.put("before the channel");
    place.create(wanted());
    place.put("first");
    place.pass(299s);
    place.put("last of it");
    CHECK(place.objects().empty());
    place.pass(1s);
    const auto id = place.described()["ChannelId"].get<std::string>();
    const auto objects = place.objects();
    REQUIRE(objects.size() == 1);
    // The time is that of the first record, 2023-11-14T22:13:20Z; the suffix is of the channel, the shard and the first position.
    CHECK(objects.begin()->first == "bucket/kinesis-channel/c/" + id + "/2023/11/14/22/c-" + id + "-2023-11-14-22-13-" +
                                        id.substr(0, 8) + "-000002-000000000001");
    CHECK(objects.begin()->second == "first\nlast of it\n");
    place.put("next");
    place.pass(300s);
    CHECK(place.objects().size() == 2);
    CHECK(place.text() == "first\nlast of it\nnext\n");
}

TEST_CASE("a channel's description says what it was made with, and AWS's defaults for the rest") {
    Place place;
    auto asked = wanted("c", "JSON", "GZIP");
    asked["Tags"] = {{"a", "b"}};
    const auto told = place.caller.ask("CreateChannel", asked)["ChannelDescription"];
    CHECK(told["ChannelStatus"] == "CREATING");
    place.arn = told["ChannelARN"];
    CHECK(place.arn == "arn:aws:kinesis:us-east-1:000000000000:channel/" + told["ChannelId"].get<std::string>());
    auto now = place.described();
    CHECK(now["ChannelStatus"] == "ACTIVE");
    CHECK(now["ServiceExecutionRoleARN"] == role);
    CHECK(now["LoggingConfiguration"] == json{{"CloudWatchLogs", {{"Enabled", false}}}});
    CHECK(now["StreamConfigurationList"][0]["StreamARN"] == stream_arn);
    CHECK(now["StreamConfigurationList"][0]["RecordConfiguration"] == json{{"RecordFormatType", "JSON"}});
    const auto& to = now["S3DestinationConfiguration"];
    CHECK(to["DataFreshnessInSeconds"] == 300);
    CHECK(to["StorageConfiguration"]["StorageClass"] == "STANDARD");
    CHECK(to["StorageConfiguration"]["CompressionType"] == "GZIP");
    CHECK(to["StorageConfiguration"]["OutputKeyTemplate"] ==
          "kinesis-channel/!{channel-name}/!{channel-id}/!{yyyy}/!{MM}/!{dd}/!{HH}/"
          "!{channel-name}-!{channel-id}-!{yyyy}-!{MM}-!{dd}-!{HH}-!{mm}!{extension}");
    CHECK(to["DeadLetterQueueS3Configuration"]["BucketARN"] == "arn:aws:s3:::bucket");
    CHECK(to["DeadLetterQueueS3Configuration"]["ErrorOutputPrefix"] ==
          "kinesis-channel/errors/c/" + told["ChannelId"].get<std::string>() + "/");
    CHECK(place.caller.ask("ListTagsForResource", {{"ResourceARN", place.arn}})["Tags"] == json{{{"Key", "a"}, {"Value", "b"}}});
    place.caller.ask("TagResource", {{"ResourceARN", place.arn}, {"Tags", {{"c", "d"}}}});
    place.caller.ask("UntagResource", {{"ResourceARN", place.arn}, {"TagKeys", {"a"}}});
    CHECK(place.caller.ask("ListTagsForResource", {{"ResourceARN", place.arn}})["Tags"] == json{{{"Key", "c"}, {"Value", "d"}}});
    CHECK(place.caller.ask("GetResourcePolicy", {{"ResourceARN", place.arn}})["__type"] == "InvalidArgumentException");
    const auto before = place.described();
    place.restart();
    CHECK(place.described() == before);
    const auto summary = place.caller.ask("DescribeStreamSummary", {{"StreamName", "s"}})["StreamDescriptionSummary"];
    CHECK(summary["ChannelCount"] == 1);
    const auto limits = place.caller.ask("DescribeLimits", json::object());
    CHECK(limits["ChannelCount"] == 1);
    CHECK(limits["ChannelCountLimit"] == 100);
}

TEST_CASE("a channel goes through CREATING, UPDATING and DELETING, and carries what comes while it is ACTIVE or UPDATING") {
    Place place{10s};
    place.create(wanted());
    CHECK(place.described()["ChannelStatus"] == "CREATING");
    place.put("too early");
    CHECK(place.caller.ask("UpdateChannel", {{"ChannelARN", place.arn},
                                             {"S3DestinationConfiguration", {{"DataFreshnessInSeconds", 600}}}})["__type"] ==
          "ResourceInUseException");
    place.restart();
    place.pass(10s);
    CHECK(place.described()["ChannelStatus"] == "ACTIVE");
    place.put("in time");
    place.caller.ask("UpdateChannel",
                     {{"ChannelARN", place.arn}, {"S3DestinationConfiguration", {{"DataFreshnessInSeconds", 600}}}});
    CHECK(place.described()["ChannelStatus"] == "UPDATING");
    place.pass(1ms);
    place.put("meanwhile", "other");
    place.pass(300s);   // the first object has the freshness of before
    CHECK(place.described()["ChannelStatus"] == "ACTIVE");
    CHECK(place.text() == "in time\n");
    place.pass(300s);
    CHECK(place.objects().size() == 2);
    place.put("not delivered any more");
    place.caller.ask("DeleteChannel", {{"ChannelARN", place.arn}});
    CHECK(place.described()["ChannelStatus"] == "DELETING");
    place.pass(10s);
    CHECK(place.caller.ask("DescribeChannel", {{"ChannelARN", place.arn}})["__type"] == "ResourceNotFoundException");
    place.pass(1h);
    CHECK(place.objects().size() == 2);
}

TEST_CASE("what cannot be is refused when a channel is made, with a sentence that says why") {
    Place place;
    const auto bad = [&](auto change) {
        auto asked = wanted();
        change(asked);
        return place.refusal(asked);
    };
    const auto to = [](json& asked) -> json& { return asked["S3DestinationConfiguration"]; };
    CHECK(bad([&](json& a) { a.erase("S3DestinationConfiguration"); }).starts_with("ValidationException: Specify either"));
    CHECK(bad([&](json& a) {
              to(a)["DataFreshnessInSeconds"] = 299;
          }).contains("Member must have value greater than or equal to 300"));
    CHECK(bad([&](json& a) {
              to(a)["DataFreshnessInSeconds"] = 901;
          }).contains("Member must have value less than or equal to 900"));
    CHECK(bad([&](json& a) {
              a["StreamConfigurationList"][0]["RecordConfiguration"]["RecordFormatType"] = "GSR_JSON";
          }).starts_with("InvalidArgumentException: RecordFormatType GSR_JSON"));
    CHECK(bad([&](json& a) {
              a["StreamConfigurationList"].push_back(a["StreamConfigurationList"][0]);
          }).contains("more than one stream"));
    CHECK(bad([&](json& a) { a["ServiceExecutionRoleARN"] = "role"; }).contains("arn:aws[-a-z0-9]*:iam::"));
    CHECK(bad([&](json& a) {
              a["EncryptionConfiguration"] = {{"EncryptionType", "KMS"}, {"KeyId", "alias/aws/kinesis"}};
          }).contains("aws/kinesis cannot be used"));
    CHECK(bad([&](json& a) {
              a["StreamConfigurationList"][0]["StreamARN"] = stream_arn + "x";
          }).starts_with("ResourceNotFoundException"));
    CHECK(bad([&](json& a) { to(a)["StorageConfiguration"]["BucketARN"] = "arn:aws:s3:::..."; }).contains("names no bucket"));
    CHECK(bad([&](json& a) {
              to(a)["DeadLetterQueueS3Configuration"] = {
                  {"BucketARN", "arn:aws:s3:::b-1"}, {"ExpectedBucketOwner", "000000000000"}, {"ErrorOutputPrefix", "a/../../b"}};
          }).contains("ErrorOutputPrefix contains '..'"));
    auto tables = wanted();
    tables.erase("S3DestinationConfiguration");
    const json table{{"TableBucketARN", "arn:aws:s3tables:us-east-1:000000000000:bucket/abc"},
                     {"Namespace", "n"},
                     {"TableName", "t"},
                     {"CompressionType", "ZSTD"}};
    tables["S3TablesDestinationConfiguration"] = {
        {"DeadLetterQueueS3Configuration", {{"BucketARN", "arn:aws:s3:::abc"}, {"ExpectedBucketOwner", "000000000000"}}},
        {"S3TablesConfigurationList", {table}}};
    CHECK(place.refusal(tables).starts_with("InvalidArgumentException: S3TablesDestinationConfiguration is not available here"));
    place.caller.ask("CreateStream", {{"StreamName", "fixed"}, {"ShardCount", 1}});
    CHECK(bad([&](json& a) {
              a["StreamConfigurationList"][0]["StreamARN"] = "arn:aws:kinesis:us-east-1:000000000000:stream/fixed";
          }).contains("on-demand capacity mode only"));
    CHECK(place.w.engine->dump().find("channel ") == std::string::npos);
    place.create(wanted());
    CHECK(place.refusal(wanted()).starts_with("ResourceInUseException: Channel c under account 000000000000 already exists."));
    CHECK(place.refusal(wanted("d")).starts_with("LimitExceededException"));
    CHECK(place.caller.ask("UpdateChannel", {{"ChannelARN", place.arn}})["__type"] == "ValidationException");
}

TEST_CASE("no key leads out of the folder, and none is too long for a file") {
    Place place;
    const auto said = [&](const std::string& form, const std::string& compression = "NONE") {
        return place.refusal(with_template(form, compression));
    };
    CHECK(said("/data/!{channel-name}").contains("starts with '/'"));
    CHECK(said("data/../!{channel-name}").contains("contains '..'"));
    CHECK(said("..").contains("contains '..'"));
    CHECK(said("a/./b").contains("has a part that is '.'"));
    CHECK(said("./b").contains("has a part that is '.'"));
    CHECK(said("a//b").contains("contains '//'"));
    CHECK(said("a/!{yyyy}/").contains("ends with '/'"));
    CHECK(said("!{channel-name}!{extension}/!{yyyy}").contains("behind its extension"));
    CHECK(said("!{extension}!{extension}").contains("behind its extension"));
    CHECK(said("data/!{partition-id}").contains("a variable that there is not"));
    CHECK(said("data/!{channel-name}", "GZIP").contains("which compressed objects need"));
    CHECK(said("data/!{channel-name}/!{yyyy").contains("without its '}'"));
    CHECK(said("a{b").contains("a character other than"));
    CHECK(said("!{extension:json}").contains("a variable that there is not"));
    CHECK(said("!{extension:./../../x}").contains("a variable that there is not"));
    CHECK(said(std::string(230, 'a')).contains("keys that are too long"));
    CHECK(said(std::string(1, 'a') + std::string("\0b", 2)).contains("pattern"));
    std::string deep;
    for (int i = 0; i < 99; ++i) deep += "aaaaaaaaa/";
    CHECK(said(deep + "!{channel-name}").contains("keys that are too long"));
    // Two dots that only an extension and what stands before it make are caught, too.
    CHECK(said("a.!{extension:.json}").starts_with(": "));
}

TEST_CASE("STRING and JSON are lines, BYTE_ARRAY is what was put, and what is neither goes to the errors with what is wrong") {
    SUBCASE("STRING") {
        Place place;
        place.create(wanted("c", "STRING"));
        place.put("a"), place.put("b\n"), place.put(""), place.put("\xFF\xFE");
        place.pass(300s);
        const auto id = place.described()["ChannelId"].get<std::string>();
        const auto objects = place.objects();
        REQUIRE(objects.size() == 2);
        const auto errors = std::next(objects.begin());
        CHECK(errors->first ==
              "bucket/kinesis-channel/errors/c/" + id + "/2023-11-14-22-13-" + id.substr(0, 8) + "-000002-000000000000.json");
        const auto line = json::parse(errors->second);
        CHECK(line["shardId"] == "shardId-000000000002");
        CHECK(line["errorCode"] == "InvalidString");
        CHECK(line["rawData"] == "//4=");
        CHECK(line["partitionKey"] == "k");
        CHECK(line["sequenceNumber"].get<std::string>().size() == 56);
        CHECK(objects.begin()->second == "a\nb\n\n");
    }
    SUBCASE("JSON") {
        Place place;
        place.create(wanted("c", "JSON"));
        for (const char* data : {R"({"a":1})", "12", "nonsense", "", "[1,", "{}\n"}) place.put(data);
        place.pass(300s);
        const auto objects = place.objects();
        REQUIRE(objects.size() == 2);
        CHECK(objects.begin()->second == "{\"a\":1}\n12\n{}\n");
        CHECK(std::ranges::count(std::next(objects.begin())->second, '\n') == 3);
    }
    SUBCASE("BYTE_ARRAY") {
        Place place;
        place.create(wanted("c", "BYTE_ARRAY"));
        place.put("\xFF"), place.put("a"), place.put("");
        place.pass(300s);
        CHECK(place.objects().size() == 1);
        CHECK(place.text() ==
              "\xFF"
              "a");
    }
}

TEST_CASE("objects are gzip or Zstandard as they were asked for, with the extension of it before nothing") {
    for (const auto& [name, codec, end] :
         {std::tuple{"GZIP", batch::Codec::gzip, ".gz"}, std::tuple{"ZSTD", batch::Codec::zstd, ".zst"}}) {
        Place place;
        place.create(with_template("x/!{stream-name}/!{yy}!{extension}", name));
        std::string all;
        for (int i = 0; i < 40; ++i) {
            const std::string line(20'000, static_cast<char>('a' + i % 26));
            place.put(line);
            all += line + "\n";
        }
        place.pass(300s);
        const auto objects = place.objects();
        REQUIRE(objects.size() == 1);
        CHECK(objects.begin()->first.starts_with("bucket/x/s/23-"));
        CHECK(objects.begin()->first.ends_with(std::string{"-000002-000000000000"} + end));
        CHECK(unpacked(codec, objects.begin()->second) == all);
    }
}

TEST_CASE("a restart at any moment leaves each record in exactly one object") {
    Place place;
    place.create(wanted());
    std::string all;
    for (int i = 0; i < 30; ++i) {
        const auto data = std::to_string(i);
        place.put(data);
        all += data + "\n";
        if (i % 3 == 0) place.restart();
        place.pass(37s);
        if (i % 4 == 0) place.restart();
    }
    place.pass(300s);
    CHECK(place.text() == all);
    CHECK(place.objects().size() == 4);   // of 300 s each, however often it was restarted
}

TEST_CASE(
    "an object whose end was stored and that was not yet there is written by the next server, and one that is there stays") {
    Place place;
    place.create(wanted());
    for (const char* data : {"a", "b", "c"}) place.put(data);
    const auto found = streams::channels_of(place.w.engine->default_world()).find("c");
    const auto decide = [&](streams::Position next, streams::Position to) {
        auto& channels = streams::channels_of(place.w.engine->default_world());
        const auto channel = channels.find("c")->channel;
        const auto stored = channels.set_place(*channel, 2, {.next = next, .to = to, .begun = place.w.clock().now()});
        REQUIRE(place.w.wait(*stored));
    };
    decide(0, 2);   // a server decided and was killed
    place.restart();
    REQUIRE(place.objects().size() == 1);
    CHECK(place.text() == "a\nb\n");
    const auto path = place.folder.path + "/to/" + place.objects().begin()->first;
    std::ofstream{path} << "as it was";
    decide(0, 2);   // and this one was killed behind that
    place.restart();
    CHECK(place.text() == "as it was");
    place.pass(300s);
    CHECK(place.objects().size() == 2);
    CHECK(place.text() == "as it wasc\n");
}

TEST_CASE("children of a split are delivered behind their parent, from their first record on") {
    Place place;
    place.create(wanted());
    place.put("parent");
    const auto stream = place.w.engine->find(place.w.engine->default_world(), "s");
    const auto middle = stream->shards[2]->range.first.high + (std::uint64_t{1} << 61);
    REQUIRE(place.w.wait(*place.w.engine->split(*stream, 2, {middle, 0})));
    place.put("child");
    place.restart();
    place.pass(100s);
    place.put("child too");
    place.pass(300s);
    std::vector<std::string> contents;
    for (const auto& [path, content] : place.objects()) contents.push_back(content);
    CHECK(contents == std::vector<std::string>{"parent\n", "child\nchild too\n"});
    place.pass(48h);   // the parent has expired
    place.restart();
    place.put("later");
    place.pass(300s);
    CHECK(place.objects().size() == 3);
}

TEST_CASE("a clock that moves in one step leaves the same objects as one that moves in many") {
    const auto history = [](const std::vector<milliseconds>& steps) {
        Place place;
        place.create(wanted("c", "STRING"));
        const auto id = place.described()["ChannelId"].get<std::string>();
        place.put("a"), place.put("b", "other"), place.put("c", "third");
        for (const auto step : steps) place.pass(step);
        place.put("d");
        for (const auto step : steps) place.pass(step);
        CHECK(place.notes.empty());
        return std::pair{place.objects(), place.w.engine->dump()};
    };
    const auto once = history({30h});   // the records expire on the way
    CHECK(once.first.size() == 4);
    std::vector<milliseconds> many(30 * 6, 10min);
    const auto often = history(many);
    CHECK(once.first == often.first);
    CHECK(once.second == often.second);
    CHECK(history({299s, 2s, 30h - 301s}).first == once.first);
}

TEST_CASE("a folder that cannot be written to keeps the channel in its place; it is told once and tried again in real time") {
    Place place;
    place.create(wanted());
    place.put("kept");
    std::ofstream{place.folder.path + "/to"} << "a file is in the way";
    place.pass(300s);
    CHECK(place.notes.size() == 1);
    CHECK(place.notes[0].starts_with("channel c delivers nothing at the moment: "));
    CHECK(place.notes[0].contains("make room there"));
    place.put("later");
    fs::remove(place.folder.path + "/to");
    place.w.time.move(9s);
    place.w.settle();
    CHECK(place.objects().empty());
    place.w.time.move(1s);
    place.w.settle();
    CHECK(place.notes.size() == 2);
    CHECK(place.notes[1] == "channel c delivers again");
    CHECK(place.text() == "kept\n");
    place.pass(300s);
    CHECK(place.text() == "kept\nlater\n");
}

TEST_CASE("records that expire before they could be delivered are counted in a line") {
    Place place;
    place.create(wanted());
    place.put("lost"), place.put("lost too");
    std::ofstream{place.folder.path + "/to"} << "in the way";
    place.pass(25h);
    fs::remove(place.folder.path + "/to");
    place.put("kept");
    place.w.time.move(10s);
    place.w.settle();
    place.pass(300s);
    CHECK(place.text() == "kept\n");
    REQUIRE(place.notes.size() >= 2);
    CHECK(place.notes[1].starts_with("channel c: 2 record(s) of s shardId-000000000002 were removed by retention"));
}

TEST_CASE("what Kafka wrote is delivered as well, without keys and control records") {
    Place place;
    place.create(wanted());
    const auto stream = place.w.engine->find(place.w.engine->default_world(), "s");
    constexpr std::int16_t of_a_transaction = 0x10, control = 0x20;
    REQUIRE(place.w.put(*stream->shards[0], {"by Kafka", "again"}));
    REQUIRE(place.w.put(*stream->shards[0], {"a marker"}, {.attributes = of_a_transaction | control}));
    place.put("by Kinesis");
    place.pass(300s);
    CHECK(place.objects().size() == 2);
    CHECK(place.text() == "by Kafka\nagain\nby Kinesis\n");
}

TEST_CASE("a stream with channels is not deleted and stays on-demand; a channel whose topic Kafka deletes goes with it") {
    Place place;
    place.create(wanted());
    CHECK(place.caller.ask("DeleteStream", {{"StreamName", "s"}, {"EnforceConsumerDeletion", true}})["__type"] ==
          "ResourceInUseException");
    CHECK(place.caller.ask("UpdateStreamMode",
                           {{"StreamARN", stream_arn}, {"StreamModeDetails", {{"StreamMode", "PROVISIONED"}}}})["__type"] ==
          "ResourceInUseException");
    REQUIRE(place.w.wait(*place.w.engine->remove(place.w.engine->default_world(), "s", false)));
    CHECK(place.caller.ask("ListChannels", json::object())["ChannelSummaries"].empty());
    place.restart();
    CHECK(place.caller.ask("ListChannels", json::object())["ChannelSummaries"].empty());
    place.caller.ask("CreateStream", {{"StreamName", "s"}, {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}});
    place.create(wanted());
    place.caller.ask("DeleteChannel", {{"ChannelARN", place.arn}});
    CHECK(place.caller.ask("DeleteStream", {{"StreamName", "s"}}).empty());
    place.w.settle();
    CHECK(place.w.engine->dump().find("channel ") == std::string::npos);
}

TEST_CASE("channels are listed by name, in pages, of the streams that a filter names") {
    Place place{0ms, "none"};
    place.caller.ask("CreateStream", {{"StreamName", "t"}, {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}});
    for (const char* name : {"b", "a", "c"}) place.create(wanted(name));
    auto of_t = wanted("d");
    const auto t = "arn:aws:kinesis:us-east-1:000000000000:stream/t";
    of_t["StreamConfigurationList"][0]["StreamARN"] = t;
    place.create(of_t);
    const auto names = [](const json& told) {
        std::string all;
        for (const auto& one : told["ChannelSummaries"]) all += one["ChannelName"].get<std::string>();
        return all;
    };
    const auto first = place.caller.ask("ListChannels", {{"MaxResults", 3}});
    CHECK(names(first) == "abc");
    CHECK(first["ChannelSummaries"][0]["ChannelDestinationType"] == "S3");
    CHECK(first["ChannelSummaries"][0]["Streams"][0]["StreamARN"] == stream_arn);
    const auto second = place.caller.ask("ListChannels", {{"NextToken", first["NextToken"]}});
    CHECK(names(second) == "d");
    CHECK_FALSE(second.contains("NextToken"));
    CHECK(names(place.caller.ask("ListChannels", {{"StreamFilter", {{{"StreamARN", t}}}}})) == "d");
    CHECK(names(place.caller.ask("ListChannels", {{"StreamFilter", {{{"StreamARN", t}, {"StreamCreationTimestamp", 1}}}}}))
              .empty());
    CHECK(place.caller.ask("ListChannels", {{"NextToken", "x"}})["__type"] == "InvalidArgumentException");
}

TEST_CASE("without a folder no channel can be made, and the refusal names the setting") {
    World w;
    Caller caller{w};
    caller.ask("CreateStream", {{"StreamName", "s"}, {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}});
    CHECK(caller.ask("CreateChannel", wanted())["message"].get<std::string>().contains("--channel-folder DIR"));
}

TEST_CASE("a channel that could not be stored is not there, and its place is the one that is stored") {
    Place place;
    place.w.store.fail(1);
    CHECK(place.caller.ask("CreateChannel", wanted())["__type"] == "InternalFailure");
    CHECK(place.caller.ask("ListChannels", json::object())["ChannelSummaries"].empty());
    place.create(wanted());
    place.put("a");
    const auto before = place.w.engine->dump();
    place.restart();
    CHECK(place.w.engine->dump() == before);
}

TEST_CASE("what a channel delivers and each call about it is counted for the bill, apart from what is read") {
    Place place;
    place.create(wanted());
    place.put("12345", "key");
    const auto used = [&] {
        return place.w.engine->usage(*place.w.engine->find(place.w.engine->default_world(), "s")).back().each;
    };
    CHECK(used().bytes_out_channels == 0);
    place.pass(300s);
    (void)place.described();
    place.caller.ask("ListChannels", json::object());   // about no stream
    CHECK(used().bytes_out_channels == 8);
    CHECK(used().records_out_channels == 1);
    CHECK(used().bytes_out_kinesis == 0);
    CHECK(used().channel_calls == 2);
    CHECK(used().queue_calls == 0);
}
