// How the doors send what the kernel did not take at once.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>

namespace sluice {

// For asio::async_write: all that is left is offered each time the socket has room, where it would by itself offer 64 KiB.
inline std::size_t offer_all(const boost::system::error_code& fault, std::size_t) { return fault ? 0 : SIZE_MAX; }

}  // namespace sluice
