// SubscribeToShard: faults are an ordinary answer; then the answer is a stream of events, and the rest is pushed
// (records/pushed.h).
#include "protocol/kinesis/operations/subscribe_to_shard.h"

#include "emulator/kinesis/consumers.h"
#include "emulator/kinesis/kms.h"
#include "emulator/kinesis/records/pushed.h"
#include "emulator/kinesis/records/starting.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"
#include "protocol/kinesis/event_stream.h"

namespace sluice::kinesis {

Task<Written> handle(Call& call, const SubscribeToShard& request) {
    if (request.stream_id) co_return std::unexpected{texts::stream_id_refused()};
    const auto found = find_consumer(call, *request.consumer_arn);
    if (!found) co_return std::unexpected{found.error()};
    const auto& stream = *found->stream;
    const auto& consumer = *found->consumer;
    const auto name = call.name(stream);
    const auto index = shard_or_fault(call, *request.shard_id, name);
    if (!index) co_return std::unexpected{index.error()};
    const auto* shard = stream.status != streams::StreamStatus::creating ? stream.shard(*index) : nullptr;
    if (!shard || expired(*shard, call.world.clock->now()))
        co_return std::unexpected{texts::shard_does_not_exist(shard_id(*index), name, call.account())};
    if (consumer.status != streams::StreamStatus::active)
        co_return std::unexpected{texts::consumer_not_active(consumer.name, consumer.created_s, name, call.account())};
    const auto& asked = *request.starting_position;
    const Start start{*asked.type, asked.sequence_number, asked.timestamp, request.operation};
    if (const auto fault = fault_of(call, *shard, start)) co_return std::unexpected{*fault};
    if (request.dry_run.value_or(false)) co_return std::unexpected{texts::dry_run()};
    const auto consumer_name = consumer.name;
    auto made = call.engine.subscribe(stream, consumer_name, *index);
    const auto taken = texts::subscribed_already(call.account(), name, shard_id(*index), consumer_name);
    if (!made) co_return std::unexpected{taken};
    auto finding = position_of(call, *shard, start);
    const auto from = co_await std::move(finding);
    call.push = [pushed = Pushed{.engine = call.engine,
                                 .world = call.world,
                                 .stream = found->stream,
                                 .shard = shard,
                                 .by = *std::move(made),
                                 .next = from,
                                 .fault = fault_of_key(call, *found->stream),
                                 .taken_text = *taken.message,
                                 .gone_text = *texts::consumer_not_found(consumer_name, name, call.account()).message}](
                    Exchange& out) mutable { return push(std::move(pushed), out); };
    Answer answer{.content_type = event_stream_type};
    append_initial_response(answer.body);
    co_return answer;
}

template Task<Answer> serve<SubscribeToShard>(Serving);

}   // namespace sluice::kinesis
