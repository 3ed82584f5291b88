// The other end of a connection as doors see it: bytes both ways, and that it went. No door names a socket, so whatever lies
// between a door and its client comes in here (TCP in tcp_peer.h).
#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "emulator/net/endpoint.h"
#include "emulator/net/idle.h"
#include "emulator/runtime/loop.h"

namespace sluice {

class Peer {
  public:
    using Pieces = std::span<asio::const_buffer>;
    Peer() = default;
    virtual ~Peer() = default;
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    // How many bytes of the pieces went, `most` at most and without waiting: 0 when there is no room. Nothing: broken.
    virtual std::optional<std::size_t> try_write(std::span<const asio::const_buffer> pieces, std::size_t most) = 0;
    std::optional<std::size_t> try_write(std::span<const asio::const_buffer> pieces) { return try_write(pieces, SIZE_MAX); }
    // Waits until try_write may take something; a turn of the loop at least. False: broken.
    virtual Task<bool> room() = 0;
    // Waits until all has gone, as there is room for it, and touches `idle` as it goes. Consumes the pieces; what they show stays
    // where it is until then. False: broken.
    Task<bool> write(Pieces, Idle&);

    // Waits for bytes; 0 when no more come: the peer has sent its last, the connection is broken, or the waiting was cancelled.
    Task<std::size_t> read_some(std::span<std::byte> room) {
        return returned_.empty() && !over_ ? receive(room) : receive_again(room);
    }
    // What was read and belongs to somebody else: the next one who reads gets it, and what has come behind it. `over`: the end
    // was read too. The kernel tells it once, so whoever reads next is told here.
    void give_back(std::span<const std::byte> bytes, bool over) {
        returned_.assign(bytes.begin(), bytes.end());
        over_ = over;
    }
    // Whoever waits for bytes or room goes on with none.
    virtual void cancel() = 0;

    // Sends no more, and the peer is told so; what it still sends can be read.
    virtual void finish() = 0;
    virtual void close() = 0;

    // From now on it is noticed when the peer goes, also while nobody reads. Costs a call of the kernel: for a request that waits
    // long.
    virtual void watch() = 0;
    Signal gone;    // nothing comes or goes any more: reset by the peer, or closed here
    Signal ended;   // it sends no more. It may have gone, or wait for its last answer: TCP cannot say
    bool is_gone() const { return is_gone_; }
    bool has_ended() const { return has_ended_; }

    virtual Endpoint local() const = 0;
    virtual Endpoint remote() const = 0;
    // A second descriptor of the connection, for a library that serves it by itself; below 0 when there is none to be had.
    virtual int second_descriptor() = 0;

  protected:
    void say_gone();
    void say_ended();

  private:
    virtual Task<std::size_t> receive(std::span<std::byte>) = 0;
    virtual std::size_t receive_now(std::span<std::byte>) = 0;   // what is there; 0 also when no more comes
    Task<std::size_t> receive_again(std::span<std::byte>);

    std::vector<std::byte> returned_;
    bool over_ = false;
    bool is_gone_ = false, has_ended_ = false;
};

// Copying an answer of 10 MiB into the socket holds the loop for milliseconds, where the reader is quick enough to make room
// meanwhile.
inline constexpr std::size_t most_sent_at_once = 1 << 20;

// The pieces without their first bytes.
void drop_front(Peer::Pieces& pieces, std::size_t bytes);

}   // namespace sluice
