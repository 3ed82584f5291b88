// ListStreams: every stream and topic a Kinesis client may see, by name, in pages of at most 100.
#include <algorithm>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/records/iterators.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"
#include "protocol/kinesis/operations/list_streams.h"

namespace sluice::kinesis {

Task<Reply<ListStreams>> handle(Call& call, const ListStreams& request) {
    const Time now = call.world.clock->now();
    std::string after{request.exclusive_start_stream_name.value_or("")};
    if (request.next_token) {
        const auto page = open_page(*request.next_token);
        if (!page || page->listing != "streams") co_return std::unexpected{texts::token_invalid()};
        if (now - page->issued > milliseconds{streams::iterator_life_ms}) co_return std::unexpected{texts::token_expired()};
        after = std::max(after, page->after);   // botocore's paginator sends the first page's name along
    }
    const auto most = static_cast<std::size_t>(std::min(request.limit.value_or(100), 100));
    ListStreams::Result told;
    told.stream_summaries.emplace();
    for (const auto& stream : call.engine.list(call.world)) {
        const auto name = call.name(*stream);
        if (!visible(call, *stream) || name <= after) continue;
        if (told.stream_names.size() == most) {
            told.has_more_streams = true;
            told.next_token = seal(Page{.listing = "streams", .after = told.stream_names.back(), .issued = now});
            break;
        }
        told.stream_names.emplace_back(name);
        told.stream_summaries->push_back(StreamSummary{.stream_name = std::string{name},
                                                       .stream_arn = arn_of(call, *stream),
                                                       .stream_status = status_text(stream->status),
                                                       .stream_mode_details = mode_of(*stream),
                                                       .stream_creation_timestamp = stream->created});
    }
    co_return told;
}

template Task<Answer> serve<ListStreams>(Serving);

}   // namespace sluice::kinesis
