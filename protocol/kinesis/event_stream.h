// application/vnd.amazon.eventstream, which SubscribeToShard answers in: messages with headers of their own, one after the other,
// until the answer ends. Lengths and checksums are big-endian. Source: Smithy, "Amazon Event Stream Specification".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::kinesis {

inline constexpr std::string_view event_stream_type = "application/vnd.amazon.eventstream";

// One message that is written where it will be sent from: what is appended to `out` until `end` is its payload.
class EventMessage {
  public:
    using Header = std::pair<std::string_view, std::string_view>;   // both below 128 bytes
    EventMessage(std::string& out, std::span<const Header>);
    void end();

  private:
    std::string& out_;
    std::size_t start_, headers_ = 0;
};

// The first message of every answer: botocore takes none without it (run: botocore 1.44.5).
void append_initial_response(std::string& out);
// An event of the model's stream; its payload is JSON whatever the request was written in (Java's SDK reads no other).
EventMessage begin_event(std::string& out, std::string_view type);
// The last message of an answer that a fault ends. `type`: of the model, like ResourceInUseException.
void append_exception(std::string& out, std::string_view type, std::string_view text);

// For whoever reads: the first whole message, with how many bytes it takes; nothing when there is none, or it is damaged.
struct ReadMessage {
    std::vector<std::pair<std::string, std::string>> headers;   // those that are texts
    std::string_view payload;
    std::size_t size{};
    std::string_view header(std::string_view name) const;
};
std::optional<ReadMessage> read_message(std::string_view bytes);

}   // namespace sluice::kinesis
