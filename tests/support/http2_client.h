// The other end of an HTTP/2 connection, by nghttp2's client: for tests of the machine and of the door.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

class Http2Client {
  public:
    struct Answer {
        int status = 0;
        std::map<std::string, std::string> headers;
        std::string body;
        bool whole = false;
        std::uint32_t reset = 0;   // 0: ended in good order
        bool closed = false;
    };
    explicit Http2Client(std::uint32_t window = 65'535) {
        nghttp2_session_callbacks* calls = nullptr;
        nghttp2_session_callbacks_new(&calls);
        nghttp2_session_callbacks_set_on_header_callback(
            calls, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self) {
                auto& answer = static_cast<Http2Client*>(self)->answers[frame->hd.stream_id];
                const std::string key(reinterpret_cast<const char*>(name), name_size);
                const std::string text(reinterpret_cast<const char*>(value), value_size);
                if (key == ":status")
                    answer.status = std::stoi(text);
                else
                    answer.headers[key] = text;
                return 0;
            });
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
            calls, [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size, void* self) {
                static_cast<Http2Client*>(self)->answers[id].body.append(reinterpret_cast<const char*>(data), size);
                return 0;
            });
        nghttp2_session_callbacks_set_on_frame_recv_callback(calls, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
            auto& all = *static_cast<Http2Client*>(self);
            if (frame->hd.type == NGHTTP2_GOAWAY) all.goaway = static_cast<int>(frame->goaway.error_code);
            if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
                (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA))
                all.answers[frame->hd.stream_id].whole = true;
            return 0;
        });
        nghttp2_session_callbacks_set_on_stream_close_callback(
            calls, [](nghttp2_session*, std::int32_t id, std::uint32_t code, void* self) {
                auto& answer = static_cast<Http2Client*>(self)->answers[id];
                answer.closed = true;
                answer.reset = code;
                return 0;
            });
        nghttp2_option* option = nullptr;
        nghttp2_option_new(&option);
        nghttp2_option_set_no_auto_window_update(option, 1);   // the test decides when it takes more
        nghttp2_session_client_new2(&session_, calls, this, option);
        nghttp2_option_del(option);
        nghttp2_session_callbacks_del(calls);
        const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window},
                                                   {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
        nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    }
    ~Http2Client() { nghttp2_session_del(session_); }
    Http2Client(const Http2Client&) = delete;
    Http2Client& operator=(const Http2Client&) = delete;

    using Headers = std::vector<std::pair<std::string, std::string>>;
    // The stream's number. `whole` false: more of the body may come by `more`.
    std::int32_t ask(std::string_view method, const std::string& path, const Headers& headers = {}, std::string body = {},
                     bool whole = true) {
        Headers all{{":method", std::string{method}}, {":path", path}, {":scheme", "http"}, {":authority", "localhost:4567"}};
        all.insert(all.end(), headers.begin(), headers.end());
        std::vector<nghttp2_nv> fields;
        for (auto& [name, value] : all) fields.push_back(field(name, value));
        nghttp2_data_provider provider{};
        provider.source.ptr = this;
        provider.read_callback = [](nghttp2_session*, std::int32_t id, std::uint8_t* room, std::size_t size, std::uint32_t* flags,
                                    nghttp2_data_source* source, void*) -> ssize_t {
            auto& sending = static_cast<Http2Client*>(source->ptr)->sending_[id];
            const auto some = std::min(size, sending.rest.size());
            std::memcpy(room, sending.rest.data(), some);
            sending.rest.erase(0, some);
            if (sending.rest.empty() && sending.trailers)
                *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
            else if (sending.rest.empty() && sending.whole)
                *flags |= NGHTTP2_DATA_FLAG_EOF;
            else if (some == 0)
                return NGHTTP2_ERR_DEFERRED;
            return static_cast<ssize_t>(some);
        };
        const bool empty = body.empty() && whole;
        const auto id =
            nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), empty ? nullptr : &provider, nullptr);
        sending_[id] = {std::move(body), whole, false};
        return id;
    }
    void more(std::int32_t id, std::string_view bytes, bool whole) {
        sending_[id].rest += bytes;
        sending_[id].whole = whole;
        nghttp2_session_resume_data(session_, id);
    }
    void trailers(std::int32_t id, Headers headers) {
        std::vector<nghttp2_nv> fields;
        for (auto& [name, value] : headers) fields.push_back(field(name, value));
        nghttp2_submit_trailer(session_, id, fields.data(), fields.size());
        sending_[id].trailers = true;
        nghttp2_session_resume_data(session_, id);
    }
    void reset(std::int32_t id) { nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL); }
    void say_goaway() { nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0); }
    // Takes so many bytes more, of one answer and of the connection.
    void take(std::int32_t id, std::size_t bytes) { nghttp2_session_consume(session_, id, bytes); }

    std::string bytes() {
        std::string out;
        const std::uint8_t* data = nullptr;
        for (ssize_t size; (size = nghttp2_session_mem_send(session_, &data)) > 0;)
            out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
        return out;
    }
    bool hear(std::string_view bytes) {
        return nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) ==
               static_cast<ssize_t>(bytes.size());
    }
    std::size_t unsent(std::int32_t id) { return sending_[id].rest.size(); }

    std::map<std::int32_t, Answer> answers;
    int goaway = -1;   // its code

  private:
    struct Sending {
        std::string rest;
        bool whole = true, trailers = false;
    };
    static nghttp2_nv field(std::string& name, std::string& value) {
        return {reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()), name.size(),
                value.size(), NGHTTP2_NV_FLAG_NONE};
    }
    nghttp2_session* session_ = nullptr;
    std::map<std::int32_t, Sending> sending_;
};

}   // namespace sluice::test
