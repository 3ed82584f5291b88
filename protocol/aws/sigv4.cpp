#include "protocol/aws/sigv4.h"

#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <vector>

namespace sluice::aws {
namespace {

constexpr std::string_view digits = "0123456789ABCDEF";

bool unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
           c == '~';
}

void append_encoded(std::string& out, std::string_view text, char kept = '~') {
    for (const char c : text) {
        if (unreserved(c) || c == kept) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
}

std::string lower_case(std::string_view text) {
    std::string small{text};
    for (auto& c : small)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return small;
}

// Trimmed by whoever read the head; runs of spaces inside count as one.
void append_value(std::string& out, std::string_view value) {
    bool space = false;
    for (const char c : value) {
        if (!(c == ' ' && space)) out += c;
        space = c == ' ';
    }
}

}   // namespace

Digest sha256(std::string_view bytes) {
    Digest digest;
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view text) {
    Digest digest;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         digest.data(), nullptr);
    return digest;
}

std::string hex(const Digest& digest) {
    constexpr std::string_view small = "0123456789abcdef";
    std::string text;
    text.reserve(2 * digest.size());
    for (const auto byte : digest) {
        text += small[byte >> 4];
        text += small[byte & 15];
    }
    return text;
}

std::string canonical_uri(std::string_view path) {
    std::vector<std::string_view> parts;
    for (std::size_t from = 0; from <= path.size();) {
        const auto end = std::min(path.find('/', from), path.size());
        const auto part = path.substr(from, end - from);
        if (part == ".." && !parts.empty())
            parts.pop_back();
        else if (!part.empty() && part != "." && part != "..")
            parts.push_back(part);
        from = end + 1;
    }
    std::string uri;
    for (const auto part : parts) append_encoded(uri += '/', part);
    if (uri.empty() || path.ends_with('/')) uri += '/';
    return uri;
}

std::string canonical_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    each_parameter(query, [&](std::string_view name, std::string_view value) {
        auto& [left, right] = parameters.emplace_back();
        append_encoded(left, percent_decoded(name));
        append_encoded(right, percent_decoded(value));
        if (left == "X-Amz-Signature") parameters.pop_back();
    });
    std::ranges::sort(parameters);
    std::string text;
    for (const auto& [name, value] : parameters) text.append(text.empty() ? "" : "&").append(name).append("=").append(value);
    return text;
}

std::optional<std::string> canonical_request(const RequestHead& head, std::string_view signed_headers,
                                             std::string_view body_hash_hex) {
    std::vector<std::pair<std::string, std::string_view>> headers;
    headers.reserve(head.headers.size());
    for (const auto& [name, value] : head.headers) headers.emplace_back(lower_case(name), value);
    const auto first_of = &std::pair<std::string, std::string_view>::first;
    std::ranges::stable_sort(headers, {}, first_of);

    std::string text{head.method};
    text.append("\n").append(canonical_uri(path_of(head.target))).append("\n").append(canonical_query(query_of(head.target)));
    text += '\n';
    auto next = headers.begin();
    std::string_view before;
    for (std::size_t from = 0; from <= signed_headers.size();) {
        const auto end = std::min(signed_headers.find(';', from), signed_headers.size());
        const auto name = signed_headers.substr(from, end - from);
        if (name <= before) return std::nullopt;
        text.append(name).append(":");
        const auto shown = name == authority_header ? std::string_view{"host"} : name;
        if (name == authority_header) next = std::ranges::lower_bound(headers, shown, {}, first_of);
        while (next != headers.end() && next->first < shown) ++next;
        for (bool more = false; next != headers.end() && next->first == shown; ++next, more = true)
            append_value(more ? text += ',' : text, next->second);
        if (name == authority_header) next = headers.begin();   // it comes before all others
        text += '\n';
        before = name;
        from = end + 1;
    }
    return std::move(text.append("\n").append(signed_headers).append("\n").append(body_hash_hex));
}

std::string string_to_sign(std::string_view signed_at, std::string_view scope, std::string_view canonical) {
    std::string text{sigv4_algorithm};
    text.append("\n").append(signed_at).append("\n").append(scope).append("\n").append(hex(sha256(canonical)));
    return text;
}

Digest signing_key(std::string_view secret, std::string_view date, std::string_view region, std::string_view service) {
    const auto of_date = hmac_sha256(std::string{"AWS4"}.append(secret), date);
    const auto of_region = hmac_sha256(view(of_date), region);
    const auto of_service = hmac_sha256(view(of_region), service);
    return hmac_sha256(view(of_service), sigv4_terminator);
}

}   // namespace sluice::aws
