// What the targets json and cbor have in common: an operation chosen by a byte, and the journeys of a request from one encoding
// to the other and back.
#pragma once

#include <optional>
#include <tuple>

#include "protocol/kinesis/operations/add_tags_to_stream.h"
#include "protocol/kinesis/operations/create_stream.h"
#include "protocol/kinesis/operations/describe_stream.h"
#include "protocol/kinesis/operations/get_records.h"
#include "protocol/kinesis/operations/get_shard_iterator.h"
#include "protocol/kinesis/operations/list_shards.h"
#include "protocol/kinesis/operations/list_streams.h"
#include "protocol/kinesis/operations/put_record.h"
#include "protocol/kinesis/operations/put_records.h"
#include "protocol/kinesis/operations/remove_tags_from_stream.h"
#include "protocol/kinesis/operations/split_shard.h"
#include "protocol/kinesis/operations/update_shard_count.h"
#include "protocol/kinesis/request.h"
#include "protocol/kinesis/schema.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {

// One of each kind of member: text, blobs, lists of both, maps, numbers, times, structures.
using Operations = std::tuple<kinesis::PutRecords, kinesis::PutRecord, kinesis::GetShardIterator, kinesis::ListShards,
                              kinesis::AddTagsToStream, kinesis::RemoveTagsFromStream, kinesis::CreateStream, kinesis::GetRecords,
                              kinesis::DescribeStream, kinesis::ListStreams, kinesis::SplitShard, kinesis::UpdateShardCount>;

template <class T>
void journey(std::string_view body, kinesis::Encoding encoding) {
    using namespace kinesis;
    Arena arena{body.size()};
    const auto request = read<T>(body, encoding, arena, Caller{});
    const bool malformed = !request && request.error() == Error{ErrorCode::serialization};
    must(malformed != well_formed(body, encoding), "a body that is skipped and one that is read are malformed alike");
    if (!request) return;
    for (const auto other : {Encoding::json, Encoding::cbor}) {
        std::string written;
        encode(*request, other, written);
        Arena room{written.size()};
        const Exact exact{bytes_of(written)};
        const auto same = read<T>(exact.text(), other, room, Caller{});
        must(same.has_value(), "a request that was read can be written and read again");
        std::string once, twice;
        encode(*request, Encoding::cbor, once);
        encode(*same, Encoding::cbor, twice);
        must(once == twice, "a request is the same by either encoding");
    }
}

template <std::size_t I = 0>
void journey_of(std::size_t which, std::string_view body, kinesis::Encoding encoding) {
    if constexpr (I < std::tuple_size_v<Operations>) {
        if (which == I) return journey<std::tuple_element_t<I, Operations>>(body, encoding);
        return journey_of<I + 1>(which, body, encoding);
    }
}

}   // namespace sluice::fuzz
