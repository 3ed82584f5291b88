// ListTagsForResource: in any state of the stream.
#include "protocol/kinesis/operations/list_tags_for_resource.h"
#include "emulator/kinesis/resources.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/tags.h"

namespace sluice::kinesis {

Task<Reply<ListTagsForResource>> handle(Call& call, const ListTagsForResource& request) {
    const auto found = resource_of(call, request);
    if (!found) co_return std::unexpected{found.error()};
    co_return ListTagsForResource::Result{tags_of(*found)};
}

template Task<Answer> serve<ListTagsForResource>(Serving);

}   // namespace sluice::kinesis
