// Registered consumers come and go. Of each name the ARN's second grows, whatever became of consumer, stream, clock and process.
#include <charconv>

#include "tests/sim/history.h"

namespace sluice::sim {

void History::change_consumers(Stream& stream) {
    const auto name = fmt::format("consumer-{}", below(3));
    const auto arn = text(fmt::format("arn:aws:kinesis:us-east-1:000000000000:stream/{}", stream.name));
    queued_ = true;
    if (stream.consumers.contains(name)) {
        say("DeregisterStreamConsumer {} of {}", name, stream.name);
        stream.consumers.erase(name);
        kinesis::DeregisterStreamConsumer request;
        request.stream_arn = arn;
        request.consumer_name = text(name);
        return machine_->ask<kinesis::DeregisterStreamConsumer>(
            std::move(request), hear<kinesis::Reply<kinesis::DeregisterStreamConsumer>>(
                                    [this, of = stream.name](auto& reply) { catalog_fate(of, reply.has_value()); }));
    }
    say("RegisterStreamConsumer {} of {}", name, stream.name);
    stream.consumers.insert(name);
    kinesis::RegisterStreamConsumer request;
    request.stream_arn = arn;
    request.consumer_name = text(name);
    machine_->ask<kinesis::RegisterStreamConsumer>(
        std::move(request), hear<kinesis::Reply<kinesis::RegisterStreamConsumer>>(
                                [this, of = stream.name, name, asked = model_.time.now](auto& reply) {
                                    catalog_fate(of, reply.has_value());
                                    if (!reply) return;
                                    const auto& told = reply->consumer.consumer_arn;
                                    std::int64_t second = 0;
                                    std::from_chars(told.data() + told.rfind(':') + 1, told.data() + told.size(), second);
                                    auto& last = consumer_seconds_[of + "/" + name];
                                    if (second <= last || second < asked / 1000)
                                        broken("{} is registered with second {} after {}", told, second, last);
                                    last = second;
                                }));
}

}   // namespace sluice::sim
