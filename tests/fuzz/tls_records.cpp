// What a client sends where TLS is spoken. The input's first byte chooses: bytes in place of a handshake; a real client whose
// handshake is damaged on the way; or one whose handshake is whole and whose records are damaged, cut, repeated or mixed with
// others. What must hold: the server reads the beginning of what the client wrote and nothing else, the client what the server
// wrote, all of it where nothing was damaged; what fails ends; and a stranger is told little.
#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "emulator/net/first_bytes.h"
#include "emulator/net/tls_peer.h"
#include "tests/fuzz/seeds.h"
#include "tests/support/tls_client.h"

namespace sluice::fuzz {
namespace {

constexpr std::size_t most_told_to_a_stranger = 16 << 10;   // the certificate and its authority's take about two
constexpr std::size_t most_written = 40'000;                // several records

// The server's side of all inputs: a certificate is made once.
struct Secrets {
    asio::io_context io;
    ManualTime time{from_ms(1'800'000'000'000)};
    Tls tls{io.get_executor(), {}, time};
    std::string authority;

    Secrets() {
        run([](Secrets& self) -> Task<void> {
            auto asked = self.tls.authority();
            self.authority = (co_await std::move(asked)).value_or("");
        }(*this));
        must(!authority.empty(), "an authority can be made");
    }
    ~Secrets() { tls.stop(); }
    void run(Task<void> task) {
        bool over = false;
        asio::co_spawn(io.get_executor(), std::move(task), [&over](const std::exception_ptr& error) {
            stop_loudly(error);
            over = true;
        });
        io.restart();
        io.run();
        must(over, "nobody waits for ever");
    }
};

// The client's end of a connection: what it sends next is asked for when the server wants more.
struct Wire final : Peer {
    std::function<std::string()> more;   // nothing: it has gone
    std::size_t piece = SIZE_MAX;
    std::string out;

    using Peer::try_write;
    std::optional<std::size_t> try_write(std::span<const asio::const_buffer> pieces, std::size_t most) override {
        std::size_t taken = 0;
        for (const auto& one : pieces) {
            const auto count = std::min({one.size(), most - taken, piece - taken});
            out.append(static_cast<const char*>(one.data()), count);
            taken += count;
        }
        return taken;
    }
    Task<bool> room() override { co_return true; }
    Task<std::size_t> receive(std::span<std::byte> room) override { co_return receive_now(room); }
    std::size_t receive_now(std::span<std::byte> room) override {
        if (at_ == in_.size()) in_ = more(), at_ = 0;
        const auto count = std::min({in_.size() - at_, room.size(), piece});
        if (count > 0) std::memcpy(room.data(), in_.data() + at_, count);
        at_ += count;
        return count;
    }
    void cancel() override {}
    void finish() override {}
    void close() override {}
    void watch() override {}
    Endpoint local() const override { return {}; }
    Endpoint remote() const override { return {}; }
    int second_descriptor() override { return -1; }

  private:
    std::string in_;
    std::size_t at_ = 0;
};

std::string text_like(std::size_t from, std::size_t count) {
    std::string text(count, 0);
    for (auto& c : text) c = static_cast<char>('a' + from++ % 23);
    return text;
}

struct Talk {
    enum Kind { stranger, damaged_handshake, honest_handshake };
    Choices choices;
    Kind kind;
    test::TlsClient client;
    std::shared_ptr<Wire> wire = std::make_shared<Wire>();
    std::string sent, read, said, heard;   // by the client, by the server, by it, by the client
    std::size_t told = 0;                  // bytes that the server sent, whatever they are
    bool damaged = false, secured = false, left = false;

    Talk(Bytes input, const Secrets& secrets)
        : choices(input),
          kind(static_cast<Kind>(choices.byte() % 3)),
          client(secrets.authority, "localhost", secrets.time.now()) {
        const auto piece = choices.byte();
        if (piece > 0) wire->piece = piece;
        wire->more = [this] { return next(); };
    }

    std::string next() {
        const auto came = std::exchange(wire->out, {});
        told += came.size();
        if (kind == stranger) return std::exchange(left, true) ? "" : std::string{text_of(choices.rest())};
        if (!client.done()) {
            auto flight = client.handshake(came);
            if (!flight.empty()) return kind == damaged_handshake ? damage(std::move(flight), choices.byte()) : flight;
            if (!client.done()) return "";
        } else {
            heard += client.open(came);
        }
        while (!choices.empty()) {
            const auto how = choices.byte();
            const auto text = text_like(sent.size(), choices.word() % most_written);
            auto records = client.seal(text);
            sent += text;
            if (records = damage(std::move(records), how); !records.empty()) return records;
        }
        return "";
    }

    std::string damage(std::string bytes, unsigned how) {
        if (bytes.empty() || how % 8 == 0) return bytes;
        damaged = true;
        const auto at = choices.word() % bytes.size();
        if (how & 1) bytes[at] = static_cast<char>(bytes[at] ^ (1 + choices.byte() % 255));
        if (how & 2) bytes.insert(at, text_of(choices.take(choices.byte() % 64)));
        if (how & 4) bytes = how & 8 ? bytes + bytes : bytes.substr(0, at);
        return bytes;
    }

    Task<void> serve(Tls& tls, Sender& sender) {
        auto accepting = TlsPeer::accept(wire, tls, sender);
        const auto accepted = co_await std::move(accepting);
        if (!accepted) co_return;
        secured = true;
        auto& peer = **accepted;
        auto looking = first_bytes(peer, sender);
        (void)co_await std::move(looking);
        std::byte room[5'000];
        for (;;) {
            auto reading = peer.read_some(room);
            const auto count = co_await std::move(reading);
            if (count == 0) break;
            read += text_of(Bytes{room}.first(count));
            if (!answer(peer, choices.byte() % 4 * 7'000)) break;
        }
        peer.finish();
    }
    bool answer(Peer& peer, std::size_t size) {
        const auto text = text_like(said.size(), size);
        for (std::size_t done = 0; done < text.size();) {
            const asio::const_buffer rest = asio::buffer(text) + done;
            const auto taken = peer.try_write({&rest, 1});
            if (!taken) return false;
            done += *taken;
        }
        said += text;
        return true;
    }
};

}   // namespace

void tls_records(Bytes input) {
    static Secrets secrets;
    Talk talk{input, secrets};
    ManualTime time;
    Clock clock{time};
    Receiving receiving{clock, "door", [](std::string_view) {}};
    Sender sender{receiving, [] {}};
    secrets.run(talk.serve(secrets.tls, sender));
    receiving.stop();
    talk.told += talk.wire->out.size();
    if (talk.client.done()) talk.heard += talk.client.open(talk.wire->out);
    must(talk.sent.starts_with(talk.read), "what is read was written");
    must(talk.said.starts_with(talk.heard) || talk.damaged, "what is heard was said");
    if (talk.kind == Talk::stranger) must(talk.told <= most_told_to_a_stranger, "a stranger is told little");
    if (talk.kind == Talk::honest_handshake) must(talk.secured, "a whole handshake succeeds");
    if (talk.kind == Talk::stranger || talk.damaged) return;
    must(talk.read == talk.sent, "all that was written is read");
    must(talk.heard == talk.said, "all that was said is heard");
}

// A hello that is whole, and each way to damage what comes.
std::vector<Blob> tls_seeds() {
    const auto hello = test::TlsClient{"", "localhost", from_ms(1'800'000'000'000)}.handshake("");
    std::vector<Blob> all;
    for (const char piece : {'\0', '\1', '\x40'}) {
        const auto with = [&](char kind, std::string_view rest) {
            all.push_back(blob_of(std::string{kind, piece} + std::string{rest}));
        };
        with(0, hello);
        with(0, hello + hello);
        with(0, hello.substr(0, hello.size() / 2));
        with(0, "GET / HTTP/1.1\r\n\r\n");
        with(0, std::string_view{"\x80\x2e\1\0\2\0\x15\0\0\0\x10", 11});             // SSL 2
        with(0, std::string_view{"\x15\3\1\0\2\2\x28", 7});                          // an alert
        with(0, std::string_view{"\x16\3\1\x40\0\1\0\x3f\xfc\3\3", 11});             // a hello that says to be long
        with(0, std::string_view{"\x16\3\1\0\1\1\x16\3\1\0\1\0\x16\3\1\0\0", 17});   // in many records, and an empty one
        with(1, std::string_view{"\0\0\0\1\0\5", 6});
        with(1, std::string_view{"\1\0\x10\1", 4});
        with(2, "");
        with(2, std::string_view{"\0\0\5\1\0\x9c\x30\3", 8});
        for (const char how : {'\1', '\2', '\3', '\4', '\x0c', '\7'})
            with(2, std::string{"\0\0\x40\2", 4} + how + std::string{"\x20\0\0\7\x30some bytes", 15});
    }
    return all;
}

}   // namespace sluice::fuzz
