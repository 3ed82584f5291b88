// How the doors send what the kernel did not take at once.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>

namespace sluice {

// Copying an answer of 10 MiB into the socket holds the loop for milliseconds, where the reader is quick enough to make room
// meanwhile.
inline constexpr std::size_t most_sent_at_once = 1 << 20;

// For asio::async_write, which would by itself offer 64 KiB each time the socket has room.
inline std::size_t offer_more(const boost::system::error_code& fault, std::size_t) { return fault ? 0 : most_sent_at_once; }

}   // namespace sluice
