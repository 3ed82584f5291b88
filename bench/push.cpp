// What it costs to push the same records to many readers of one shard: one encoding that all of them share (Exchange::share),
// beside one encoding for each, and beside a bare loop that writes the same bytes to as many sockets. The readers are connections
// over loopback with an HTTP/1.1 answer in chunks that never ends, each parked on the shard's signal.
//   bench_push READERS PUSHES      prints the processor time of the pushing thread, in µs a reader
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "emulator/net/http1_exchange.h"
#include "emulator/net/listener.h"
#include "protocol/kinesis/encode.h"
#include "protocol/kinesis/operations/get_records.h"

using namespace sluice;

namespace {

// A hundred records of 256 bytes: what one event of a busy shard holds.
std::string encode() {
    static const std::string data(256, 'd');
    static const std::vector<kinesis::Record> records = [] {
        kinesis::Record record;
        record.data = {data};
        record.partition_key = "a partition key";
        return std::vector(100, record);
    }();
    std::string text;
    kinesis::JsonWriter writer{text};
    kinesis::write_value(writer, records);
    return text;
}

struct Shard {
    Signal appended;
    std::shared_ptr<const std::string> event;   // nothing: each encodes its own
    std::size_t parked = 0;
    bool over = false;
};

Task<void> serve(std::shared_ptr<Peer> peer, Clock& clock, Executor executor, Shard& shard) {
    Idle idle{clock, {}, [] { return true; }, [] {}};
    Http1Exchange exchange{*peer, idle, clock};
    exchange.begin({});
    exchange.head(200, {}, {});
    for (;;) {
        Waiter waiter{executor};
        waiter.watch(shard.appended);
        ++shard.parked;
        co_await waiter.wait();
        if (shard.over) co_return;
        if (shard.event)
            exchange.share(shard.event);
        else
            exchange.send(encode());
        if (!co_await exchange.room()) co_return;
    }
}

// Takes what comes at all connections until their ends.
void drain(int poll, std::size_t readers) {
    std::vector<char> room(1 << 18);
    epoll_event ready[64];
    while (readers != 0)
        for (int i = 0, n = epoll_wait(poll, ready, 64, -1); i < n; ++i)
            if (recv(ready[i].data.fd, room.data(), room.size(), 0) <= 0) close(ready[i].data.fd), --readers;
}

double thread_cpu_us() {
    timespec spent{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) * 1e6 + static_cast<double>(spent.tv_nsec) / 1e3;
}

double us_a_reader(std::size_t readers, std::size_t pushes, bool shared) {
    asio::io_context io{1};
    SteadyTime time;
    Clock clock{time};
    Shard shard;
    Listener listener{io.get_executor(), clock, {asio::ip::address_v4::loopback(), 0}};
    std::vector<std::shared_ptr<Peer>> peers;
    listener.accept([&](std::shared_ptr<Peer> peer) {
        peers.push_back(peer);
        asio::co_spawn(io.get_executor(), serve(std::move(peer), clock, io.get_executor(), shard), stop_loudly);
    });
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(listener.endpoint().port);
    const int poll = epoll_create1(0);
    for (std::size_t i = 0; i < readers; ++i) {
        const int wire = socket(AF_INET, SOCK_STREAM, 0);
        if (wire < 0 || connect(wire, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) std::perror("bench_push"), std::exit(1);
        epoll_event wants{.events = EPOLLIN, .data = {.fd = wire}};
        epoll_ctl(poll, EPOLL_CTL_ADD, wire, &wants);
        io.poll();
    }
    const auto all_parked = [&](std::size_t times) {
        while (shard.parked < readers * times) io.run_one();
    };
    all_parked(1);
    std::thread drainer{[&] { drain(poll, readers); }};
    const double before = thread_cpu_us();
    for (std::size_t push = 1; push <= pushes; ++push) {
        if (shared) shard.event = std::make_shared<const std::string>(encode());
        shard.appended.fire();
        all_parked(push + 1);
    }
    const double spent = thread_cpu_us() - before;
    shard.over = true;
    shard.appended.fire();
    for (const auto& peer : peers) peer->close();
    listener.stop();
    io.run();
    drainer.join();
    close(poll);
    return spent / static_cast<double>(readers * pushes);
}

// Nothing but the kernel's part: the same bytes written to each connection in turn.
double us_a_bare_reader(std::size_t readers, std::size_t pushes) {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    bind(listener, reinterpret_cast<sockaddr*>(&at), size);
    listen(listener, 4096);
    getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
    const int poll = epoll_create1(0);
    std::vector<int> wires;
    for (std::size_t i = 0; i < readers; ++i) {
        const int wire = socket(AF_INET, SOCK_STREAM, 0);
        if (wire < 0 || connect(wire, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) std::perror("bench_push"), std::exit(1);
        epoll_event wants{.events = EPOLLIN, .data = {.fd = wire}};
        epoll_ctl(poll, EPOLL_CTL_ADD, wire, &wants);
        wires.push_back(accept(listener, nullptr, nullptr));
    }
    std::thread drainer{[&] { drain(poll, readers); }};
    const double before = thread_cpu_us();
    for (std::size_t push = 0; push < pushes; ++push) {
        const auto event = encode();
        for (const int wire : wires)
            for (std::size_t sent = 0; sent < event.size();)
                if (const auto count = send(wire, event.data() + sent, event.size() - sent, MSG_NOSIGNAL); count > 0)
                    sent += static_cast<std::size_t>(count);
                else
                    std::perror("bench_push"), std::exit(1);
    }
    const double spent = thread_cpu_us() - before;
    for (const int wire : wires) close(wire);
    drainer.join();
    close(listener);
    close(poll);
    return spent / static_cast<double>(readers * pushes);
}

}   // namespace

int main(int argc, char** argv) {
    if (argc != 3) return std::fputs("bench_push READERS PUSHES\n", stderr), 1;
    const std::size_t readers = std::strtoul(argv[1], nullptr, 10), pushes = std::strtoul(argv[2], nullptr, 10);
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    std::printf("{\"shared\": %.3f, ", us_a_reader(readers, pushes, true));
    std::printf("\"each\": %.3f, ", us_a_reader(readers, pushes, false));
    std::printf("\"bare\": %.3f}\n", us_a_bare_reader(readers, pushes));
}
