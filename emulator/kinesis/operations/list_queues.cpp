// ListQueues: by name. A filter names streams; one that does not exist has no queues. A token remembers the place and the filter,
// for 5 minutes.
#include "protocol/kinesis/operations/list_queues.h"
#include "emulator/kinesis/queues.h"
#include "emulator/kinesis/records/iterators.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {

namespace {

// The streams by number, in their order; nothing: all.
std::optional<std::set<streams::StreamId>> filtered(const Call& call, const ListQueues& request) {
    if (!request.stream_filter) return {};
    std::set<streams::StreamId> wanted;
    for (const auto& filter : *request.stream_filter) {
        const auto stream = find_stream(call, {.name = {}, .arn = filter.stream_arn, .id = {}});
        if (!stream) continue;
        const auto created = to_ms((*stream)->created) / 1000;
        if (!filter.stream_creation_timestamp || to_ms(*filter.stream_creation_timestamp) / 1000 == created)
            wanted.insert((*stream)->id);
    }
    return wanted;
}

std::string listing_of(const std::optional<std::set<streams::StreamId>>& streams) {
    std::string text = "queues";
    if (!streams) return text;
    for (const auto id : *streams) fmt::format_to(std::back_inserter(text), " {}", std::to_underlying(id));
    return text + " only";
}

ListQueues::Summary summary(const Call& call, const streams::Queue& queue) {
    ListQueues::Summary told{.queue_name = queue.name,
                             .queue_arn = arn_of(queue),
                             .queue_status = status_text(queue.status),
                             .queue_creation_timestamp = queue.created,
                             .streams = {}};
    if (const auto stream = call.engine.find(call.world, queue.stream_name))
        told.streams.push_back({arn_of(call, *stream), stream->created});
    return told;
}

}   // namespace

Task<Reply<ListQueues>> handle(Call& call, const ListQueues& request) {
    const auto wanted = filtered(call, request);
    const Time now = call.world.clock->now();
    std::string after;
    if (request.next_token) {
        const auto page = open_page(*request.next_token);
        if (!page || page->listing != listing_of(wanted)) co_return std::unexpected{texts::token_invalid()};
        if (now - page->issued > milliseconds{streams::iterator_life_ms}) co_return std::unexpected{texts::token_expired()};
        after = page->after;
    }
    const auto most = static_cast<std::size_t>(std::min(request.max_results.value_or(most_listed), most_listed));
    const auto& [account, region] = call.names.scope();
    const auto& all = call.engine.queues().by_name();
    ListQueues::Result told;
    for (auto at = all.upper_bound({call.world.id, account, region, after}); at != all.end(); ++at) {
        const auto& [world, of_account, of_region, name] = at->first;
        if (world != call.world.id || of_account != account || of_region != region) break;
        if (wanted && !wanted->contains(at->second->stream)) continue;
        if (told.queue_summaries.size() == most) {
            told.next_token =
                seal(Page{.listing = listing_of(wanted), .after = told.queue_summaries.back().queue_name, .issued = now});
            break;
        }
        told.queue_summaries.push_back(summary(call, *at->second));
    }
    co_return told;
}

template Task<Answer> serve<ListQueues>(Serving);

}   // namespace sluice::kinesis
