// CreateStream: a stream is a topic at once. With only a name it is on-demand with 4 shards (seen: AWS 2024).
#include "protocol/kinesis/operations/create_stream.h"
#include "emulator/kinesis/account.h"
#include "emulator/kinesis/address.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/tags.h"
#include "emulator/kinesis/texts/texts.h"
#include "emulator/streams/catalog/bounds.h"

namespace sluice::kinesis {

Task<Reply<CreateStream>> handle(Call& call, const CreateStream& request) {
    const auto name = *request.stream_name;
    bool on_demand = !request.shard_count;
    if (request.stream_mode_details) on_demand = *request.stream_mode_details->stream_mode == "ON_DEMAND";
    if (name == "." || name == ".." || name.starts_with("__")) co_return std::unexpected{texts::name_unusable(name)};
    if (request.shard_count.value_or(1) > streams::bounds::listed_shards)
        co_return std::unexpected{too_many_shards(call, *request.shard_count)};
    const auto warm = request.warm_throughput_mibps.value_or(0);
    if (auto fault = fault_of_warm(call, on_demand, warm)) co_return std::unexpected{*fault};
    const bool spread = request.record_distribution_strategy == "AUTO";
    if (spread && !on_demand) co_return std::unexpected{texts::spread_needs_on_demand(name, call.account())};
    streams::Engine::NewStream wanted;
    wanted.name = call.names.topic(name);
    wanted.shards = request.shard_count.value_or(on_demand ? streams::on_demand_shards : 1);
    if (warm > 0) wanted.shards = std::max(wanted.shards, shards_for(warm));
    wanted.warm_mibps = warm;
    wanted.manners = streams::Manners::kinesis;
    wanted.profile = call.engine.options().kinesis_profile;
    wanted.retention = std::chrono::hours{streams::default_retention_hours};
    wanted.on_demand = on_demand;
    if (spread) wanted.placing = streams::Placing::spread;
    wanted.max_record_bytes = std::int64_t{request.max_record_size_in_kib.value_or(1024)} * 1024;
    wanted.account = call.account();
    wanted.region = call.names.region();
    const auto tags = request.tags.value_or(TextMap{});
    if (auto fault = fault_of_tags(call, name, tags, 0)) co_return std::unexpected{*fault};
    for (const auto& [key, value] : tags) wanted.tags[std::string{key}] = value;
    if (call.names.name(wanted.name) != name) co_return std::unexpected{texts::name_of_other_scope(name)};
    if (!call.engine.find(call.world, wanted.name)) {
        if (auto fault = fault_of_creation(call)) co_return std::unexpected{*fault};
        if (auto fault = fault_of_shards(call, wanted.shards)) co_return std::unexpected{*fault};
        if (auto fault = on_demand ? fault_of_on_demand(call) : std::nullopt) co_return std::unexpected{*fault};
    }
    auto made = call.engine.create(call.world, wanted);
    if (!made) {
        if (made.error() == streams::Fault::exists) co_return std::unexpected{texts::stream_exists(name, call.account())};
        if (made.error() == streams::Fault::name_collides)
            co_return std::unexpected{texts::name_collides(name, call.engine.collision(call.world, wanted.name).value_or("?"))};
        if (made.error() == streams::Fault::bad_text) co_return std::unexpected{Error{ErrorCode::serialization}};
        co_return std::unexpected{texts::internal_failure()};
    }
    const auto done = co_await made->ticket.committed();
    if (!done) co_return std::unexpected{texts::internal_failure()};
    co_return NoResult{};
}

template Task<Answer> serve<CreateStream>(Serving);

}   // namespace sluice::kinesis
