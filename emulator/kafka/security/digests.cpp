#include "emulator/kafka/security/digests.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "protocol/kafka/print.h"

namespace sluice::kafka {
namespace {

const EVP_MD* method_of(ScramHash hash) { return hash == ScramHash::sha512 ? EVP_sha512() : EVP_sha256(); }
const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}   // namespace

std::string digest(ScramHash hash, std::string_view bytes) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(bytes.data(), bytes.size(), out, &size, method_of(hash), nullptr);
    return {reinterpret_cast<const char*>(out), size};
}

std::string hmac(ScramHash hash, std::string_view key, std::string_view bytes) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(method_of(hash), key.data(), static_cast<int>(key.size()), raw(bytes), bytes.size(), out, &size);
    return {reinterpret_cast<const char*>(out), size};
}

std::string stretched(ScramHash hash, std::string_view password, std::string_view salt, std::int32_t iterations) {
    std::string out(static_cast<std::size_t>(EVP_MD_get_size(method_of(hash))), '\0');
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), raw(salt), static_cast<int>(salt.size()), iterations,
                      method_of(hash), static_cast<int>(out.size()), reinterpret_cast<unsigned char*>(out.data()));
    return out;
}

bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string to_base64(std::string_view bytes) { return base64(as_bytes(bytes)); }

std::optional<std::string> from_base64(std::string_view text, bool url) {
    while (text.ends_with('=')) text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    std::uint32_t held = 0;
    int bits = 0;
    for (const char c : text) {
        std::uint32_t value = 0;
        if (c >= 'A' && c <= 'Z')
            value = static_cast<std::uint32_t>(c - 'A');
        else if (c >= 'a' && c <= 'z')
            value = static_cast<std::uint32_t>(c - 'a' + 26);
        else if (c >= '0' && c <= '9')
            value = static_cast<std::uint32_t>(c - '0' + 52);
        else if (c == (url ? '-' : '+'))
            value = 62;
        else if (c == (url ? '_' : '/'))
            value = 63;
        else
            return std::nullopt;
        held = held << 6 | value;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>(held >> bits & 255);
    }
    return out;
}

}   // namespace sluice::kafka
