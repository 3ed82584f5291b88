// UpdateQueue: records in flight keep the time that they were received with.
#include "protocol/kinesis/operations/update_queue.h"
#include "emulator/kinesis/operations/attributes.h"
#include "emulator/kinesis/queues.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/queues.h"

namespace sluice::kinesis {

Task<Reply<UpdateQueue>> handle(Call& call, const UpdateQueue& request) {
    const auto found = find_queue(call, *request.queue_arn);
    if (!found) co_return std::unexpected{found.error()};
    const auto queue = *found;
    if (queue->status != streams::StreamStatus::active)
        co_return std::unexpected{texts::queue_not_active(queue->name, status_text(queue->status))};
    const auto attributes = attributes_of(*request.queue_attributes, queue->attributes);
    if (!attributes) co_return std::unexpected{attributes.error()};
    auto changed = call.engine.queues().update(*queue, *attributes);
    DescribedQueue told{describe(call, *queue)};
    auto waiting = stored(std::move(changed));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return told;
}

template Task<Answer> serve<UpdateQueue>(Serving);

}   // namespace sluice::kinesis
