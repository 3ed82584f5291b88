// Requests and answers of one HTTP/1.1 connection, one after the other.
#pragma once

#include <vector>

#include "emulator/net/exchange.h"
#include "emulator/net/peer.h"

namespace sluice {

class Http1Exchange final : public Exchange {
  public:
    // Touches `idle` as bytes leave. All outlive it.
    Http1Exchange(Peer&, Idle&, Clock&);

    // The next request: what it says decides how its answer is written.
    struct Asked {
        bool head = false;          // by HEAD: no body (RFC 9110, 9.3.2)
        bool keep_alive = true;     // the connection goes on afterwards
        bool takes_chunks = true;   // not HTTP/1.0
    };
    void begin(Asked);
    bool keeps_alive() const { return asked_.keep_alive; }   // after this answer

    void head(unsigned status, Headers, std::optional<std::size_t> body_bytes) override;
    void copy(std::string_view) override;
    void send(std::string) override;
    void share(std::shared_ptr<const std::string>) override;
    Task<bool> room() override;
    Task<bool> end() override;
    Signal& gone() override;
    bool is_gone() const override { return gone_->ended(); }

  private:
    struct Heard final : Follower {
        explicit Heard(std::function<void()> what) : heard(std::move(what)) {}
        void fired() override { heard(); }
        std::function<void()> heard;
    };
    void append(std::string_view);
    void keep(std::shared_ptr<const std::string>);
    void peer_ended();
    void say_gone();

    Peer& peer_;
    Idle& idle_;
    Clock& clock_;
    Asked asked_;
    bool chunked_ = false;
    std::string text_;                                         // what leaves first: the head and what was copied behind it
    std::vector<std::shared_ptr<const std::string>> pieces_;   // and what comes after it
    std::vector<asio::const_buffer> leaving_;                  // kept for its room, like the others

    std::optional<Signal> gone_{std::in_place};   // of this request's client
    Heard peer_gone_, peer_ended_;
    Timer half_closed_;
};

}   // namespace sluice
