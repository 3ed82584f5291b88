// One connection of the Kinesis door: reads requests as they come, serves them in order, writes the answers. A client that
// pipelines is answered in order; memory per connection is one request and its answer.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>

#include "emulator/kinesis/door.h"
#include "emulator/net/receiving.h"
#include "emulator/runtime/loop.h"
#include "protocol/http/request_reader.h"

namespace sluice::kinesis {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

// Runs until the client leaves, sends what is no HTTP, begins a request and does not go on with it (408), or the socket is
// closed from outside. `met_foreign` is called when the client speaks another protocol.
Task<void> run_session(std::shared_ptr<Socket>, streams::Engine&, const DoorOptions&, Receiving&,
                       const std::function<void(http::Foreign)>& met_foreign);

}   // namespace sluice::kinesis
