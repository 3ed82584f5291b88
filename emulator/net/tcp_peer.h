// A peer over plain TCP.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "emulator/net/peer.h"

namespace sluice {

class TcpPeer final : public Peer, public std::enable_shared_from_this<TcpPeer> {
  public:
    using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
    // Answers leave at once (no Nagle), and the kernel looks after a peer that fell silent.
    explicit TcpPeer(Socket);

    using Peer::try_write;
    std::optional<std::size_t> try_write(std::span<const asio::const_buffer>, std::size_t most) override;
    Task<bool> room() override;
    void cancel() override;
    void finish() override;
    void close() override;
    void watch() override;
    Endpoint local() const override;
    Endpoint remote() const override;
    int second_descriptor() override;

  private:
    Task<std::size_t> receive(std::span<std::byte>) override;
    std::size_t receive_now(std::span<std::byte>) override;
    void watch_for_end();
    void watch_for_break();

    Socket socket_;
    boost::system::error_code read_fault_;
    bool watches_end_ = false, watches_break_ = false;
};

}   // namespace sluice
