#include "emulator/net/http2_exchange.h"

namespace sluice {

Http2Exchange::Http2Exchange(http::Http2& machine, http::StreamId stream, bool head_only, Executor executor, Signal& work)
    : machine_(machine), stream_(stream), without_body_(head_only), executor_(std::move(executor)), work_(work) {}

void Http2Exchange::head(unsigned status, Headers headers, std::optional<std::size_t> body_bytes) {
    std::vector<Headers::value_type> all{headers.begin(), headers.end()};
    const auto length = body_bytes ? std::to_string(*body_bytes) : std::string{};
    if (body_bytes && status != 204 && status != 304) all.emplace_back("content-length", length);
    without_body_ |= body_bytes == std::size_t{0};
    machine_.head(stream_, status, all, !without_body_);
}

void Http2Exchange::copy(std::string_view bytes) { send(std::string{bytes}); }
void Http2Exchange::send(std::string piece) { share(std::make_shared<const std::string>(std::move(piece))); }

void Http2Exchange::share(std::shared_ptr<const std::string> piece) {
    if (without_body_ || piece->empty() || is_gone()) return;
    unsent_ = true;
    machine_.piece(stream_, std::move(piece));
}

Task<bool> Http2Exchange::room() {
    work_.fire();
    while (unsent_ && !is_gone()) {
        Waiter waiter{executor_};
        waiter.watch(left_);
        waiter.watch(gone_);
        co_await waiter.wait();
    }
    co_return !is_gone();
}

Task<bool> Http2Exchange::end() {
    if (!without_body_) machine_.end(stream_);
    return room();
}

void Http2Exchange::say_left() {
    unsent_ = false;
    left_.fire();
}

void Http2Exchange::say_closed() {
    if (!is_gone()) gone_.end();
}

}   // namespace sluice
