// UntagResource: the same tags as those of RemoveTagsFromStream.
#include "protocol/kinesis/operations/untag_resource.h"
#include "emulator/kinesis/resources.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/tags.h"

namespace sluice::kinesis {

Task<Reply<UntagResource>> handle(Call& call, const UntagResource& request) {
    const auto found = resource_of(call, request);
    if (!found) co_return std::unexpected{found.error()};
    auto change = remove_tags(call, *found, *request.tag_keys);
    if (auto fault = co_await std::move(change)) co_return std::unexpected{*fault};
    co_return NoResult{};
}

template Task<Answer> serve<UntagResource>(Serving);

}   // namespace sluice::kinesis
