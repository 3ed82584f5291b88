// CreateStream: a stream is a topic at once. With only a name it is on-demand with 4 shards (seen: AWS 2024).
#include "emulator/kinesis/address.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {

Task<Reply<CreateStream>> handle(Call& call, const CreateStream& request) {
    const auto name = *request.stream_name;
    bool on_demand = !request.shard_count;
    if (request.stream_mode_details) on_demand = *request.stream_mode_details->stream_mode == "ON_DEMAND";
    if (request.shard_count.value_or(1) > streams::max_shards_per_stream)
        co_return std::unexpected{Error{
            ErrorCode::limit_exceeded,
            fmt::format(
                "This request would exceed the shard limit for the account {} in {}. Current shard count for the account: {}. "
                "Limit: {}. Number of additional shards that would have resulted from this request: {}. Refer to the AWS "
                "Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current "
                "limits and how to request higher limits.",
                call.account(), call.names.scope().region, 0, streams::max_shards_per_stream, *request.shard_count)}};
    streams::Engine::NewStream wanted;
    wanted.name = call.names.topic(name);
    wanted.shards = request.shard_count.value_or(on_demand ? 4 : 1);
    wanted.profile = call.engine.options().kinesis_profile;
    wanted.retention = std::chrono::hours{streams::default_retention_hours};
    wanted.on_demand = on_demand;
    wanted.max_record_bytes = std::int64_t{request.max_record_size_in_kib.value_or(1024)} * 1024;
    wanted.account = call.account();
    wanted.region = call.names.separate() ? call.names.scope().region : call.caller.region;
    for (const auto& [key, value] : request.tags.value_or(TextMap{})) wanted.tags[std::string{key}] = value;
    if (call.names.name(wanted.name) != name) co_return std::unexpected{texts::name_of_other_scope(name)};
    auto made = call.engine.create(call.world, wanted);
    if (!made) {
        if (made.error() == streams::Fault::exists) co_return std::unexpected{texts::stream_exists(name, call.account())};
        if (made.error() == streams::Fault::name_collides)
            co_return std::unexpected{texts::name_collides(name, call.engine.collision(call.world, wanted.name).value_or("?"))};
        co_return std::unexpected{texts::internal_failure()};
    }
    const auto done = co_await made->ticket.committed();
    if (!done) co_return std::unexpected{texts::internal_failure()};
    co_return NoResult{};
}

template Task<Answer> serve<CreateStream>(streams::Engine&, const DoorOptions&, Serving);

}   // namespace sluice::kinesis
