// What the service says, word for word, one function each: the only place where these sentences stand. Spelling mistakes are
// the service's own. Source: AWS answers recorded by kinesalite, LocalStack and moto tests and quoted in public issues.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "protocol/kinesis/errors.h"

namespace sluice::kinesis::texts {

using View = std::string_view;

inline Error stream_not_found(View name, View account) {
    return {ErrorCode::resource_not_found, fmt::format("Stream {} under account {} not found.", name, account)};
}
inline Error stream_exists(View name, View account) {
    return {ErrorCode::resource_in_use, fmt::format("Stream {} under account {} already exists.", name, account)};
}
// Rule 4: ours, since Kinesis itself has no such clash.
inline Error name_collides(View name, View other) {
    return {ErrorCode::invalid_argument,
            fmt::format("Stream {} cannot stand beside stream {}: Kafka topics whose names differ only in '.' and '_' are "
                        "told apart by nobody's metrics, so Kafka refuses the pair, and both doors here share one set of names.",
                        name, other)};
}
// Rule 4: ours, since the name is a topic's at once.
inline Error name_unusable(View name) {
    return {
        ErrorCode::invalid_argument,
        fmt::format("Stream name {} cannot be used: '.' and '..' are no names of Kafka topics, and names that begin with '__' "
                    "belong to Kafka's internal topics, which are not streams.",
                    name)};
}
inline Error too_many_shards(View account, View region, std::int64_t there, std::int64_t most, std::int64_t more) {
    return {ErrorCode::limit_exceeded,
            fmt::format(
                "This request would exceed the shard limit for the account {} in {}. Current shard count for the account: {}. "
                "Limit: {}. Number of additional shards that would have resulted from this request: {}. Refer to the AWS "
                "Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current "
                "limits and how to request higher limits.",
                account, region, there, most, more)};
}
inline Error not_active(View name, View account, View state) {
    return {ErrorCode::resource_in_use,
            fmt::format("Stream {} under account {} not ACTIVE, instead in state {}", name, account, state)};
}
inline Error shard_does_not_exist(View shard, View name, View account) {
    return {ErrorCode::resource_not_found,
            fmt::format("Shard {} in stream {} under account {} does not exist", shard, name, account)};
}
inline Error shard_not_found(View shard, View name, View account) {
    return {ErrorCode::resource_not_found,
            fmt::format("Could not find shard {} in stream {} under account {}.", shard, name, account)};
}
inline std::string rate_exceeded(View shard, View name, View account) {
    return fmt::format("Rate exceeded for shard {} in stream {} under account {}.", shard, name, account);
}
// GetRecords and GetShardIterator.
inline Error read_rate_exceeded(View shard, View name, View account) {
    return {ErrorCode::provisioned_throughput_exceeded, fmt::format("Rate exceeded for Shard - {}/{}/{}", account, name, shard)};
}
// Of calls that name a stream, whoever they are counted for (seen: DescribeStream 2016, CreateStream and DeleteStream 2018).
inline Error calls_exceeded(View name, View account) {
    return {ErrorCode::limit_exceeded, fmt::format("Rate exceeded for stream {} under account {}.", name, account)};
}
// Of those that name none (seen: AWS 2019).
inline Error calls_exceeded(View account) {
    return {ErrorCode::limit_exceeded, fmt::format("Rate exceeded for account {}.", account)};
}
// Seen: AWS 2017.
inline Error too_many_in_creation(View account, std::int64_t most) {
    return {
        ErrorCode::limit_exceeded,
        fmt::format("This request would have exceed the limit on the number of streams that can simultaneously be in CREATING "
                    "or DELETING for the account {}. Limit: {}.",
                    account, most)};
}
// Seen: AWS 2024.
inline Error too_many_on_demand(View account, View region, std::int64_t there, std::int64_t most) {
    return {
        ErrorCode::limit_exceeded,
        fmt::format("This request would exceed the limit on the number of On-Demand streams for the account {} in {}. Current "
                    "On-Demand streams count: {}. Limit: {}.",
                    account, region, there, most)};
}
inline Error invalid_iterator() { return {ErrorCode::invalid_argument, "Invalid ShardIterator."}; }
inline Error iterator_expired(View created, View now) {
    return {ErrorCode::expired_iterator,
            fmt::format("Iterator expired. The iterator was created at time {} while right now it is {} which is further in the "
                        "future than the tolerated delay of 300000 milliseconds.",
                        created, now)};
}
inline Error number_missing(View type) {
    return {ErrorCode::invalid_argument,
            fmt::format("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
                        "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {} and no "
                        "StartingSequenceNumber.",
                        type)};
}
inline Error number_unwanted(View type) {
    return {ErrorCode::invalid_argument,
            fmt::format("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
                        "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {} and also a "
                        "StartingSequenceNumber.",
                        type)};
}
inline Error number_of_other_shard(View encoded, View used) {
    return {ErrorCode::invalid_argument,
            fmt::format("Invalid StartingSequenceNumber. It encodes {}, while it was used in a call to a shard with {}", encoded,
                        used)};
}
inline Error number_invalid(View number, View operation, View shard, View name, View account, bool other_stream) {
    return {ErrorCode::invalid_argument,
            fmt::format("StartingSequenceNumber {} used in {} on shard {} in stream {} under account {} is invalid{}", number,
                        operation, shard, name, account, other_stream ? " because it did not come from this stream." : ".")};
}
inline Error timestamp_missing() {
    return {ErrorCode::invalid_argument,
            "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp "
            "parameter."};
}
inline Error timestamp_in_future(std::int64_t asked, std::int64_t now) {
    return {ErrorCode::invalid_argument,
            fmt::format("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                        "timestampInMillis: {}, currentTimestampInMillis: {}",
                        asked, now)};
}
inline Error ordering_invalid(View number, View name, View account) {
    return {ErrorCode::invalid_argument,
            fmt::format("ExclusiveMinimumSequenceNumber {} used in PutRecord on stream {} under account {} is invalid.", number,
                        name, account)};
}
inline Error hash_key_out_of_range(View key) {
    return {
        ErrorCode::invalid_argument,
        fmt::format("Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {}", key)};
}
inline Error records_too_large() { return {ErrorCode::invalid_argument, "Records size exceeds 10 MB limit"}; }
inline Error bad_split_key(View key, View shard, View name, View account, View first, View last) {
    return {
        ErrorCode::invalid_argument,
        fmt::format("NewStartingHashKey {} used in SplitShard() on shard {} in stream {} under account {} is not both greater "
                    "than one plus the shard's StartingHashKey {} and less than the shard's EndingHashKey {}.",
                    key, shard, name, account, first, last)};
}
inline Error already_resharded(View shard, View name, View account) {
    return {ErrorCode::invalid_argument,
            fmt::format("Shard {} in stream {} under account {} has already been merged or split, and thus is not eligible for "
                        "merging or splitting.",
                        shard, name, account)};
}
inline Error not_adjacent(View first, View second, View name, View account) {
    return {ErrorCode::invalid_argument,
            fmt::format("Shards {} and {} in stream {} under account {} are not an adjacent pair of shards eligible for merging",
                        first, second, name, account)};
}
inline Error on_demand(View name, View account) {
    return {ErrorCode::validation,
            fmt::format("Request is invalid. Stream {} under account {} is in On-Demand mode.", name, account)};
}
inline Error tags_invalid() {
    return {ErrorCode::invalid_argument,
            "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @."};
}
// `change`: "add tags to", "remove tags from".
inline Error tags_illegal(View change, View name, View account) {
    return {ErrorCode::invalid_argument,
            fmt::format("Failed to {} stream {} under account {} because some tags contained illegal characters. The "
                        "allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.",
                        change, name, account)};
}
// AWS says 10 and means 50 (seen: AWS 2016).
inline Error too_many_tags(View name, View account) {
    return {ErrorCode::invalid_argument,
            fmt::format("Failed to add tags to stream {} under account {} because a given stream cannot have more than 10 tags "
                        "associated with it.",
                        name, account)};
}
// The first sentence is quoted by AWS's Landing Zone Accelerator, the second is like it and unconfirmed; so is the exception.
inline Error scaled_too_high(std::int64_t open, std::int64_t target) {
    return {ErrorCode::limit_exceeded, fmt::format("UpdateShardCount cannot scale up over double your current open shard count. "
                                                   "Current open shard count: {} Target shard count: {}",
                                                   open, target)};
}
inline Error scaled_too_low(std::int64_t open, std::int64_t target) {
    return {ErrorCode::limit_exceeded, fmt::format("UpdateShardCount cannot scale down below half your current open shard count. "
                                                   "Current open shard count: {} Target shard count: {}",
                                                   open, target)};
}
inline Error retention_too_short(int hours) {
    return {
        ErrorCode::invalid_argument,
        fmt::format("Minimum allowed retention period is 24 hours. Requested retention period ({} hours) is too short.", hours)};
}
inline Error retention_too_long(int hours) {
    return {
        ErrorCode::invalid_argument,
        fmt::format("Maximum allowed retention period is 8760 hours. Requested retention period ({} hours) is too long.", hours)};
}
inline Error retention_not_longer(int hours, View name, int existing) {
    return {
        ErrorCode::invalid_argument,
        fmt::format("Requested retention period ({} hours) for stream {} can not be shorter than existing retention period ({} "
                    "hours). Use DecreaseRetentionPeriod API.",
                    hours, name, existing)};
}
inline Error retention_not_shorter(int hours, View name, int existing) {
    return {
        ErrorCode::invalid_argument,
        fmt::format("Requested retention period ({} hours) for stream {} can not be longer than existing retention period ({} "
                    "hours). Use IncreaseRetentionPeriod API.",
                    hours, name, existing)};
}
inline Error consumer_not_active(View consumer, std::int64_t created_s, View name, View account) {
    return {ErrorCode::resource_in_use,
            fmt::format("Consumer {} with creation timestamp {} under stream {} and account {} is not in ACTIVE status.",
                        consumer, created_s, name, account)};
}
inline Error subscribed_already(View account, View name, View shard, View consumer) {
    return {ErrorCode::resource_in_use,
            fmt::format("Another active subscription exists for this consumer: {}:{}:{}:{}", account, name, shard, consumer)};
}
// ACCOUNT:NAME and NAME, or twice the ARN by which the request named the stream (seen: AWS 2018, 2022).
inline Error has_consumers(View whole, View stream) {
    return {
        ErrorCode::resource_in_use,
        fmt::format("DeleteStream can't delete {} because there are consumers associated with this data stream. To delete {} "
                    "anyway, set the EnforceConsumerDeletion parameter to true to force the deletion of all the consumers that "
                    "are associated with it.",
                    whole, stream)};
}
inline Error token_alone(View other) {
    return {ErrorCode::invalid_argument, fmt::format("NextToken and {} cannot be provided together.", other)};
}
inline Error nothing_to_list() { return {ErrorCode::invalid_argument, "Either NextToken or StreamName should be provided."}; }
// The next ones are ours where no real answer is known.
inline Error consumer_exists(View consumer, View name, View account) {
    return {ErrorCode::resource_in_use,
            fmt::format("Consumer {} of stream {} under account {} already exists.", consumer, name, account)};
}
inline Error consumer_not_found(View consumer, View name, View account) {
    return {ErrorCode::resource_not_found,
            fmt::format("Consumer {} of stream {} under account {} not found.", consumer, name, account)};
}
inline Error consumer_unnamed() {
    return {ErrorCode::invalid_argument, "Name the consumer by its ConsumerARN, or by StreamARN and ConsumerName."};
}
inline Error consumer_named_twice() {
    return {ErrorCode::invalid_argument, "ConsumerARN, StreamARN and ConsumerName do not name the same consumer."};
}
inline Error too_many_consumers(View name, View account, std::size_t most) {
    return {ErrorCode::limit_exceeded,
            fmt::format("Stream {} under account {} has {} registered consumers, the most it may have.", name, account, most)};
}
inline Error too_many_creating(View name, View account, std::size_t most) {
    return {ErrorCode::limit_exceeded,
            fmt::format("Stream {} under account {} has {} consumers in state CREATING, the most at once.", name, account, most)};
}
inline Error token_invalid() { return {ErrorCode::invalid_argument, "Invalid NextToken."}; }
inline Error token_expired() {
    return {ErrorCode::expired_next_token, "NextToken expired. A token can be used for 300 seconds after it was given out."};
}
inline Error filter_needs(View type, View member) {
    return {ErrorCode::invalid_argument, fmt::format("ShardFilter of type {} needs the parameter {}.", type, member)};
}
inline Error name_and_arn_differ(View name, View arn) {
    return {ErrorCode::invalid_argument, fmt::format("StreamName {} and StreamARN {} do not name the same stream.", name, arn)};
}
inline Error name_of_other_scope(View name) {
    return {ErrorCode::invalid_argument,
            fmt::format("Stream name {} is the topic name of a stream in another account or region. Choose another name.", name)};
}
inline Error stream_id_refused() {
    return {ErrorCode::invalid_argument,
            "StreamId is not served here: SDKs send a request with a StreamId to the real service instead of a custom endpoint, "
            "so no answer contains one. Use StreamName or StreamARN."};
}
inline Error iterator_of_other_stream(View arn) {
    return {ErrorCode::invalid_argument, fmt::format("ShardIterator was not given out for the stream {}.", arn)};
}
inline Error dry_run() {
    return {ErrorCode::dry_run_operation, "Request would have succeeded, but the DryRun parameter is set."};
}
inline Error not_emulated(View operation) {
    return {ErrorCode::unknown_operation, fmt::format("{} is not emulated yet.", operation)};
}
inline Error member_null(View member) {
    return {ErrorCode::validation, fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: "
                                               "Member must not be null",
                                               member)};
}
inline Error data_too_long(View path, std::int64_t size, std::int64_t most) {
    return {ErrorCode::validation,
            fmt::format("1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]' at '{1}' failed to "
                        "satisfy constraint: Member must have length less than or equal to {2}",
                        size, path, most)};
}
inline Error tag_reserved(View key) {
    return {ErrorCode::invalid_argument, fmt::format("Tag key {} begins with aws:, which is reserved for AWS.", key)};
}
inline Error resource_not_found(View arn) { return {ErrorCode::resource_not_found, fmt::format("Resource {} not found.", arn)}; }
inline Error too_often(View operation, std::size_t times, View name, View account) {
    return {ErrorCode::limit_exceeded,
            fmt::format("{} was called successfully {} times for stream {} under account {} within the last 24 hours, which is "
                        "as often as it may be.",
                        operation, times, name, account)};
}
inline Error target_too_high(std::int64_t most, std::int64_t target) {
    return {ErrorCode::limit_exceeded,
            fmt::format("UpdateShardCount cannot scale a stream to more than {} shards. Target shard count: {}", most, target)};
}
inline Error encryption_type_none() {
    return {ErrorCode::invalid_argument, "EncryptionType NONE is none that can be asked for. The only valid value is KMS."};
}
inline Error encryption_changed_too_often(View name) {
    return {ErrorCode::limit_exceeded,
            fmt::format("The encryption of stream {} was changed so often among the records that it holds that no further change "
                        "is remembered. Wait until the oldest records have expired.",
                        name)};
}
inline Error policy_malformed() { return {ErrorCode::invalid_argument, "Policy is not a JSON object of at most 20480 bytes."}; }
inline Error policy_not_found(View arn) {
    return {ErrorCode::resource_not_found, fmt::format("No resource policy found for resource {}.", arn)};
}
inline Error spread_needs_on_demand(View name, View account) {
    return {ErrorCode::invalid_argument,
            fmt::format("RecordDistributionStrategy AUTO is for streams in On-Demand mode only. Stream {} under account {} is in "
                        "Provisioned mode.",
                        name, account)};
}
inline Error spread_is_on_demand(View name, View account) {
    return {
        ErrorCode::invalid_argument,
        fmt::format("Stream {} under account {} has the RecordDistributionStrategy AUTO, which is for streams in On-Demand mode "
                    "only. Set it to USER_PARTITION_KEY with UpdateStreamRecordDistributionStrategy first.",
                    name, account)};
}
inline Error warm_needs_on_demand() {
    return {ErrorCode::validation, "WarmThroughputMiBps can be set for streams in On-Demand mode only."};
}
inline Error warm_needs_commitment(View account) {
    return {ErrorCode::validation,
            fmt::format("WarmThroughputMiBps needs MinimumThroughputBillingCommitment, which is not enabled for account {}. Use "
                        "UpdateAccountSettings.",
                        account)};
}
inline Error warm_too_high(std::int64_t most) {
    return {ErrorCode::limit_exceeded, fmt::format("WarmThroughputMiBps cannot be more than {}.", most)};
}
inline Error internal_failure() { return {ErrorCode::internal_failure, "Internal service failure."}; }

}   // namespace sluice::kinesis::texts
