// AddTagsToStream: a key that is there gets the new value.
#include "protocol/kinesis/operations/add_tags_to_stream.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/tags.h"

namespace sluice::kinesis {

Task<Reply<AddTagsToStream>> handle(Call& call, const AddTagsToStream& request) {
    const auto stream = find_stream(call, address_of(request));
    if (!stream) co_return std::unexpected{stream.error()};
    auto change = add_tags(call, Resource{*stream}, *request.tags);
    if (auto fault = co_await std::move(change)) co_return std::unexpected{*fault};
    co_return NoResult{};
}

template Task<Answer> serve<AddTagsToStream>(Serving);

}   // namespace sluice::kinesis
