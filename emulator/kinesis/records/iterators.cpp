#include "emulator/kinesis/records/iterators.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

namespace sluice::kinesis {
namespace {

// A fixed key: tokens need to be opaque, not secret, and must outlive a restart.
constexpr std::array<unsigned char, 16> key{0x73, 0x6c, 0x75, 0x69, 0x63, 0x65, 0x2d, 0x69,
                                            0x74, 0x65, 0x72, 0x61, 0x74, 0x6f, 0x72, 0x31};
constexpr std::string_view head{"\0\0\0\0\0\0\0\1", 8};

struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* c) const { EVP_CIPHER_CTX_free(c); }
};

// AES-128-CBC with the padding on; the first block holds the serial, so equal contents never look alike.
std::optional<std::string> cipher(std::string_view in, bool encrypt) {
    std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> context{EVP_CIPHER_CTX_new()};
    constexpr std::array<unsigned char, 16> zero{};
    if (!EVP_CipherInit_ex(context.get(), EVP_aes_128_cbc(), nullptr, key.data(), zero.data(), encrypt)) return {};
    std::string out(in.size() + 32, '\0');
    int first = 0, last = 0;
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    if (!EVP_CipherUpdate(context.get(), to, &first, reinterpret_cast<const unsigned char*>(in.data()),
                          static_cast<int>(in.size())))
        return {};
    if (!EVP_CipherFinal_ex(context.get(), to + first, &last)) return {};
    out.resize(static_cast<std::size_t>(first) + static_cast<std::size_t>(last));
    return out;
}

std::string base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4, '\0');
    // EVP writes a closing zero; std::string has room for exactly that one.
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                    static_cast<int>(bytes.size()));
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0 || text.size() > 4096) return {};
    std::string out(text.size() / 4 * 3, '\0');
    if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                        static_cast<int>(text.size())) < 0)
        return {};
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) {
        text.remove_suffix(1);
        out.pop_back();
    }
    return out;
}

void put(std::string& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}
void put(std::string& out, std::string_view text) {
    put(out, text.size());
    out += text;
}

struct Cursor {
    std::string_view left;
    bool good = true;
    std::uint64_t number() {
        if (left.size() < 8) return good = false, 0;
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(left[static_cast<std::size_t>(i)]);
        left.remove_prefix(8);
        return value;
    }
    std::string text() {
        const auto size = number();
        if (!good || size > left.size()) return good = false, std::string{};
        std::string value{left.substr(0, size)};
        left.remove_prefix(size);
        return value;
    }
};

constexpr std::uint64_t iterator_mark = 0x534c49'5445'5231, page_mark = 0x534c50'4147'4531, receipt_mark = 0x534c52'4543'5031;

}   // namespace

std::string seal(const Iterator& it) {
    std::string plain;
    put(plain, it.serial);
    put(plain, iterator_mark);
    put(plain, std::to_underlying(it.id));
    put(plain, static_cast<std::uint64_t>(it.shard));
    put(plain, static_cast<std::uint64_t>(it.position));
    put(plain, static_cast<std::uint64_t>(to_ms(it.issued)));
    put(plain, std::string_view{it.stream});
    // AWS's tokens are 152 bytes and more, growing with the name; clients only ever check that they are opaque.
    if (plain.size() < 136) plain.resize(136, '\0');
    return base64(std::string{head} + *cipher(plain, true));
}

std::optional<Iterator> open_iterator(std::string_view token) {
    if (token.size() >= 2 && token.front() == '"' && token.back() == '"') token = token.substr(1, token.size() - 2);
    const auto bytes = from_base64(token);
    if (!bytes || !bytes->starts_with(head)) return {};
    const auto plain = cipher(std::string_view{*bytes}.substr(head.size()), false);
    if (!plain) return {};
    Cursor in{*plain};
    Iterator it;
    it.serial = in.number();
    if (in.number() != iterator_mark) return {};
    it.id = static_cast<streams::StreamId>(in.number());
    it.shard = static_cast<std::int32_t>(in.number());
    it.position = static_cast<streams::Position>(in.number());
    it.issued = from_ms(static_cast<std::int64_t>(in.number()));
    it.stream = in.text();
    if (!in.good) return {};
    return it;
}

std::string seal(const Page& page) {
    std::string plain;
    put(plain, page_mark);
    put(plain, static_cast<std::uint64_t>(to_ms(page.issued)));
    put(plain, std::string_view{page.listing});
    put(plain, std::string_view{page.after});
    return base64(*cipher(plain, true));
}

std::optional<Page> open_page(std::string_view token) {
    const auto bytes = from_base64(token);
    if (!bytes) return {};
    const auto plain = cipher(*bytes, false);
    if (!plain) return {};
    Cursor in{*plain};
    if (in.number() != page_mark) return {};
    Page page;
    page.issued = from_ms(static_cast<std::int64_t>(in.number()));
    page.listing = in.text();
    page.after = in.text();
    if (!in.good) return {};
    return page;
}

std::string seal(const Receipt& receipt) {
    std::string plain;
    put(plain, receipt_mark);
    put(plain, static_cast<std::uint64_t>(receipt.shard));
    put(plain, static_cast<std::uint64_t>(receipt.position));
    put(plain, static_cast<std::uint64_t>(receipt.received));
    put(plain, std::uint64_t{receipt.dead});
    put(plain, std::string_view{receipt.queue});
    return base64(*cipher(plain, true));
}

std::optional<Receipt> open_receipt(std::string_view handle) {
    const auto bytes = from_base64(handle);
    if (!bytes) return {};
    const auto plain = cipher(*bytes, false);
    if (!plain) return {};
    Cursor in{*plain};
    if (in.number() != receipt_mark) return {};
    Receipt receipt;
    receipt.shard = static_cast<std::int32_t>(in.number());
    receipt.position = static_cast<streams::Position>(in.number());
    receipt.received = static_cast<std::int32_t>(in.number());
    receipt.dead = in.number() != 0;
    receipt.queue = in.text();
    if (!in.good) return {};
    return receipt;
}

std::string java_date(Time time) {
    return fmt::format("{:%a %b %d %H:%M:%S} UTC {:%Y}", fmt::gmtime(static_cast<std::time_t>(to_ms(time) / 1000)),
                       fmt::gmtime(static_cast<std::time_t>(to_ms(time) / 1000)));
}

}   // namespace sluice::kinesis
