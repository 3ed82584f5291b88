// What a server shows of itself in a TLS handshake: a certificate from files, or one that it signs with an authority of its own,
// which its clients are told to trust. PEM throughout. Blocks for about a millisecond: not for the loop.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/runtime/clock.h"

namespace sluice {

// Of the server: its certificate, those between it and who issued it, and its key.
struct Certificate {
    std::string chain, key;
};

// An authority of one's own: its key and its certificate, in this order, as one text to keep secret. Good for ten years from
// `now`, which is real time (rule 9). Keys come from OpenSSL's own source of chance: a key that can be foreseen is none.
std::string make_authority(Time now);

// The part of it that clients are given. Nothing: that text is no authority.
std::expected<std::string, std::string> authority_certificate(std::string_view authority);

// A certificate of that authority for these host names and addresses, good for 397 days, the longest that browsers take.
std::expected<Certificate, std::string> issue(std::string_view authority, const std::vector<std::string>& names, Time now);

// What may stand in a certificate's list of names.
bool good_host(std::string_view text);

// The names of rule 9: this machine's, the ones by which containers reach it, and `more`.
std::vector<std::string> certificate_names(const std::vector<std::string>& more);

}   // namespace sluice
