// UpdateMaxRecordSize: counts for the next put. Records that are larger stay readable. The bucket of a shard holds at least one
// record of that size (rule 10).
#include "protocol/kinesis/operations/update_max_record_size.h"
#include "emulator/kinesis/operations/attributes.h"

namespace sluice::kinesis {

Task<Reply<UpdateMaxRecordSize>> handle(Call& call, const UpdateMaxRecordSize& request) {
    if (!request.stream_arn && !request.stream_id) co_return std::unexpected{texts::member_null("streamARN")};
    const auto found = find_active(call, {.name = {}, .arn = request.stream_arn, .id = request.stream_id});
    if (!found) co_return std::unexpected{found.error()};
    auto waiting = stored(call.engine.set_largest_record(**found, std::int64_t{*request.max_record_size_in_kib} * 1024));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return NoResult{};
}

template Task<Answer> serve<UpdateMaxRecordSize>(Serving);

}   // namespace sluice::kinesis
