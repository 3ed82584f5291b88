// One connection. Its requests begin and are answered in the order they came. As in Kafka, each is carried out when all
// earlier ones are answered: so it reads what they wrote. Only writes that read nothing of each other overlap (`in_a_row` in
// dispatch.h): whole frames of them are decoded, checked and queued before the first is committed. An answer that carries
// records so has nothing before it: its bytes go from the store's pages to the socket in the same turn of the loop, and a
// slow reader keeps at most one answer in memory.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "emulator/kafka/call.h"
#include "emulator/net/idle.h"
#include "emulator/net/peer.h"
#include "emulator/net/receiving.h"
#include "emulator/runtime/loop.h"
#include "protocol/kafka/frame_reader.h"
#include "protocol/spoken.h"

namespace sluice::kafka {

class Session : public Connection, public std::enable_shared_from_this<Session> {
  public:
    // `told`: the address that the listener was given for its clients.
    Session(std::shared_ptr<Broker>, Receiving&, streams::World&, std::shared_ptr<Peer>, std::optional<HostPort> told);
    ~Session() override;
    void start();
    void close();
    bool closed() const override { return over_; }
    std::size_t calls() const { return calls_.size(); }     // begun and not yet answered, parked ones included
    bool metadata_only() const { return metadata_only_; }   // nothing asked yet but ApiVersions and Metadata
    HostPort advertised() const override { return broker_.advertised.told(told_, local_, remote_); }
    const asio::ip::address& remote() const { return remote_; }
    std::string peer_text() const override { return "/" + remote_.to_string(); }

    void answer(Call&, Gathered) override;
    void no_answer(Call&) override;
    bool pressed() const override { return !waiting_.empty(); }

    std::function<void(Session&)> on_close;
    std::function<void(Session&)> on_metadata;                   // first Metadata of this connection
    std::function<void(Spoken)> on_foreign;                      // the client speaks another protocol
    std::function<void(std::string_view)> on_failed_handshake;   // of TLS

  private:
    using Frame = FrameReader::Frame;
    static Task<void> read(std::shared_ptr<Session>);
    static Task<Spoken> greet(std::shared_ptr<Session>);
    void begin_calls();
    bool may_begin(const Frame&) const;
    bool owes() const;   // an answer that is not ready yet
    void begin(Frame);
    void flush_soon();
    void flush();
    void send(std::vector<asio::const_buffer>& pieces);
    static Task<void> send_rest(std::shared_ptr<Session>);
    void end_serving(Call&);
    void mute(milliseconds);
    void close_soon();
    void drop_calls();
    void linger();

    std::shared_ptr<Broker> keeps_;   // a parked handler may outlive the door by a turn of the loop
    Broker& broker_;
    streams::World& world_;
    std::shared_ptr<Peer> peer_;
    Endpoint local_;
    asio::ip::address remote_;
    std::optional<HostPort> told_;
    bool closed_ = false, over_ = false;   // over: nothing is answered any more
    bool metadata_only_ = true, metadata_seen_ = false;

    FrameReader frames_;
    Sender sender_;
    Idle idle_;              // connections.max.idle.ms
    bool lingers_ = false;   // what still comes is dropped
    Timer lingering_;
    std::deque<Frame> waiting_;
    std::size_t waiting_bytes_ = 0;
    Signal taken_;   // a waiting frame was begun

    std::deque<std::shared_ptr<Call>> calls_;
    std::size_t call_bytes_ = 0;
    bool beginning_ = false;
    bool in_a_row_ = false;   // all of calls_ are

    Blob unsent_;
    bool sending_ = false, flush_due_ = false;

    bool muted_ = false;
    Time muted_until_{};
    Timer mute_;
};

}   // namespace sluice::kafka
