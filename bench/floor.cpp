// What this machine gives before any server is written: a loopback exchange of the same bytes, and LMDB taking the same bytes.
// No protocol, no checks, no index. `make bench` builds it and runs it between the contenders.
//   bench_floor echo SIZE FLIGHT SECONDS              requests of SIZE, answers of 64 bytes
//   bench_floor send SIZE FLIGHT SECONDS              requests of 64 bytes, answers of SIZE
//   bench_floor door ASK ANSWER CONNECTIONS RECORDS SECONDS  one thread, epoll: requests of ASK, answers of ANSWER, one in flight
//   on each bench_floor append SIZE new|recycled SECONDS DIR  values of SIZE at growing keys, eight a transaction, no fsync
// Bytes are counted as the load generators do: 100-byte values in records of 108 (`send`: all bytes).
#include <arpa/inet.h>
#include <lmdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace {

using Steady = std::chrono::steady_clock;
constexpr std::size_t small = 64;
constexpr double record_bytes = 108, value_bytes = 100;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "bench_floor: %s\n", what.c_str());
    std::exit(1);
}

double seconds_since(Steady::time_point then) { return std::chrono::duration<double>(Steady::now() - then).count(); }

double cpu_seconds(clockid_t which) {
    timespec spent{};
    clock_gettime(which, &spent);
    return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

bool read_all(int socket, std::vector<char>& into) {
    for (std::size_t got = 0; got < into.size();) {
        const auto n = recv(socket, into.data() + got, into.size() - got, 0);
        if (n <= 0) return false;
        got += static_cast<std::size_t>(n);
    }
    return true;
}

void write_all(int socket, const std::vector<char>& bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
        const auto n = send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) fail("send");
        sent += static_cast<std::size_t>(n);
    }
}

void tell(double bytes, double seconds, double cpu, double share, std::vector<double> waits) {
    const double values = bytes * share;
    std::printf("{\"MB_s\":%.2f,\"rec_s\":%.0f,\"srv_cpu_s_per_GB\":%.3f", values / 1e6 / seconds, bytes / record_bytes / seconds,
                cpu / (values / 1e9));
    if (!waits.empty()) {
        std::sort(waits.begin(), waits.end());
        const auto at = [&](double part) {
            return 1000 * waits[static_cast<std::size_t>(part * static_cast<double>(waits.size() - 1))];
        };
        std::printf(",\"p50_ms\":%.4f,\"p99_ms\":%.4f", at(0.5), at(0.99));
    }
    std::printf("}\n");
}

void exchange(std::size_t ask, std::size_t answer, std::size_t flight, double seconds) {
    const int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    auto* const address = reinterpret_cast<sockaddr*>(&at);
    if (bind(listener, address, sizeof at) || listen(listener, 1) || getsockname(listener, address, &length) ||
        connect(client, address, sizeof at))
        fail("no loopback connection");
    const int served = accept(listener, nullptr, nullptr);
    const int on = 1;
    for (const int one : {client, served}) setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

    double cpu = 0;
    std::thread server{[&] {
        std::vector<char> in(ask), out(answer);
        while (read_all(served, in)) write_all(served, out);
        cpu = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    }};
    std::vector<char> request(ask), reply(answer);
    std::deque<Steady::time_point> asked;
    std::vector<double> waits;
    double bytes = 0;
    const auto began = Steady::now();
    while (seconds_since(began) < seconds || !asked.empty()) {
        while (asked.size() < flight && seconds_since(began) < seconds) {
            asked.push_back(Steady::now());
            write_all(client, request);
        }
        if (asked.empty()) break;
        if (!read_all(client, reply)) fail("the answer ended");
        waits.push_back(seconds_since(asked.front()));
        asked.pop_front();
        bytes += static_cast<double>(std::max(ask, answer));
    }
    const auto took = seconds_since(began);
    close(client);
    server.join();
    tell(bytes, took, cpu, answer > ask ? 1 : value_bytes / record_bytes, std::move(waits));
}

// What a door with one thread could do at best: it receives a whole request, does nothing, and sends an answer.
void door(std::size_t ask, std::size_t answer, std::size_t connections, double records, double seconds) {
    const int listener = socket(AF_INET, SOCK_STREAM, 0), events = epoll_create1(0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    auto* const address = reinterpret_cast<sockaddr*>(&at);
    if (bind(listener, address, sizeof at) || listen(listener, 64) || getsockname(listener, address, &length))
        fail("no loopback connection");
    std::vector<std::thread> clients;
    std::vector<std::vector<double>> waits(connections);
    std::vector<std::size_t> got(connections);
    std::vector<int> served(connections);
    const auto began = Steady::now();
    for (std::size_t i = 0; i < connections; ++i) {
        const int client = socket(AF_INET, SOCK_STREAM, 0), on = 1;
        if (connect(client, address, sizeof at)) fail("no loopback connection");
        served[i] = accept(listener, nullptr, nullptr);
        for (const int one : {client, served[i]}) setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_event wanted{.events = EPOLLIN, .data = {.u64 = i}};
        epoll_ctl(events, EPOLL_CTL_ADD, served[i], &wanted);
        clients.emplace_back([&, client, i] {
            const std::vector<char> request(ask);
            std::vector<char> reply(answer);
            while (seconds_since(began) < seconds) {
                const auto asked = Steady::now();
                write_all(client, request);
                if (!read_all(client, reply)) fail("the answer ended");
                waits[i].push_back(seconds_since(asked));
            }
            close(client);
        });
    }
    std::vector<char> in(std::max<std::size_t>(ask, 1 << 16));
    const std::vector<char> out(answer);
    std::vector<epoll_event> ready(connections);
    for (auto open = connections; open > 0;) {
        const int count = epoll_wait(events, ready.data(), static_cast<int>(ready.size()), -1);
        for (int k = 0; k < count; ++k) {
            const auto i = ready[static_cast<std::size_t>(k)].data.u64;
            const auto n = recv(served[i], in.data(), in.size(), 0);
            if (n <= 0) {
                close(served[i]);
                --open;
                continue;
            }
            got[i] += static_cast<std::size_t>(n);
            if (got[i] < ask) continue;
            got[i] = 0;
            write_all(served[i], out);
        }
    }
    const auto took = seconds_since(began), cpu = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    for (auto& client : clients) client.join();
    std::vector<double> all;
    for (const auto& some : waits) all.insert(all.end(), some.begin(), some.end());
    std::sort(all.begin(), all.end());
    const auto at_share = [&](double part) {
        return 1000 * all[static_cast<std::size_t>(part * static_cast<double>(all.size() - 1))];
    };
    const auto requests = static_cast<double>(all.size());
    std::printf("{\"req_s\":%.0f,\"rec_s\":%.0f,\"cpu_us_req\":%.3f,\"cpu_us_rec\":%.4f,\"p50_ms\":%.4f,\"p99_ms\":%.4f}\n",
                requests / took, requests * records / took, cpu * 1e6 / requests, cpu * 1e6 / requests / records, at_share(0.5),
                at_share(0.99));
}

void good(int code, const char* what) {
    if (code != 0) fail(std::string{what} + ": " + mdb_strerror(code));
}

// LMDB adds 16 bytes to a large value: this much fills its pages exactly.
class Log {
  public:
    Log(const std::string& folder, std::size_t size) : value_(size - 16, 'v') {
        good(mdb_env_create(&env_), "create");
        good(mdb_env_set_mapsize(env_, std::size_t{64} << 30), "map size");
        good(mdb_env_open(env_, folder.c_str(), MDB_NOSYNC | MDB_NOMETASYNC | MDB_NOTLS | MDB_NORDAHEAD, 0644), "open");
        MDB_txn* txn = nullptr;
        good(mdb_txn_begin(env_, nullptr, 0, &txn), "begin");
        good(mdb_dbi_open(txn, nullptr, MDB_INTEGERKEY, &log_), "database");
        good(mdb_txn_commit(txn), "commit");
    }
    ~Log() { mdb_env_close(env_); }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    void append(int count) {
        MDB_txn* txn = nullptr;
        good(mdb_txn_begin(env_, nullptr, 0, &txn), "begin");
        for (int i = 0; i < count; ++i, ++next_) {
            MDB_val key{sizeof next_, &next_}, value{value_.size(), value_.data()};
            good(mdb_put(txn, log_, &key, &value, MDB_APPEND), "put");
        }
        good(mdb_txn_commit(txn), "commit");
    }
    void forget_all() {
        while (first_ < next_) {
            MDB_txn* txn = nullptr;
            good(mdb_txn_begin(env_, nullptr, 0, &txn), "begin");
            for (int i = 0; i < 64 && first_ < next_; ++i, ++first_) {
                MDB_val key{sizeof first_, &first_};
                good(mdb_del(txn, log_, &key, nullptr), "delete");
            }
            good(mdb_txn_commit(txn), "commit");
        }
    }

  private:
    MDB_env* env_ = nullptr;
    MDB_dbi log_ = 0;
    std::uint64_t first_ = 0, next_ = 0;
    std::string value_;
};

void append(std::size_t size, bool recycled, double seconds, const std::string& parent) {
    constexpr double most = 1.5e9;   // what the recycled pages hold, so that both kinds stop there
    constexpr int group = 8;
    const auto folder = parent + "/floor-" + std::to_string(getpid());
    std::filesystem::create_directories(folder);
    {
        Log log{folder, size};
        if (recycled) {
            for (double bytes = 0; bytes < most * 1.3; bytes += static_cast<double>(size) * group) log.append(group);
            log.forget_all();
            log.append(group);
        }
        const auto cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
        const auto began = Steady::now();
        double bytes = 0;
        for (; seconds_since(began) < seconds && bytes < most; bytes += static_cast<double>(size) * group) log.append(group);
        tell(bytes, seconds_since(began), cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, value_bytes / record_bytes, {});
    }
    std::filesystem::remove_all(folder);
}

}   // namespace

int main(int count, char** texts) {
    const std::vector<std::string> said{texts + 1, texts + count};
    if (said.size() == 4 && said[0] == "echo")
        exchange(std::stoul(said[1]), small, std::stoul(said[2]), std::stod(said[3]));
    else if (said.size() == 4 && said[0] == "send")
        exchange(small, std::stoul(said[1]), std::stoul(said[2]), std::stod(said[3]));
    else if (said.size() == 6 && said[0] == "door")
        door(std::stoul(said[1]), std::stoul(said[2]), std::stoul(said[3]), std::stod(said[4]), std::stod(said[5]));
    else if (said.size() == 5 && said[0] == "append")
        append(std::stoul(said[1]), said[2] == "recycled", std::stod(said[3]), said[4]);
    else
        fail(
            "echo SIZE FLIGHT SECONDS | send SIZE FLIGHT SECONDS | door ASK ANSWER CONNECTIONS RECORDS SECONDS | append SIZE new|recycled SECONDS DIR");
}
