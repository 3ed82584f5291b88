// Checks a decoded request against its rules and collects what is wrong in AWS's words, in member order, at
// most ten parts. Texts are built only for broken rules: five hundred good records cost comparisons and
// nothing else.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/kinesis/decode.h"
#include "protocol/kinesis/rules.h"
#include "protocol/kinesis/values.h"

namespace sluice::kinesis {

// Where a value stands: a chain on the stack, written out only for a fault: `records.1.member.partitionKey`.
struct Path {
    const Path* above = nullptr;
    std::string_view member = {};
    std::size_t item = 0;   // counted from 1; 0 when the value is not in a list
};

class Faults {
  public:
    static constexpr std::size_t most = 10;
    bool full() const { return parts_.size() == most; }

    void scalar(const Path&, std::string_view value, const Rules&);
    void scalar(const Path&, const Blob& value, const Rules&);
    void number(const Path&, std::int64_t value, const Rules&);
    void list(const Path&, const std::vector<std::string_view>& value, const Rules&);
    void map(const Path&, const TextMap& value, const Rules&);
    void missing(const Path&);
    // How many entries a list of structures has; their Java names are not imitated, an empty one prints as
    // [].
    void entries(const Path&, std::size_t count, const Rules&);

    // `2 validation errors detected: …; …`, or nothing when all is well.
    std::optional<std::string> message() const;

  private:
    void add(const Path&, std::string_view value, std::string_view constraint);
    std::vector<std::string> parts_;
};

template <class T>
void check(const T& request, const Path* above, Faults& faults);

template <class T>
void check_value(const T& value, const Path& path, const Rules& rules, Faults& faults) {
    if constexpr (std::same_as<T, TextMap>) {
        faults.map(path, value, rules);
    } else if constexpr (std::same_as<T, std::vector<std::string_view>>) {
        faults.list(path, value, rules);
    } else if constexpr (is_vector<T>) {
        faults.entries(path, value.size(), rules);
        for (std::size_t i = 0; i < value.size() && !faults.full(); ++i) {
            const Path item{.above = &path, .member = "member", .item = i + 1};
            check(value[i], &item, faults);
        }
    } else if constexpr (std::is_aggregate_v<T> && !std::same_as<T, Blob>) {
        check(value, &path, faults);
    } else if constexpr (std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t>) {
        faults.number(path, value, rules);
    } else if constexpr (!std::same_as<T, bool> && !std::same_as<T, Time>) {
        faults.scalar(path, value, rules);
    }
}

template <class T>
void check(const T& request, const Path* above, Faults& faults) {
    auto look = [&](std::string_view name, const auto& member, const Rules& rules) {
        if (faults.full()) return;
        const Path path{.above = above, .member = name};
        if (member)
            check_value(*member, path, rules, faults);
        else if (rules.required)
            faults.missing(path);
    };
    T::members(request, look);
}

// The message of the ValidationException, or nothing.
template <class T>
std::optional<std::string> validate(const T& request) {
    Faults faults;
    check(request, nullptr, faults);
    return faults.message();
}

}   // namespace sluice::kinesis
