// Channels come, change, move on in a shard and go. Nobody delivers here: how far one has come is said by hand, as a door says
// it. A history has streams of no mode that channels want, so the engine is asked and not the handlers.
#include "emulator/streams/channels.h"

#include "emulator/kinesis/call.h"
#include "emulator/kinesis/texts/texts.h"
#include "protocol/kinesis/rules.h"

namespace sluice::kinesis {
namespace {

// One change of them, carried out as a handler carries out its operation.
struct OfChannels {
    std::function<streams::Result<streams::Ticket>(streams::Channels&)> change;
    using Result = NoResult;
};

}   // namespace

static Task<Reply<OfChannels>> handle(Call& call, const OfChannels& asked) {
    const auto queued = asked.change(streams::channels_of(call.world));
    if (!queued) co_return std::unexpected{texts::internal_failure()};
    const auto done = co_await queued->committed();
    if (!done) co_return std::unexpected{texts::internal_failure()};
    co_return NoResult{};
}

}   // namespace sluice::kinesis

// Behind it, since a machine asks for what it knows a handler of.
#include "tests/sim/history.h"

namespace sluice::sim {

void History::change_channels(Stream& stream) {
    const auto name = fmt::format("{}-channel-{}", stream.name, below(2));
    const auto ask = [&](std::function<streams::Result<streams::Ticket>(streams::Channels&)> change) {
        queued_ = true;
        machine_->ask<kinesis::OfChannels>({std::move(change)},
                                           hear<kinesis::Reply<kinesis::OfChannels>>(
                                               [this, of = stream.name](auto& reply) { catalog_fate(of, reply.has_value()); }));
    };
    const auto found = stream.channels.find(name);
    if (found == stream.channels.end()) {
        const auto freshness = 300 + static_cast<Ms>(below(600));
        say("CreateChannel {} of {}", name, freshness);
        stream.channels[name] = freshness;
        return ask([this, of = stream.name, name, freshness](streams::Channels& channels) {
            return channels.make(real(of), {.name = name,
                                            .bucket = "bucket",
                                            .key_template = "!{channel-name}",
                                            .dead_bucket = "bucket",
                                            .dead_prefix = {},
                                            .freshness = std::chrono::seconds{freshness},
                                            .tags = {},
                                            .notes = {}});
        });
    }
    switch (below(3)) {
        case 0:
            say("DeleteChannel {}", name);
            stream.channels.erase(found);
            return ask([name](streams::Channels& channels) { return channels.remove(*channels.find(name)->channel); });
        case 1: {
            const auto freshness = 300 + static_cast<Ms>(below(600));
            say("UpdateChannel {} to {}", name, freshness);
            found->second = freshness;
            return ask([name, freshness](streams::Channels& channels) {
                return channels.change(*channels.find(name)->channel,
                                       {.freshness = std::chrono::seconds{freshness}, .notes = std::nullopt});
            });
        }
        default: {
            const auto shard = static_cast<std::int32_t>(below(stream.shards.size()));
            const auto next = static_cast<Position>(below(50)), to = one_in(2) ? next + 1 : 0;
            say("channel {} comes to {} of shard {}", name, next, shard);
            return ask(
                [name, shard, place = streams::ChannelPlace{.next = next, .to = to, .begun = {}}](streams::Channels& channels) {
                    return channels.set_place(*channels.find(name)->channel, shard, place);
                });
        }
    }
}

void History::look_at_channels(const std::string& name, const Stream& stream) {
    std::map<std::string, Ms> there;
    for (const auto& channel : streams::channels_of(machine_->engine->default_world()).of(real(name)))
        there[channel->name] = channel->freshness.back().span.count() / 1000;
    if (there != stream.channels) broken("{} has other channels", name);
}

}   // namespace sluice::sim
