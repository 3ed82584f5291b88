#include "emulator/kinesis/counted.h"

#include "emulator/kinesis/channels.h"
#include "emulator/kinesis/queues.h"

namespace sluice::kinesis {

void count_call_of_queue(const Call& call, std::string_view arn) {
    const auto found = find_queue(call, arn);
    const auto stream = found ? call.engine.find(call.world, (*found)->stream_name) : nullptr;
    if (stream) call.engine.count_call(*stream, streams::Door::queue);
}

void count_call_of_channel(const Call& call, std::string_view arn) {
    if (const auto found = find_channel(call, arn)) call.engine.count_call(*found->stream, streams::Door::channel);
}

void count_call_of_stream(const Call& call, std::string_view arn, streams::Door about) {
    if (const auto stream = look_up(call, {.name = {}, .arn = arn, .id = {}}, name_in_arn(arn)))
        call.engine.count_call(*stream, about);
}

}   // namespace sluice::kinesis
