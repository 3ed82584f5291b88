// ListStreamConsumers: by name. A token remembers the stream's incarnation and the place, for 5 minutes.
#include "protocol/kinesis/operations/list_stream_consumers.h"

#include <algorithm>

#include "emulator/kinesis/consumers.h"
#include "emulator/kinesis/records/iterators.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {
namespace {

std::string listing_of(const streams::Stream& stream) { return fmt::format("consumers {}", std::to_underlying(stream.id)); }

}   // namespace

Task<Reply<ListStreamConsumers>> handle(Call& call, const ListStreamConsumers& request) {
    const auto found = find_stream(call, {.name = {}, .arn = request.stream_arn, .id = request.stream_id});
    if (!found) co_return std::unexpected{found.error()};
    const auto& stream = **found;
    const Time now = call.world.clock->now();
    std::string after;
    if (request.next_token) {
        if (request.stream_creation_timestamp) co_return std::unexpected{texts::token_alone("StreamCreationTimestamp")};
        const auto page = open_page(*request.next_token);
        if (!page || page->listing != listing_of(stream)) co_return std::unexpected{texts::token_invalid()};
        if (now - page->issued > milliseconds{streams::iterator_life_ms}) co_return std::unexpected{texts::token_expired()};
        after = page->after;
    }
    // It names one incarnation of the stream; whole seconds are all a client can know.
    if (request.stream_creation_timestamp && to_ms(*request.stream_creation_timestamp) / 1000 != to_ms(stream.created) / 1000)
        co_return std::unexpected{texts::stream_not_found(call.name(stream), call.account())};
    const auto most = static_cast<std::size_t>(std::min(request.max_results.value_or(most_listed), most_listed));
    ListStreamConsumers::Result told;
    for (auto at = stream.consumers.upper_bound(after); at != stream.consumers.end(); ++at) {
        if (told.consumers.size() == most) {
            told.next_token =
                seal(Page{.listing = listing_of(stream), .after = told.consumers.back().consumer_name, .issued = now});
            break;
        }
        told.consumers.push_back(describe(call, stream, *at->second));
    }
    co_return told;
}

template Task<Answer> serve<ListStreamConsumers>(Serving);

}   // namespace sluice::kinesis
