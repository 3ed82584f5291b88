#include "emulator/kinesis/consumers.h"

#include <charconv>

#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {

ConsumerArn parts_of(std::string_view arn) {
    constexpr std::string_view stream = "stream/", consumer = "/consumer/";
    ConsumerArn parts;
    const auto colon = arn.rfind(':'), of_consumer = arn.rfind(consumer), of_stream = arn.substr(0, of_consumer).rfind(stream);
    parts.stream = arn.substr(of_stream + stream.size(), of_consumer - of_stream - stream.size());
    parts.consumer = arn.substr(of_consumer + consumer.size(), colon - of_consumer - consumer.size());
    // A second that no number holds is that of no consumer.
    const auto second = arn.substr(colon + 1);
    if (std::from_chars(second.data(), second.data() + second.size(), parts.created_s).ec != std::errc{}) parts.created_s = -1;
    return parts;
}

std::expected<FoundConsumer, Error> find_consumer(const Call& call, std::string_view arn) {
    const auto parts = parts_of(arn);
    auto stream = look_up(call, Address{.name = {}, .arn = arn, .id = {}}, parts.stream);
    if (!stream) return std::unexpected{texts::stream_not_found(parts.stream, call.account())};
    const auto found = stream->consumers.find(parts.consumer);
    if (found == stream->consumers.end() || found->second->created_s != parts.created_s)
        return std::unexpected{texts::consumer_not_found(parts.consumer, parts.stream, call.account())};
    return FoundConsumer{std::move(stream), std::experimental::get_underlying(found->second).get()};
}

std::expected<FoundConsumer, Error> find_consumer(const Call& call, std::optional<std::string_view> stream_arn,
                                                  std::optional<std::string_view> name,
                                                  std::optional<std::string_view> consumer_arn,
                                                  std::optional<std::string_view> stream_id) {
    if (stream_id) return std::unexpected{texts::stream_id_refused()};
    if (consumer_arn) {
        const auto parts = parts_of(*consumer_arn);
        if ((stream_arn && name_in_arn(*stream_arn) != parts.stream) || (name && *name != parts.consumer))
            return std::unexpected{texts::consumer_named_twice()};
        return find_consumer(call, *consumer_arn);
    }
    if (!stream_arn || !name) return std::unexpected{texts::consumer_unnamed()};
    auto stream = find_stream(call, {.name = {}, .arn = stream_arn, .id = {}});
    if (!stream) return std::unexpected{stream.error()};
    const auto found = (*stream)->consumers.find(*name);
    if (found == (*stream)->consumers.end())
        return std::unexpected{texts::consumer_not_found(*name, call.name(**stream), call.account())};
    return FoundConsumer{*std::move(stream), std::experimental::get_underlying(found->second).get()};
}

std::string arn_of(const Call& call, const streams::Stream& stream, const streams::Consumer& consumer) {
    return fmt::format("{}/consumer/{}:{}", arn_of(call, stream), consumer.name, consumer.created_s);
}

Consumer describe(const Call& call, const streams::Stream& stream, const streams::Consumer& consumer) {
    return {.consumer_name = consumer.name,
            .consumer_arn = arn_of(call, stream, consumer),
            .consumer_status = status_text(consumer.status),
            .consumer_creation_timestamp = from_ms(consumer.created_s * 1000)};
}

}   // namespace sluice::kinesis
