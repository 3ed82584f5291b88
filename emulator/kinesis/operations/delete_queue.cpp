// DeleteQueue: one that is being deleted is left alone. Calls that wait for its records end at once.
#include "protocol/kinesis/operations/delete_queue.h"
#include "emulator/kinesis/operations/attributes.h"
#include "emulator/kinesis/queues.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Reply<DeleteQueue>> handle(Call& call, const DeleteQueue& request) {
    const auto queue = find_queue(call, *request.queue_arn);
    if (!queue) co_return std::unexpected{queue.error()};
    auto waiting = stored(call.engine.queues().remove(**queue));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return NoResult{};
}

template Task<Answer> serve<DeleteQueue>(Serving);

}   // namespace sluice::kinesis
