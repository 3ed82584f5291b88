// The sentences: those about dates and scopes are quoted in public reports of AWS's clients, those about the algorithm, the
// terminator and X-Amz-Expires are ours where no report is known to us.
#include "protocol/aws/verifier.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::aws {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::unexpected<Refusal> refuse(RefusedFor what, std::string text) { return std::unexpected{Refusal{what, std::move(text)}}; }
std::unexpected<Refusal> wrong(std::string text) { return refuse(RefusedFor::wrong_signature, std::move(text)); }
std::unexpected<Refusal> mismatch() {
    return wrong(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
        "signing method. Consult the service documentation for details.");
}
std::unexpected<Refusal> unknown() {
    return refuse(RefusedFor::unknown_key, "The security token included in the request is invalid.");
}

std::optional<int> number(std::string_view text, std::size_t at, std::size_t digits) {
    int value = 0;
    const auto* const begin = text.data() + at;
    if (text.size() < at + digits || std::from_chars(begin, begin + digits, value).ptr != begin + digits || *begin == '-')
        return std::nullopt;
    return value;
}

std::optional<Time> moment(std::optional<int> year, std::optional<int> month, std::optional<int> day, std::string_view clock,
                           std::size_t step) {
    const auto hour = number(clock, 0, 2), minute = number(clock, step, 2), second = number(clock, 2 * step, 2);
    if (!year || !month || !day || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return Time{std::chrono::sys_days{date}} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} + seconds{*second};
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool names(std::string_view list, std::string_view name) {
    for (std::size_t from = 0; from <= list.size();) {
        const auto end = std::min(list.find(';', from), list.size());
        if (list.substr(from, end - from) == name) return true;
        from = end + 1;
    }
    return false;
}

// What can be told without a key.
std::optional<Refusal> fault_of_form(const Caller& caller, std::string_view service, const std::optional<Time>& at) {
    const auto told = [](RefusedFor what, std::string text) { return Refusal{what, std::move(text)}; };
    const auto quoted = [](std::string_view text) { return std::string{"'"}.append(text).append("'"); };
    if (caller.algorithm != sigv4_algorithm)
        return told(RefusedFor::incomplete, "Unsupported AWS 'algorithm': " + quoted(caller.algorithm) + ".");
    if (caller.terminator.empty() && caller.service.empty())
        return told(RefusedFor::incomplete,
                    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got " +
                        quoted(caller.credential));
    if (!at)
        return told(RefusedFor::incomplete, "Date must be in ISO-8601 'basic format'. Got " + quoted(caller.signed_at) +
                                                ". See http://en.wikipedia.org/wiki/ISO_8601");
    if (caller.terminator != sigv4_terminator)
        return told(RefusedFor::wrong_signature, "Credential should be scoped with a valid terminator: 'aws4_request', not " +
                                                     quoted(caller.terminator) + ".");
    if (caller.service != service)
        return told(RefusedFor::wrong_signature, "Credential should be scoped to correct service: " + quoted(service) + ". ");
    if (const auto iso = iso_text(*at); caller.date != iso.substr(0, 8))
        return told(RefusedFor::wrong_signature,
                    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
                        quoted(caller.date) + " != " + quoted(iso.substr(0, 8)) + ", from " + quoted(iso) + ".");
    if (!names(caller.signed_headers, "host") && !names(caller.signed_headers, authority_header))
        return told(RefusedFor::wrong_signature, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    return std::nullopt;
}

std::string span_text(seconds span) {
    const bool minutes = span.count() % 60 == 0;
    return std::to_string(minutes ? span.count() / 60 : span.count()) + (minutes ? " min." : " s.");
}

}   // namespace

std::string iso_text(Time at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{std::chrono::floor<seconds>(at - day)};
    std::string text;
    const auto put = [&](long value, std::size_t digits) {
        const auto all = std::to_string(value);
        text.append(digits - std::min(digits, all.size()), '0').append(all);
    };
    put(static_cast<int>(date.year()), 4), put(static_cast<unsigned>(date.month()), 2), put(static_cast<unsigned>(date.day()), 2);
    text += 'T';
    put(clock.hours().count(), 2), put(clock.minutes().count(), 2), put(clock.seconds().count(), 2);
    return text += 'Z';
}

std::optional<Time> signed_time(std::string_view text) {
    if (text.size() == 16 && text[8] == 'T' && text[15] == 'Z')
        return moment(number(text, 0, 4), number(text, 4, 2), number(text, 6, 2), text.substr(9, 6), 2);
    if (text.size() != 29 || text.substr(25) != " GMT" || text[19] != ':' || text[22] != ':') return std::nullopt;
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const auto month = months.find(text.substr(8, 3));
    if (month % 3 != 0 || month == std::string_view::npos) return std::nullopt;
    return moment(number(text, 12, 4), static_cast<int>(month / 3 + 1), number(text, 5, 2), text.substr(17, 8), 3);
}

Verifier::Verifier(std::vector<Key> keys) {
    for (auto& key : keys) {
        auto id = key.id;
        keys_.insert_or_assign(std::move(id), std::move(key));
    }
}

std::expected<void, Refusal> Verifier::verify(const RequestHead& head, const Caller& caller, const Digest& body_hash,
                                              std::string_view service, std::span<const Time> nows) {
    const auto at = signed_time(caller.signed_at);
    if (auto fault = fault_of_form(caller, service, at)) return std::unexpected{*std::move(fault)};

    seconds life = window;
    if (caller.by_query && !caller.expires.empty()) {
        std::int64_t asked = 0;
        const auto* const end = caller.expires.data() + caller.expires.size();
        if (std::from_chars(caller.expires.data(), end, asked).ptr != end || asked < 1 || asked > longest.count())
            return wrong("X-Amz-Expires must be a number of seconds from 1 to 604800.");
        life = seconds{asked};
    }
    const auto now = *std::ranges::min_element(nows, {}, [&](Time one) { return std::chrono::abs(one - *at); });
    if (std::ranges::none_of(nows, [&](Time one) { return *at >= one - life && *at <= one + window; })) {
        if (*at > now)
            return wrong("Signature not yet current: " + iso_text(*at) + " is still later than " + iso_text(now + window) + " (" +
                         iso_text(now) + " + " + span_text(window) + ")");
        return wrong("Signature expired: " + iso_text(*at) + " is now earlier than " + iso_text(now - life) + " (" +
                     iso_text(now) + " - " + span_text(life) + ")");
    }

    const auto key = keys_.find(caller.access_key);
    if (key == keys_.end()) return unknown();
    const auto token = caller.by_query
                           ? parameter(query_of(head.target), "X-Amz-Security-Token")
                           : header(head.headers, "X-Amz-Security-Token").transform([](auto v) { return std::string{v}; });
    if (!same(token.value_or(""), key->second.token)) return unknown();
    if (const auto& until = key->second.until; until && std::ranges::all_of(nows, [&](Time one) { return one >= *until; }))
        return refuse(RefusedFor::expired_token, "The security token included in the request is expired");

    const auto canonical = canonical_request(head, caller.signed_headers, hex(body_hash));
    if (!canonical) return mismatch();
    const std::string_view scope{caller.date.data(), caller.credential.size() - caller.access_key.size() - 1};
    std::string place{caller.credential};
    const auto kept = kept_.find(place);
    const auto derived =
        kept != kept_.end() ? kept->second : signing_key(key->second.secret, caller.date, caller.region, caller.service);
    const auto wanted = hex(hmac_sha256(view(derived), string_to_sign(iso_text(*at), scope, *canonical)));
    if (!same(wanted, caller.signature)) return mismatch();
    if (kept == kept_.end()) {
        if (kept_.size() == most_kept) kept_.clear();
        kept_.emplace(std::move(place), derived);
    }
    return {};
}

}   // namespace sluice::aws
