// From what a request says of a registered consumer to the engine's, and back to its ARN.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/call.h"
#include "protocol/kinesis/consumer_shapes.h"

namespace sluice::kinesis {

// `arn:…:stream/S/consumer/NAME:SECOND`, whose form the constraints have checked.
struct ConsumerArn {
    std::string_view stream, consumer;
    std::int64_t created_s{};
};
ConsumerArn parts_of(std::string_view consumer_arn);

struct FoundConsumer {
    StreamPointer stream;
    const streams::Consumer* consumer{};   // lives as long as it is registered
};
std::expected<FoundConsumer, Error> find_consumer(const Call&, std::string_view consumer_arn);
// By its ARN, by its stream's and its name, or by all of them when they agree.
std::expected<FoundConsumer, Error> find_consumer(const Call&, std::optional<std::string_view> stream_arn,
                                                  std::optional<std::string_view> name,
                                                  std::optional<std::string_view> consumer_arn,
                                                  std::optional<std::string_view> stream_id);

std::string arn_of(const Call&, const streams::Stream&, const streams::Consumer&);
Consumer describe(const Call&, const streams::Stream&, const streams::Consumer&);

}   // namespace sluice::kinesis
