// DescribeAccountSettings: asks nothing.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct DescribeAccountSettings {
    static constexpr std::string_view operation = "DescribeAccountSettings";
    static constexpr void members(auto&, auto&) {}
    struct Result {
        BillingCommitment minimum_throughput_billing_commitment;
        static constexpr void members(auto& m, auto& f) {
            f("MinimumThroughputBillingCommitment", m.minimum_throughput_billing_commitment, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
