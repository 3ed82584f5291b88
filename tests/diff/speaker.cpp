// Speaks to one Kafka server for tests/diff/diff.py. A line of standard input is a step as JSON, a line of standard output is
// what came of it. `c` names the connection, which is opened when it is first named.
//   {"do": "ask", "c": "a", "api": "Metadata", "v": 12, "f": {…}, "ms": 5000}   sends a request and waits that long, then closes
//   {"do": "send", …}                  sends it and does not wait      {"do": "take", "c": "a", "ms": 100}   waits for its answer
//   {"do": "raw", "c": "a", "frame": base64, "ms": 5000}               bytes of one's own; the answer is base64
//   {"do": "close", "c": "a"}          closes the connection
// What comes of it is {"answer": {…}}, "parked" when nothing came in time, "closed" when the server closed the connection,
// "done", or {"fault": "…"} when the step or the answer cannot be read.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <iostream>
#include <map>
#include <memory>

#include "tests/scripts/spoken.h"

using namespace sluice;
using test::Json;

namespace {

class Connection {
  public:
    explicit Connection(int port) : socket_{socket(AF_INET, SOCK_STREAM, 0)} {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error{"cannot connect"};
        const int on = 1;
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    ~Connection() { ::close(socket_); }
    Connection(const Connection&) = delete;

    void write(kafka::Bytes bytes) {
        while (!bytes.empty()) {
            const auto taken = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (taken <= 0) return;   // closed, as reading will show
            bytes = bytes.subspan(static_cast<std::size_t>(taken));
        }
    }
    // The next whole frame without its size. Nothing: it did not come in time, or never will.
    std::optional<kafka::Blob> frame(std::int64_t ms) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{ms};
        for (;;) {
            if (got_.size() >= 4) {
                const auto size = static_cast<std::size_t>(kafka::Reader{got_}.integer<std::int32_t>());
                if (got_.size() >= 4 + size) {
                    const auto end = got_.begin() + 4 + static_cast<std::ptrdiff_t>(size);
                    kafka::Blob whole(got_.begin() + 4, end);
                    got_.erase(got_.begin(), end);
                    return whole;
                }
            }
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
            pollfd ready{.fd = socket_, .events = POLLIN, .revents = 0};
            if (closed || poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <= 0) return std::nullopt;
            std::byte more[1 << 16];
            const auto count = read(socket_, more, sizeof more);
            if (count <= 0)
                closed = true;
            else
                got_.insert(got_.end(), more, more + count);
        }
    }

    bool closed = false;
    struct Waits {
        test::Spoken api;
        int version;
    };
    std::deque<Waits> waits;

  private:
    int socket_;
    kafka::Blob got_;
};

void show_records(Json& value, const std::string& name = "") {
    if (value.is_structured()) {
        for (auto& [key, part] : value.items()) show_records(part, value.is_object() ? key : "");
    } else if (name == "records" && value.is_string()) {
        value = test::batches_in(test::bytes_of(value.get<std::string>()));
    }
}

class Speaker {
  public:
    explicit Speaker(int port) : port_{port} {}

    Json step(const Json& step) {
        const auto what = step.at("do").get<std::string>();
        const auto name = step.at("c").get<std::string>();
        const auto ms = step.value("ms", 10'000);
        if (what == "close") return connections_.erase(name), "done";
        auto& connection = connections_[name];
        if (!connection) connection = std::make_unique<Connection>(port_);
        if (what == "raw") {
            connection->write(test::bytes_of(step.at("frame").get<std::string>()));
            const auto frame = connection->frame(ms);
            return frame ? Json{{"answer", kafka::base64(*frame)}} : nothing(name);
        }
        if (what == "take") return come(name, ms);
        const auto api = test::spoken_by(step.at("api").get<std::string>());
        const auto version = step.at("v").get<int>();
        const auto now =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
        const auto frame = api.request(step.at("f"), version, now.count(), ++correlation_, name, true);
        if (!step.value("silent", false)) connection->waits.push_back({api, version});   // acks=0 has no answer
        connection->write(frame);
        if (what != "ask") return "done";
        auto came = come(name, ms);
        if (came == "parked") connections_.erase(name);   // or it would wait for this answer ever after
        return came;
    }

  private:
    Json come(const std::string& name, std::int64_t ms) {
        auto& connection = *connections_.at(name);
        if (connection.waits.empty()) return "parked";
        const auto frame = connection.frame(ms);
        if (!frame) return nothing(name);
        const auto waits = connection.waits.front();
        connection.waits.pop_front();
        auto answer = Json::parse(waits.api.print(*frame, waits.version), nullptr, true, false);
        show_records(answer);
        return {{"answer", std::move(answer)}};
    }
    Json nothing(const std::string& name) {
        if (!connections_.at(name)->closed) return "parked";
        connections_.erase(name);
        return "closed";
    }

    int port_;
    std::int32_t correlation_ = 0;
    std::map<std::string, std::unique_ptr<Connection>> connections_;
};

}   // namespace

int main(int count, char** words) {
    if (count != 2) return std::cerr << "usage: speaker PORT\n", 2;
    Speaker speaker{std::atoi(words[1])};
    for (std::string line; std::getline(std::cin, line);) {
        Json came;
        try {
            came = speaker.step(Json::parse(line));
        } catch (const std::exception& wrong) {
            came = {{"fault", wrong.what()}};
        }
        std::cout << came.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
    }
}
