// RemoveTagsFromStream: keys that are not there are ignored.
#include "protocol/kinesis/operations/remove_tags_from_stream.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/tags.h"

namespace sluice::kinesis {

Task<Reply<RemoveTagsFromStream>> handle(Call& call, const RemoveTagsFromStream& request) {
    const auto stream = find_stream(call, address_of(request));
    if (!stream) co_return std::unexpected{stream.error()};
    auto change = remove_tags(call, Resource{*stream}, *request.tag_keys);
    if (auto fault = co_await std::move(change)) co_return std::unexpected{*fault};
    co_return NoResult{};
}

template Task<Answer> serve<RemoveTagsFromStream>(Serving);

}   // namespace sluice::kinesis
