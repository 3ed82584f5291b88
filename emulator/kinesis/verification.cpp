#include "emulator/kinesis/verification.h"

namespace sluice::kinesis {

Task<std::expected<void, aws::Refusal>> verify(streams::Engine& engine, Verification& verification, aws::RequestHead head,
                                               std::string_view body, aws::Caller caller, std::string_view service) {
    aws::Digest body_hash;
    const auto hash = [&] { body_hash = aws::sha256(body); };
    if (engine.large(body.size())) {
        auto away = engine.aside(hash);
        co_await std::move(away);
    } else {
        hash();
    }
    const auto& clock = *engine.default_world().clock;
    const aws::Time nows[]{clock.now(), clock.real()};
    co_return verification.verifier.verify(head, caller, body_hash, service,
                                           std::span{nows}.first(verification.virtual_clock_only ? 1 : 2));
}

}   // namespace sluice::kinesis
