// ListChannels: by name. A filter names streams, each by its ARN and, if it likes, by the second of its creation; one that is not
// there matches nothing. A token remembers the place, for 5 minutes, and goes with the same filter.
#include "protocol/kinesis/operations/list_channels.h"

#include <algorithm>

#include "emulator/kinesis/channels.h"
#include "emulator/kinesis/records/iterators.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {
namespace {

// Whole seconds are all a client can know.
bool matches(const Call& call, const streams::Stream& stream, const StreamFilter& filter) {
    const auto& second = filter.stream_creation_timestamp;
    return look_up(call, {.name = {}, .arn = filter.stream_arn, .id = {}}, name_in_arn(*filter.stream_arn)).get() == &stream &&
           (!second || to_ms(*second) / 1000 == to_ms(stream.created) / 1000);
}

}   // namespace

Task<Reply<ListChannels>> handle(Call& call, const ListChannels& request) {
    const Time now = call.world.clock->now();
    std::string after;
    if (request.next_token) {
        const auto page = open_page(*request.next_token);
        if (!page || page->listing != "channels") co_return std::unexpected{texts::token_invalid()};
        if (now - page->issued > milliseconds{streams::iterator_life_ms}) co_return std::unexpected{texts::token_expired()};
        after = page->after;
    }
    const auto most = static_cast<std::size_t>(std::min(request.max_results.value_or(most_listed), most_listed));
    const auto& all = streams::channels_of(call.world).all();
    ListChannels::Result told;
    std::string last;
    for (auto at = all.upper_bound(after); at != all.end(); ++at) {
        const auto& found = at->second;
        if (!mine(call, found)) continue;
        if (request.stream_filter &&
            std::ranges::none_of(*request.stream_filter, [&](const auto& one) { return matches(call, *found.stream, one); }))
            continue;
        if (told.channel_summaries.size() == most) {
            told.next_token = seal(Page{.listing = "channels", .after = last, .issued = now});
            break;
        }
        told.channel_summaries.push_back(summary_of(call, found));
        last = at->first;
    }
    co_return told;
}

template Task<Answer> serve<ListChannels>(Serving);

}   // namespace sluice::kinesis
