#include "emulator/net/tls_peer.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>

namespace sluice {
namespace {

constexpr std::size_t least_incoming = 4 << 10, most_incoming = 64 << 10;   // a record has up to 16 KiB
constexpr std::size_t sealed_at_once = 64 << 10;

std::span<const std::byte> waiting_in(BIO* bio) {
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(bio, &bytes);
    return {reinterpret_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)};
}

void take_in(SSL* ssl, std::span<const std::byte> bytes) {
    BIO_write(SSL_get_rbio(ssl), bytes.data(), static_cast<int>(bytes.size()));
}

// Of this thread's last call.
std::string last_fault() {
    const auto code = ERR_peek_last_error();
    const char* const text = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    return text ? text : "";
}

}   // namespace

// g++ 12 sees Asio's allocation of a coroutine's frame and not that the frame is freed the same way.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
Task<std::expected<std::shared_ptr<TlsPeer>, std::string>> TlsPeer::accept(std::shared_ptr<Peer> beneath, Tls& tls,
                                                                           Sender& sender, ClientAuth auth) {
    std::shared_ptr<SSL> ssl;
    std::vector<std::byte> bytes(least_incoming), answer;
    std::size_t count = 0, held = 1;   // held: of a handshake that is not whole, at least its beginning
    for (;;) {
        int wants = 0;
        std::string fault;
        auto step = tls.worker().run([&] {
            if (!ssl) {
                auto made = tls.connection(auth);
                if (!made) return void(fault = made.error());
                ssl = *std::move(made);
                SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
                SSL_set_accept_state(ssl.get());
            }
            ERR_clear_error();
            take_in(ssl.get(), std::span{bytes}.first(count));
            const int done = SSL_do_handshake(ssl.get());
            wants = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl.get(), done);
            if (wants == SSL_ERROR_SSL) fault = last_fault();
            const auto out = waiting_in(SSL_get_wbio(ssl.get()));
            answer.assign(out.begin(), out.end());
            (void)BIO_reset(SSL_get_wbio(ssl.get()));
        });
        co_await std::move(step);
        if (!ssl) co_return std::unexpected{fault};
        for (std::size_t sent = 0; sent < answer.size();) {
            const asio::const_buffer rest = asio::buffer(answer) + sent;
            const auto taken = beneath->try_write({&rest, 1});
            if (!taken) co_return std::unexpected{std::string{}};
            sent += *taken;
            if (sent == answer.size()) break;
            auto room = beneath->room();
            if (!co_await std::move(room)) co_return std::unexpected{std::string{}};
        }
        if (wants == SSL_ERROR_NONE) co_return std::make_shared<TlsPeer>(std::move(beneath), std::move(ssl));
        if (wants != SSL_ERROR_WANT_READ) co_return std::unexpected{fault};
        sender.lacks_rest(held);
        if (sender.given_up()) co_return std::unexpected{std::string{}};
        auto more = beneath->read_some(bytes);
        count = co_await std::move(more);
        sender.received(count);
        held += count;
        if (count == 0 || sender.given_up()) co_return std::unexpected{std::string{}};
    }
}
#pragma GCC diagnostic pop

TlsPeer::TlsPeer(std::shared_ptr<Peer> beneath, std::shared_ptr<SSL> ssl)
    : beneath_(std::move(beneath)), ssl_(std::move(ssl)), incoming_(least_incoming) {}

// Gives the peer beneath what OpenSSL wants to send. False: it is not all gone.
bool TlsPeer::flush() {
    auto* const bio = SSL_get_wbio(ssl_.get());
    const auto all = waiting_in(bio);
    while (flushed_ < all.size()) {
        const auto rest = all.subspan(flushed_);
        const asio::const_buffer piece{rest.data(), rest.size()};
        const auto taken = beneath_->try_write({&piece, 1});
        if (!taken) broken_ = true;
        if (!taken || *taken == 0) return false;
        flushed_ += *taken;
    }
    flushed_ = 0;
    if (!all.empty()) (void)BIO_reset(bio);
    return true;
}

// What was sealed counts as taken when all of it has left, so that nobody has to send the rest of it later. Until then the same
// bytes are offered again.
std::optional<std::size_t> TlsPeer::try_write(std::span<const asio::const_buffer> pieces, std::size_t most) {
    ERR_clear_error();
    std::size_t taken = 0, skip = sealed_, sealed = 0;
    if (!flush()) return broken_ ? std::nullopt : std::optional{taken};
    taken = std::exchange(sealed_, 0);
    for (auto piece : pieces) {
        const auto known = std::min(skip, piece.size());
        piece += known;
        skip -= known;
        while (piece.size() > 0 && taken + sealed < most) {
            const auto bytes = std::min({piece.size(), most - taken - sealed, sealed_at_once});
            std::size_t done = 0;
            if (SSL_write_ex(ssl_.get(), piece.data(), bytes, &done) != 1) return std::nullopt;
            piece += done;
            sealed += done;
            if (sealed < sealed_at_once) continue;
            if (!flush()) break;
            taken += std::exchange(sealed, 0);
        }
        if (sealed >= sealed_at_once || taken + sealed >= most) break;
    }
    if (flush()) return taken + sealed;
    if (broken_) return std::nullopt;
    sealed_ = sealed;
    return taken;
}

Task<std::size_t> TlsPeer::receive(std::span<std::byte> room) {
    for (;;) {
        ERR_clear_error();
        std::size_t opened = 0;
        const int got = SSL_read_ex(ssl_.get(), room.data(), room.size(), &opened);
        const int wants = got == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), got);
        (void)flush();   // a new key, or what was wrong
        if (got == 1) co_return opened;
        if (wants != SSL_ERROR_WANT_READ) co_return 0;
        auto more = beneath_->read_some(incoming_);
        const auto count = co_await std::move(more);
        if (count == 0) co_return 0;
        take_in(ssl_.get(), std::span{incoming_}.first(count));
        if (count == incoming_.size() && count < most_incoming) incoming_.resize(4 * count);
    }
}

std::size_t TlsPeer::receive_now(std::span<std::byte> room) {
    ERR_clear_error();
    std::size_t opened = 0;
    return SSL_read_ex(ssl_.get(), room.data(), room.size(), &opened) == 1 ? opened : 0;
}

void TlsPeer::finish() {
    ERR_clear_error();
    if (!broken_ && SSL_get_shutdown(ssl_.get()) != SSL_SENT_SHUTDOWN) (void)SSL_shutdown(ssl_.get());
    (void)flush();
    beneath_->finish();
}

void TlsPeer::close() {
    beneath_->close();
    say_gone();
}

void TlsPeer::watch() {
    if (!gone_heard_.follows(beneath_->gone)) {
        gone_heard_.follow(beneath_->gone);
        ended_heard_.follow(beneath_->ended);
    }
    beneath_->watch();
    if (beneath_->is_gone()) say_gone();
    if (beneath_->has_ended()) say_ended();
}

}   // namespace sluice
