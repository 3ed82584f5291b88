// One request's answer over HTTP/2: a stream among others of its connection.
#pragma once

#include "emulator/net/exchange.h"
#include "protocol/http/http2.h"

namespace sluice {

class Http2Exchange final : public Exchange {
  public:
    // `work` fires when the machine may have something to send. All outlive it.
    Http2Exchange(http::Http2& machine, http::StreamId, bool head_only, Executor, Signal& work);

    void head(unsigned status, Headers, std::optional<std::size_t> body_bytes) override;
    void copy(std::string_view) override;
    void send(std::string) override;
    void share(std::shared_ptr<const std::string>) override;
    Task<bool> room() override;
    Task<bool> end() override;
    Signal& gone() override { return gone_; }
    bool is_gone() const override { return gone_.ended(); }

    // What the machine says of the stream.
    void say_left();
    void say_closed();

  private:
    http::Http2& machine_;
    http::StreamId stream_;
    bool without_body_;
    Executor executor_;
    Signal& work_;
    bool unsent_ = false;   // pieces that have not left
    Signal left_, gone_;
};

}   // namespace sluice
