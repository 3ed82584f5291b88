// Tags: two families of operations on the same ones, in AWS's words.
#include "tests/support/kinesis_stream.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

struct Stream : KinesisStream {
    using KinesisStream::KinesisStream;
    json tags() { return ask("ListTagsForStream", json::object())["Tags"]; }
};

const json arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";

}   // namespace

TEST_CASE("both families see and change the same tags, sorted by key") {
    Stream s;
    CHECK(s.refusal("AddTagsToStream", {{"Tags", {{"b", "1"}, {"a", "2"}}}}) == "");
    CHECK(s.refusal("TagResource", {{"ResourceARN", arn}, {"Tags", {{"b", "3"}, {"c", ""}}}}) == "");
    const json all{{{"Key", "a"}, {"Value", "2"}}, {{"Key", "b"}, {"Value", "3"}}, {{"Key", "c"}, {"Value", ""}}};
    CHECK(s.tags() == all);
    CHECK(s.ask("ListTagsForResource", {{"ResourceARN", arn}}) == json{{"Tags", all}});
    CHECK(s.refusal("UntagResource", {{"ResourceARN", arn}, {"TagKeys", {"a", "nobody"}}}) == "");
    CHECK(s.refusal("RemoveTagsFromStream", {{"TagKeys", {"c"}}}) == "");
    CHECK(s.tags() == json{{{"Key", "b"}, {"Value", "3"}}});
}

TEST_CASE("tags are listed in pages behind a key that need not be there") {
    Stream s;
    s.ask("AddTagsToStream", {{"Tags", {{"a", ""}, {"c", ""}, {"e", ""}}}});
    const auto page = s.ask("ListTagsForStream", {{"Limit", 2}});
    CHECK(page["HasMoreTags"] == true);
    CHECK(page["Tags"].size() == 2);
    const auto rest = s.ask("ListTagsForStream", {{"ExclusiveStartTagKey", "b"}, {"Limit", 2}});
    CHECK(rest["HasMoreTags"] == false);
    CHECK(rest["Tags"] == json{{{"Key", "c"}, {"Value", ""}}, {{"Key", "e"}, {"Value", ""}}});
}

TEST_CASE("a stream has at most 50 tags, of which an old one may get a new value") {
    Stream s;
    json fifty;
    for (int i = 0; i < 50; ++i) fifty["k" + std::to_string(i)] = "v";
    CHECK(s.refusal("AddTagsToStream", {{"Tags", fifty}}) == "");
    const std::string text =
        "InvalidArgumentException: Failed to add tags to stream s under account 000000000000 because a given stream cannot have "
        "more than 10 tags associated with it.";
    CHECK(s.refusal("AddTagsToStream", {{"Tags", {{"one more", ""}}}}) == text);
    CHECK(s.refusal("TagResource", {{"ResourceARN", arn}, {"Tags", {{"one more", ""}}}}) == text);
    CHECK(s.refusal("AddTagsToStream", {{"Tags", {{"k7", "new"}}}}) == "");
    CHECK(s.tags().size() == 50);
    fifty["k50"] = "v";
    CHECK(s.refusal("CreateStream", {{"StreamName", "other"}, {"ShardCount", 1}, {"Tags", fifty}}).contains("to stream other"));
    CHECK(s.caller.ask("ListStreams", json::object())["StreamNames"] == json{"s"});
}

TEST_CASE("tags are letters of any alphabet, digits, blanks and a few signs") {
    Stream s;
    for (const auto* good : {"Team_1.a:b/c=d+e-f@g h", "Größe", "наименование", "価格", "ключ 7"}) {
        CAPTURE(good);
        CHECK(s.refusal("AddTagsToStream", {{"Tags", {{good, good}}}}) == "");
    }
    const std::string invalid =
        "InvalidArgumentException: Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ "
        ". / = + - % @.";
    for (const auto* bad : {";", "a,b", "tab\there", "line\nend", "a*", "‰", "→", "🙂"}) {
        CAPTURE(bad);
        CHECK(s.refusal("AddTagsToStream", {{"Tags", {{bad, "v"}}}}) == invalid);
        CHECK(s.refusal("AddTagsToStream", {{"Tags", {{"k", bad}}}}) == invalid);
        CHECK(s.refusal("RemoveTagsFromStream", {{"TagKeys", {bad}}}) == invalid);
        CHECK(s.refusal("UntagResource", {{"ResourceARN", arn}, {"TagKeys", {bad}}}) == invalid);
        CHECK(s.refusal("CreateStream", {{"StreamName", "n"}, {"Tags", {{bad, "v"}}}}) == invalid);
    }
    CHECK(
        s.refusal("AddTagsToStream", {{"Tags", {{"5%", "v"}}}}) ==
        "InvalidArgumentException: Failed to add tags to stream s under account 000000000000 because some tags contained illegal "
        "characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.");
    CHECK(s.refusal("RemoveTagsFromStream", {{"TagKeys", {"5%"}}}) ==
          "InvalidArgumentException: Failed to remove tags from stream s under account 000000000000 because some tags contained "
          "illegal characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.");
    CHECK(s.refusal("AddTagsToStream", {{"Tags", {{"aws:owner", "v"}}}}) ==
          "InvalidArgumentException: Tag key aws:owner begins with aws:, which is reserved for AWS.");
}

TEST_CASE("tags of a stream that is not ACTIVE are listed and not changed") {
    Stream s{{.state_delay = 5s}};
    s.caller.ask("CreateStream", {{"StreamName", "young"}, {"ShardCount", 1}, {"Tags", {{"k", "v"}}}});
    CHECK(s.refusal("AddTagsToStream", {{"StreamName", "young"}, {"Tags", {{"a", "b"}}}}) ==
          "ResourceInUseException: Stream young under account 000000000000 not ACTIVE, instead in state CREATING");
    CHECK(s.ask("ListTagsForStream", {{"StreamName", "young"}})["Tags"] == json{{{"Key", "k"}, {"Value", "v"}}});
}

TEST_CASE("an ARN of something that is no stream names nothing, and text that is no ARN is refused") {
    Stream s;
    const auto told = [&](const std::string& resource) { return s.refusal("ListTagsForResource", {{"ResourceARN", resource}}); };
    const std::string front = "arn:aws:kinesis:us-east-1:000000000000:";
    CHECK(told(front + "stream/s") == "");
    CHECK(told(front + "stream/nobody") == "ResourceNotFoundException: Stream nobody under account 000000000000 not found.");
    CHECK(told(front + "stream/s/consumer/c:1700000000") ==
          "ResourceNotFoundException: Consumer c of stream s under account 000000000000 not found.");
    CHECK(told(front + "queue/q") == "ResourceNotFoundException: Queue " + front + "queue/q not found.");
    for (const auto* bad : {"", "s", "arn:aws:kinesis:us-east-1:00000000000:stream/s",
                            "arn:aws:kinesis:us-east-1:000000000000:topic/s", "arn:aws:kinesis:us-east-1:000000000000:stream/",
                            "arn:aws:sqs:us-east-1:000000000000:queue/q", "arn:aws:kinesis:us-east-1:000000000000:stream/s s"}) {
        CAPTURE(bad);
        CHECK(told(bad).starts_with("ValidationException: "));
    }
}

TEST_CASE("tags that cannot be stored are refused and not there") {
    Stream s;
    s.world.store.fail(1);
    CHECK(s.refusal("AddTagsToStream", {{"Tags", {{"a", "b"}}}}) == "InternalFailure: Internal service failure.");
    CHECK(s.tags() == json::array());
    CHECK(s.refusal("AddTagsToStream", {{"Tags", {{"a", "b"}}}}) == "");
    s.world.open();
    CHECK(s.tags() == json{{{"Key", "a"}, {"Value", "b"}}});
}
