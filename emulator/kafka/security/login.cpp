// Codes and texts as seen on Kafka 4.4.0.
#include "emulator/kafka/security/login.h"

#include <algorithm>

namespace sluice::kafka {
namespace {
constexpr std::int16_t handshake_key = 17, versions_key = 18, authenticate_key = 36;
}

bool Login::lets(std::int16_t api_key, const LoginRules& rules, Time real) const {
    if (api_key == handshake_key || api_key == authenticate_key || api_key == versions_key) return true;
    if (exchange_) return false;
    if (until_ && real >= *until_) return false;
    return in_ || !rules.required;
}

Login::Told Login::handshake(std::string_view mechanism, int version, const LoginRules& rules, const SaslSource& source,
                             std::string nonce) {
    const bool again = in_ && until_.has_value();
    if ((in_ && !again) || rules.mechanisms.empty()) return {.code = ErrorCode::illegal_sasl_state};
    const bool known = std::ranges::find(rules.mechanisms, mechanism) != rules.mechanisms.end();
    // Whoever logs in again does it in the same way.
    if (!known || (again && mechanism != mechanism_)) return {.code = ErrorCode::unsupported_sasl_mechanism, .last = true};
    exchange_ = begin_sasl(mechanism, source, std::move(nonce));
    if (!exchange_) return {.code = ErrorCode::unsupported_sasl_mechanism, .last = true};
    mechanism_ = mechanism;
    raw_ = version == 0;
    return {};
}

Login::Told Login::authenticate(std::string_view token, const LoginRules& rules, Time real) {
    if (!exchange_) {
        if (rules.required && !in_) return {.code = ErrorCode::illegal_sasl_state, .text = {}, .last = true};
        return {.code = ErrorCode::illegal_sasl_state,
                .text = "SaslAuthenticate request received after successful authentication"};
    }
    auto step = exchange_->step(token);
    if (step.outcome == SaslStep::Outcome::more) return {.bytes = std::move(step.answer)};
    if (step.outcome == SaslStep::Outcome::done) return finish(std::move(step.answer), rules, real);
    exchange_.reset();
    return {.code = ErrorCode::sasl_authentication_failed, .text = std::move(step.answer), .last = true};
}

Login::Told Login::finish(std::string answer, const LoginRules& rules, Time real) {
    const auto exchange = std::move(exchange_);
    exchange_.reset();
    if (in_ && exchange->principal != principal_)
        return {.code = ErrorCode::sasl_authentication_failed,
                .text = "Cannot change principals during re-authentication from " + principal_.text() + " to " +
                        exchange->principal.text(),
                .last = true};
    Told told{.bytes = std::move(answer)};
    in_ = true;
    principal_ = exchange->principal;
    by_token_ = exchange->by_token;
    until_.reset();
    if (exchange->until_ms > 0) {
        told.lifetime = std::max(milliseconds{exchange->until_ms - to_ms(real)}, milliseconds{0});
        if (rules.longest.count() > 0) told.lifetime = std::min(told.lifetime, rules.longest);
        until_ = real + told.lifetime;
    } else if (rules.longest.count() > 0) {
        told.lifetime = rules.longest;
        until_ = real + told.lifetime;
    }
    return told;
}

}   // namespace sluice::kafka
