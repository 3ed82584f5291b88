// TagResource: the same tags as those of AddTagsToStream.
#include "protocol/kinesis/operations/tag_resource.h"
#include "emulator/kinesis/resources.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/tags.h"

namespace sluice::kinesis {

Task<Reply<TagResource>> handle(Call& call, const TagResource& request) {
    const auto found = resource_of(call, request);
    if (!found) co_return std::unexpected{found.error()};
    auto change = add_tags(call, *found, *request.tags);
    if (auto fault = co_await std::move(change)) co_return std::unexpected{*fault};
    co_return NoResult{};
}

template Task<Answer> serve<TagResource>(Serving);

}   // namespace sluice::kinesis
