#include "protocol/http/http2.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <new>

namespace sluice::http {
namespace {

struct Stream {
    Http2Request request;
    std::size_t header_bytes = 0;
    std::size_t held = 0;   // while it is not whole
    std::size_t owed = 0;   // of its body: what the client was given no new room for yet
    bool asked = false, refused = false;
    // Of its answer: pieces that have not left yet, and how much of the first one has.
    std::deque<std::shared_ptr<const std::string>> pieces;
    std::size_t taken = 0;
    bool ended = false;    // no more pieces come
    bool parked = false;   // nghttp2 waits to be told of more
};

std::string_view text(const std::uint8_t* at, std::size_t size) { return {reinterpret_cast<const char*>(at), size}; }

nghttp2_nv field(std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view of) { return reinterpret_cast<std::uint8_t*>(const_cast<char*>(of.data())); };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::string lower(std::string_view name) {
    std::string small{name};
    for (auto& c : small)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return small;
}

}   // namespace

struct Http2::State {
    State(User& u, Http2Limits l) : user(u), limits(l) {}

    User& user;
    Http2Limits limits;
    nghttp2_session* session = nullptr;
    std::map<StreamId, Stream> streams;   // in the order they came
    std::size_t unfinished = 0;           // bytes of requests that are not whole
    bool held_back = false;               // somebody is owed room
    std::size_t unsent = 0;
    std::size_t answered = 0, reset = 0;

    Stream* find(StreamId id) {
        const auto found = streams.find(id);
        return found == streams.end() ? nullptr : &found->second;
    }

    void hold(Stream& stream, std::size_t bytes) {
        stream.held += bytes;
        unfinished += bytes;
    }
    // A request that was taken or dropped makes room for others. While there is too little of it the oldest goes on alone, so
    // that they do not all wait for each other.
    void settle(Stream& stream) {
        unfinished -= std::exchange(stream.held, 0);
        if (!std::exchange(held_back, false)) return;
        for (auto& [id, one] : streams) {
            if (one.owed == 0 && (one.asked || one.refused)) continue;
            if (one.owed != 0) (void)nghttp2_session_consume_stream(session, id, std::exchange(one.owed, 0));
            if (unfinished > limits.unfinished_bytes && !one.asked && !one.refused) return void(held_back = true);
        }
    }
    bool oldest(StreamId id) const {
        for (const auto& [other, stream] : streams)
            if (!stream.asked && !stream.refused) return other == id;
        return true;
    }

    // Instead of an answer by somebody else. What the client still sends of the request is dropped.
    void refuse(StreamId id, Stream& stream, unsigned status) {
        stream.refused = true;
        settle(stream);
        stream.request = {};
        stream.ended = true;
        const auto code = std::to_string(status);
        const nghttp2_nv head = field(":status", code);
        (void)nghttp2_submit_response(session, id, &head, 1, nullptr);
    }

    int on_header(StreamId id, std::string_view name, std::string_view value) {
        auto* stream = find(id);
        if (!stream || stream->refused) return 0;
        const auto bytes = name.size() + value.size() + 32;   // as RFC 9113, 6.5.2 counts
        stream->header_bytes += bytes;
        hold(*stream, bytes);
        if (stream->header_bytes > limits.header_bytes) {
            refuse(id, *stream, 431);
            return 0;
        }
        auto& request = stream->request;
        if (name == ":method")
            request.method = value;
        else if (name == ":path")
            request.target = value;
        else if (name == ":authority")
            request.headers.emplace_back("host", value);
        else if (!name.starts_with(':'))
            request.headers.emplace_back(name, value);
        return 0;
    }

    int on_data(StreamId id, std::span<const std::uint8_t> bytes) {
        (void)nghttp2_session_consume_connection(session, bytes.size());
        auto* stream = find(id);
        if (!stream || stream->refused) {
            (void)nghttp2_session_consume_stream(session, id, bytes.size());
            return 0;
        }
        stream->request.body.append(text(bytes.data(), bytes.size()));
        hold(*stream, bytes.size());
        stream->owed += bytes.size();
        if (unfinished <= limits.unfinished_bytes || oldest(id))
            (void)nghttp2_session_consume_stream(session, id, std::exchange(stream->owed, 0));
        else
            held_back = true;
        if (stream->request.body.size() > limits.body_bytes) refuse(id, *stream, 413);
        return 0;
    }

    void on_whole(StreamId id) {
        auto* stream = find(id);
        if (!stream || stream->refused || stream->asked) return;
        stream->asked = true;
        settle(*stream);
        user.asked(id, std::move(stream->request));
    }

    // Whoever begins requests and resets them makes work that nobody waits for (CVE-2023-44487).
    int on_reset() {
        if (++reset <= limits.free_resets + answered) return 0;
        (void)nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
        return 0;
    }

    void on_closed(StreamId id) {
        auto gone = streams.extract(id);
        if (gone.empty()) return;
        auto& stream = gone.mapped();
        settle(stream);
        if (stream.ended && stream.pieces.empty()) ++answered;
        for (const auto& piece : stream.pieces) unsent -= piece->size();
        unsent += stream.taken;
        if (stream.asked) user.closed(id);
    }

    ssize_t read(StreamId id, std::span<std::uint8_t> room, std::uint32_t& flags) {
        auto* stream = find(id);
        if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        std::size_t filled = 0;
        while (filled < room.size() && !stream->pieces.empty()) {
            const auto rest = std::string_view{*stream->pieces.front()}.substr(stream->taken);
            const auto some = std::min(rest.size(), room.size() - filled);
            std::memcpy(room.data() + filled, rest.data(), some);
            filled += some;
            unsent -= some;
            stream->taken += some;
            if (some == rest.size()) {
                stream->pieces.pop_front();
                stream->taken = 0;
            }
        }
        if (stream->pieces.empty()) {
            if (stream->ended) {
                flags |= NGHTTP2_DATA_FLAG_EOF;
            } else if (filled == 0) {
                stream->parked = true;
                return NGHTTP2_ERR_DEFERRED;
            }
            if (filled != 0) user.left(id);
        }
        return static_cast<ssize_t>(filled);
    }
};

Http2::Http2(User& user, Http2Limits limits) : state_(std::make_unique<State>(user, limits)) {
    nghttp2_session_callbacks* calls = nullptr;
    nghttp2_option* option = nullptr;
    if (nghttp2_session_callbacks_new(&calls) != 0 || nghttp2_option_new(&option) != 0) throw std::bad_alloc{};
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_session_callbacks_set_on_begin_headers_callback(calls, [](nghttp2_session*, const nghttp2_frame* frame, void* state) {
        if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            static_cast<State*>(state)->streams.try_emplace(frame->hd.stream_id);
        return 0;
    });
    nghttp2_session_callbacks_set_on_header_callback(
        calls, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                  const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* state) {
            if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;   // trailers say nothing that is asked for
            return static_cast<State*>(state)->on_header(frame->hd.stream_id, text(name, name_size), text(value, value_size));
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        calls, [](nghttp2_session*, std::uint8_t, StreamId id, const std::uint8_t* data, std::size_t size, void* state) {
            return static_cast<State*>(state)->on_data(id, {data, size});
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, [](nghttp2_session*, const nghttp2_frame* frame, void* state) {
        auto& all = *static_cast<State*>(state);
        if (frame->hd.type == NGHTTP2_RST_STREAM) return all.on_reset();
        const bool last = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                          (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (last) all.on_whole(frame->hd.stream_id);
        return 0;
    });
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, [](nghttp2_session*, StreamId id, std::uint32_t, void* state) {
        static_cast<State*>(state)->on_closed(id);
        return 0;
    });
    const int made = nghttp2_session_server_new2(&state_->session, calls, state_.get(), option);
    nghttp2_session_callbacks_del(calls);
    nghttp2_option_del(option);
    if (made != 0) throw std::bad_alloc{};
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(wire_limits::http2_stream_window)},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.header_bytes)},
        {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 0}};
    (void)nghttp2_submit_settings(state_->session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    (void)nghttp2_session_set_local_window_size(state_->session, NGHTTP2_FLAG_NONE, 0,
                                                static_cast<std::int32_t>(wire_limits::http2_connection_window));
}

Http2::~Http2() { nghttp2_session_del(state_->session); }

bool Http2::receive(std::span<const std::byte> bytes) {
    const auto read =
        nghttp2_session_mem_recv(state_->session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    return read == static_cast<ssize_t>(bytes.size());
}

std::span<const std::byte> Http2::next() {
    const std::uint8_t* data = nullptr;
    const auto size = nghttp2_session_mem_send(state_->session, &data);
    if (size <= 0) return {};
    return {reinterpret_cast<const std::byte*>(data), static_cast<std::size_t>(size)};
}

bool Http2::over() const {
    return nghttp2_session_want_read(state_->session) == 0 && nghttp2_session_want_write(state_->session) == 0;
}

std::size_t Http2::unfinished() const { return state_->unfinished; }
std::size_t Http2::unsent() const { return state_->unsent; }

void Http2::head(StreamId id, unsigned status, Headers headers, bool with_body) {
    if (!state_->find(id)) return;
    const auto code = std::to_string(status);
    std::vector<std::string> names;
    names.reserve(headers.size());
    for (const auto& [name, value] : headers) names.push_back(lower(name));
    std::vector<nghttp2_nv> fields{field(":status", code)};
    for (std::size_t i = 0; i < headers.size(); ++i) fields.push_back(field(names[i], headers[i].second));
    nghttp2_data_provider body{};
    body.read_callback = [](nghttp2_session*, StreamId stream, std::uint8_t* room, std::size_t size, std::uint32_t* flags,
                            nghttp2_data_source* source,
                            void*) { return static_cast<State*>(source->ptr)->read(stream, {room, size}, *flags); };
    body.source.ptr = state_.get();
    if (!with_body) state_->find(id)->ended = true;
    (void)nghttp2_submit_response(state_->session, id, fields.data(), fields.size(), with_body ? &body : nullptr);
}

void Http2::piece(StreamId id, std::shared_ptr<const std::string> bytes) {
    auto* stream = state_->find(id);
    if (!stream || bytes->empty()) return;
    state_->unsent += bytes->size();
    stream->pieces.push_back(std::move(bytes));
    if (std::exchange(stream->parked, false)) (void)nghttp2_session_resume_data(state_->session, id);
}

void Http2::end(StreamId id) {
    auto* stream = state_->find(id);
    if (!stream) return;
    stream->ended = true;
    if (std::exchange(stream->parked, false)) (void)nghttp2_session_resume_data(state_->session, id);
}

}   // namespace sluice::http
