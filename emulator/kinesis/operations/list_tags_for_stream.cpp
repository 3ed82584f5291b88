// ListTagsForStream: sorted by key, in pages behind a key, which need not be there.
#include "protocol/kinesis/operations/list_tags_for_stream.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/tags.h"

namespace sluice::kinesis {

Task<Reply<ListTagsForStream>> handle(Call& call, const ListTagsForStream& request) {
    const auto found = find_stream(call, address_of(request));
    if (!found) co_return std::unexpected{found.error()};
    const auto& tags = (*found)->tags;
    const auto most = static_cast<std::size_t>(request.limit.value_or(most_tags));
    ListTagsForStream::Result told;
    for (auto at = tags.upper_bound(std::string{request.exclusive_start_tag_key.value_or("")}); at != tags.end(); ++at) {
        if (told.tags.size() == most) {
            told.has_more_tags = true;
            break;
        }
        told.tags.push_back({at->first, at->second});
    }
    co_return told;
}

template Task<Answer> serve<ListTagsForStream>(Serving);

}   // namespace sluice::kinesis
