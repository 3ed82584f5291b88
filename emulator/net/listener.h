// One address to which connections come: the same for every door. What is accepted goes to the door, which counts it and serves
// it.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>

#include "emulator/runtime/clock.h"
#include "emulator/runtime/loop.h"

namespace sluice {

class Listener {
  public:
    using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
    // Throws boost::system::system_error when the address cannot be had.
    Listener(Executor, Clock&, const asio::ip::tcp::endpoint&);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    asio::ip::tcp::endpoint endpoint() const;
    int native_handle() const;
    // `take` gets each connection from now on, until `stop`.
    void accept(std::function<void(Socket)> take);
    void stop();

  private:
    struct State;
    std::shared_ptr<State> state_;   // the loop may turn once more for what waits here
};

}   // namespace sluice
