// A peer over TLS: what it says goes through OpenSSL on its way to and from the peer beneath. The handshake is done beside the
// loop, a step for each answer of the client; bytes are sealed and opened on the loop, which costs less than to copy them twice.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <vector>

#include "emulator/net/peer.h"
#include "emulator/net/receiving.h"
#include "emulator/net/tls.h"

namespace sluice {

class TlsPeer final : public Peer {
  public:
    // Waits for the client's part of the handshake. A fault is a sentence; an empty one: the client left, or was given up.
    static Task<std::expected<std::shared_ptr<TlsPeer>, std::string>> accept(std::shared_ptr<Peer> beneath, Tls&, Sender&,
                                                                             ClientAuth = ClientAuth::none);

    TlsPeer(std::shared_ptr<Peer> beneath, std::shared_ptr<SSL>);   // after the handshake

    using Peer::try_write;
    std::optional<std::size_t> try_write(std::span<const asio::const_buffer>, std::size_t most) override;
    Task<bool> room() override { return beneath_->room(); }
    void cancel() override { beneath_->cancel(); }
    void finish() override;
    void close() override;
    // A client that says goodbye in TLS and then goes has sent bytes that hide its end, until somebody reads them.
    void watch() override;
    Endpoint local() const override { return beneath_->local(); }
    Endpoint remote() const override { return beneath_->remote(); }
    int second_descriptor() override { return -1; }
    // Whose certificate the client showed, as RFC 2253 writes a subject; nothing: it showed none.
    std::optional<std::string> client_subject() const { return certificate_subject(ssl_.get()); }

  private:
    struct Heard final : Follower {
        explicit Heard(std::function<void()> what) : heard(std::move(what)) {}
        void fired() override { heard(); }
        std::function<void()> heard;
    };
    Task<std::size_t> receive(std::span<std::byte>) override;
    std::size_t receive_now(std::span<std::byte>) override;
    bool flush();

    std::shared_ptr<Peer> beneath_;
    std::shared_ptr<SSL> ssl_;
    std::size_t flushed_ = 0;           // of what OpenSSL wants to send
    std::size_t sealed_ = 0;            // bytes of the next pieces that are sealed already and have not left yet
    std::vector<std::byte> incoming_;   // kept for its room
    bool broken_ = false;
    Heard gone_heard_{[this] { say_gone(); }}, ended_heard_{[this] { say_ended(); }};
};

}   // namespace sluice
