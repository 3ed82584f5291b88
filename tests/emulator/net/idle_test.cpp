// The kernel is asked to find out who vanished without an end-of-file.
#include "emulator/net/idle.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

TEST_CASE("a silent peer is asked after a minute, and given up after four questions without an answer") {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(socket >= 0);
    sluice::keep_alive(socket);
    const auto option = [&](int level, int name) {
        int value = -1;
        socklen_t size = sizeof value;
        CHECK(getsockopt(socket, level, name, &value, &size) == 0);
        return value;
    };
    CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(option(IPPROTO_TCP, TCP_KEEPIDLE) == 60);
    CHECK(option(IPPROTO_TCP, TCP_KEEPINTVL) == 15);
    CHECK(option(IPPROTO_TCP, TCP_KEEPCNT) == 4);
    close(socket);
}
