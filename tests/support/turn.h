// A turn of the loop, taken by hand: what is ready, and what that makes ready, over loopback sockets too.
#pragma once

#include <boost/asio/io_context.hpp>

namespace sluice::test {

inline void turn(boost::asio::io_context& io) {
    for (int i = 0; i < 20; ++i) {
        io.restart();
        io.poll();
    }
}

}   // namespace sluice::test
