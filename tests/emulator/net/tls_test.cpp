// TLS between a door and its client: what goes in at one end comes out at the other, whatever the pieces; a handshake that fails
// ends with a sentence; the authority that clients trust stays the same from start to start.
#include "emulator/net/tls_peer.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "emulator/runtime/small_file.h"
#include "tests/storage/places.h"
#include "tests/support/peers.h"
#include "tests/support/tls_client.h"

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr Time now_then{milliseconds{1'800'000'000'000}};

struct Folder : storage::TempFolder {
    std::string file(const char* name) const { return path + "/" + name; }
};

std::string text_of(const std::string& path) { return read_small_file(path, 1 << 20).value_or(""); }

struct Secured : Peers {
    using Accepted = std::expected<std::shared_ptr<TlsPeer>, std::string>;
    explicit Secured(Tls::Options options = {})
        : receiving(clock, "door", [](std::string_view) {}), tls(io.get_executor(), std::move(options), real) {
        real.move(now_then - real.now());
    }
    ~Secured() {
        peer->close();
        tls.stop();
        turn();
    }
    // Turns the loop until the thread beside it has answered.
    void wait(const auto& over) {
        while (!over()) {
            io.restart();
            io.run_one();
        }
    }
    std::string authority() {
        const auto asked = begin(tls.authority());
        wait([&] { return asked->has_value(); });
        return (*asked)->value_or("");
    }
    // The client's and the server's handshake, a byte at a time if wanted. What the server came to.
    Accepted shake(TlsClient& with, std::size_t piece = 1 << 20) {
        auto accepting = begin(TlsPeer::accept(peer, tls, sender));
        auto say_all = [&](std::string text) {
            for (std::size_t at = 0; at < text.size(); at += piece) client.send(asio::buffer(text.substr(at, piece)));
        };
        say_all(with.handshake(""));
        for (int i = 0; i < 20'000 && !(accepting->has_value() && (with.done() || !**accepting)); ++i) {
            io.restart();
            if (!accepting->has_value()) io.run_one_for(std::chrono::milliseconds{100});
            if (const auto came = heard(); !came.empty()) say_all(with.handshake(came));
        }
        REQUIRE(accepting->has_value());
        return std::move(**accepting);
    }
    ManualTime real;
    Receiving receiving;
    Sender sender{receiving, [this] { peer->cancel(); }};
    Tls tls;
};

}   // namespace

TEST_CASE("a client that trusts the authority reads what the server writes over TLS, and the server what it writes") {
    for (const std::size_t piece : {1 << 20, 7}) {
        Secured s;
        TlsClient client{s.authority(), "localhost", now_then};
        const auto secured = s.shake(client, piece);
        REQUIRE(secured);
        CHECK(client.verified() == X509_V_OK);
        auto& peer = **secured;
        std::byte room[64];
        const auto reading = s.begin(peer.read_some(room));
        s.say(client.seal("hello, server"));
        REQUIRE(reading->has_value());
        CHECK(std::string_view{reinterpret_cast<const char*>(room), **reading} == "hello, server");
        const std::vector<asio::const_buffer> pieces{asio::buffer("hello, ", 7), asio::buffer("", 0), asio::buffer("client", 6)};
        CHECK(peer.try_write(pieces) == 13);
        CHECK(client.open(s.heard()) == "hello, client");
        CHECK(peer.second_descriptor() < 0);
        CHECK(peer.remote() == s.peer->remote());
        peer.finish();
        client.open(s.heard());
        CHECK(client.heard_goodbye());
    }
}

TEST_CASE("a certificate is good for the names of rule 9 and those asked for, and for no other") {
    for (const auto& [host, good] : {std::pair{"localhost", true},
                                     {"127.0.0.1", true},
                                     {"::1", true},
                                     {"sluice", true},
                                     {"host.docker.internal", true},
                                     {"more.example", true},
                                     {"10.1.2.3", true},
                                     {"other", false}}) {
        CAPTURE(host);
        Secured s{{.names = {"more.example", "10.1.2.3"}}};
        TlsClient client{s.authority(), host, now_then};
        const auto secured = s.shake(client);
        CHECK(client.done() == good);
    }
}

TEST_CASE("a client chooses among h2 and http/1.1, and one that offers neither is served all the same") {
    for (const auto& [offered, chosen] :
         {std::pair{"\x08http/1.1\x02h2", "h2"}, {"\x08http/1.1", "http/1.1"}, {"\x03xyz", ""}, {"", ""}}) {
        Secured s;
        TlsClient client{s.authority(), "localhost", now_then, offered};
        CHECK(s.shake(client));
        CHECK(client.protocol() == chosen);
    }
}

TEST_CASE("a handshake that fails says why: a client that does not trust the authority, and one that speaks no TLS") {
    Secured s;
    TlsClient client{make_authority(now_then), "localhost", now_then};
    const auto secured = s.shake(client);
    CHECK_FALSE(client.done());
    // The client says so behind its part of the handshake, to whoever reads from it.
    if (secured) {
        const auto reading = s.begin((*secured)->read_some(s.room));
        s.turn();
        CHECK(*reading == 0);
    } else {
        CHECK(secured.error().contains("unknown ca"));
    }
    Secured other;
    const auto accepting = other.begin(TlsPeer::accept(other.peer, other.tls, other.sender));
    other.say(std::string("\x16\x03\x01\x00\x05nonsense", 13));
    other.wait([&] { return accepting->has_value(); });
    REQUIRE_FALSE((*accepting)->has_value());
    CHECK_FALSE((*accepting)->error().empty());
}

TEST_CASE("a client that leaves in the middle of its handshake is no fault, nor one that is given up") {
    Secured s;
    const auto accepting = s.begin(TlsPeer::accept(s.peer, s.tls, s.sender));
    s.say("\x16\x03");
    s.reset();
    s.wait([&] { return accepting->has_value(); });
    CHECK((*accepting)->error().empty());

    Secured slow;
    TlsClient client{slow.authority(), "localhost", now_then};
    const auto hello = client.handshake("");
    const auto waiting = slow.begin(TlsPeer::accept(slow.peer, slow.tls, slow.sender));
    slow.say(hello.substr(0, 10));
    slow.wait([&] { return slow.receiving.held() == 11; });   // all that came was looked at
    for (int i = 0; i < 100 && !waiting->has_value(); ++i) slow.pass(std::chrono::seconds{60});
    slow.wait([&] { return waiting->has_value(); });
    CHECK((*waiting)->error().empty());
}

TEST_CASE("megabytes arrive whole at a client that reads slowly, and what a write says it took has left") {
    Secured s;
    TlsClient client{s.authority(), "localhost", now_then};
    const auto secured = s.shake(client);
    REQUIRE(secured);
    std::string large(8 << 20, ' ');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>('a' + i * 7 % 26);
    std::vector<asio::const_buffer> pieces{asio::buffer(large.data(), 3'000'001),
                                           asio::buffer(large.data() + 3'000'001, large.size() - 3'000'001)};
    const auto writing = s.begin((*secured)->write(pieces, s.idle));
    CHECK_FALSE(writing->has_value());
    std::string got;
    while (!writing->has_value()) {
        s.turn();
        char some[10'000];
        boost::system::error_code fault;
        const auto count = s.client.read_some(asio::buffer(some), fault);
        got += client.open({some, count});
    }
    CHECK(**writing);
    got += client.open(s.heard());
    CHECK(got == large);
    // And the other way.
    std::string back;
    const auto sealed = client.seal(large);
    std::vector<std::byte> room(100'000);
    std::size_t sent = 0;
    while (back.size() < large.size()) {
        boost::system::error_code fault;
        if (sent < sealed.size()) sent += s.client.write_some(asio::buffer(sealed) + sent, fault);
        const auto reading = s.begin((*secured)->read_some(room));
        REQUIRE(reading->has_value());
        back.append(reinterpret_cast<const char*>(room.data()), **reading);
    }
    CHECK(back == large);
}

TEST_CASE("an end and a reset of the connection beneath reach who waits, and who only watches") {
    Secured s;
    TlsClient client{s.authority(), "localhost", now_then};
    const auto secured = s.shake(client);
    REQUIRE(secured);
    (*secured)->watch();
    s.client.shutdown(asio::ip::tcp::socket::shutdown_send);
    s.turn();
    CHECK((*secured)->has_ended());
    const auto reading = s.begin((*secured)->read_some(s.room));
    CHECK(*reading == 0);
    s.reset();
    CHECK((*secured)->is_gone());
}

TEST_CASE("the authority stays the same from start to start, and only its owner may read its key") {
    Folder folder;
    const Tls::Options kept{.authority_file = folder.file("authority.pem"), .trusted_file = folder.file("ca.pem")};
    std::string first;
    {
        Secured s{kept};
        REQUIRE(s.tls.try_out(""));
        first = s.authority();
        CHECK(first.starts_with("-----BEGIN CERTIFICATE-----"));
        CHECK(text_of(kept.trusted_file) == first);
        struct stat about{};
        REQUIRE(stat(kept.authority_file.c_str(), &about) == 0);
        CHECK((about.st_mode & 0777) == 0600);
    }
    Secured again{kept};
    CHECK(again.tls.try_out(folder.file("copy.pem")));
    CHECK(again.authority() == first);
    CHECK(text_of(folder.file("copy.pem")) == first);
    TlsClient client{first, "localhost", now_then};
    CHECK(again.shake(client));
    CHECK(client.done());
    std::filesystem::remove(kept.authority_file);
    Secured other{kept};
    CHECK(other.tls.try_out(""));
    CHECK(other.authority() != first);
    CHECK(text_of(kept.trusted_file) == other.authority());
}

TEST_CASE("files that will not do are told at the start, with what is wrong") {
    Folder folder;
    const auto fault = [&](const Tls::Options& options) {
        Secured s{options};
        const auto good = s.tls.try_out("");
        return good ? std::string{"good"} : good.error();
    };
    const auto authority = make_authority(now_then);
    const auto one = issue(authority, {"localhost"}, now_then), two = issue(authority, {"localhost"}, now_then);
    REQUIRE(one);
    REQUIRE(two);
    const auto put = [&](const char* name, const std::string& text) {
        std::ofstream{folder.file(name)} << text;
        return folder.file(name);
    };
    const auto certificate = put("one.pem", one->chain), key = put("one.key", one->key), other = put("two.key", two->key);
    CHECK(fault({.certificate_file = certificate, .key_file = key}) == "good");
    CHECK(fault({.certificate_file = certificate, .key_file = other}).contains("does not hold the key of"));
    CHECK(fault({.certificate_file = key, .key_file = key}).contains("holds no certificate in PEM form"));
    CHECK(fault({.certificate_file = folder.file("none"), .key_file = key}).contains("No such file or directory"));
    CHECK(fault({.authority_file = put("damaged.pem", "no key"), .trusted_file = folder.file("ca.pem")}).contains("is damaged"));
    CHECK(fault({.authority_file = folder.file("no/folder/a.pem"), .trusted_file = folder.file("no/folder/ca.pem")})
              .contains("cannot write"));
}
