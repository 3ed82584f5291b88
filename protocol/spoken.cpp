#include "protocol/spoken.h"

namespace sluice {
namespace {

using namespace std::string_view_literals;

constexpr struct {
    std::string_view first;
    Spoken spoken;
} known[] = {
    {"\x16\x03"sv, Spoken::tls},       // a handshake record of TLS 1.x (RFC 8446, 5.1)
    {"PRI * HTTP/2", Spoken::http2},   // RFC 9113, 3.4
    {"\0"sv, Spoken::kafka},           // a size below 16 MiB; no text begins so
    {"GET ", Spoken::http1},         {"POST ", Spoken::http1},    {"PUT ", Spoken::http1},   {"HEAD ", Spoken::http1},
    {"DELETE ", Spoken::http1},      {"OPTIONS ", Spoken::http1}, {"PATCH ", Spoken::http1}, {"CONNECT ", Spoken::http1},
};
constexpr bool fit() {
    for (const auto& one : known)
        if (one.first.size() > most_first_bytes) return false;
    return true;
}
static_assert(fit());

}   // namespace

std::optional<Spoken> spoken(std::string_view first) {
    bool may_become = false;
    for (const auto& one : known) {
        if (first.starts_with(one.first)) return one.spoken;
        may_become = may_become || one.first.starts_with(first);
    }
    if (may_become) return std::nullopt;
    return Spoken::unknown;
}

}   // namespace sluice
