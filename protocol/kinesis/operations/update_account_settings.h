// UpdateAccountSettings: one setting, which is asked in another shape than it is answered in.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct UpdateAccountSettings {
    static constexpr std::string_view operation = "UpdateAccountSettings";
    struct Commitment {
        std::optional<std::string_view> status;
        static constexpr void members(auto& m, auto& f) {
            f("Status", m.status, Rules{.required = true, .one_of = "ENABLED, DISABLED"});
        }
    };
    std::optional<Commitment> minimum_throughput_billing_commitment;
    static constexpr void members(auto& m, auto& f) {
        f("MinimumThroughputBillingCommitment", m.minimum_throughput_billing_commitment, rules::required);
    }
    struct Result {
        BillingCommitment minimum_throughput_billing_commitment;
        static constexpr void members(auto& m, auto& f) {
            f("MinimumThroughputBillingCommitment", m.minimum_throughput_billing_commitment, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
