// Start- and StopStreamEncryption. Nothing is encrypted here: it is kept which records would be, and any key is taken in which
// kms.h finds no fault. What is written counts as encrypted from when the stream is ACTIVE again, to the record.
#pragma once

#include "emulator/kinesis/kms.h"
#include "emulator/kinesis/operations/attributes.h"

namespace sluice::kinesis {

template <class Operation>
Task<Reply<Operation>> change_encryption(Call& call, const Operation& request, std::string key, streams::Daily counts) {
    const auto found = find_active(call, address_of(request));
    if (!found) co_return std::unexpected{found.error()};
    const auto& stream = **found;
    if (*request.encryption_type != "KMS") co_return std::unexpected{texts::encryption_type_none()};
    if (auto fault = key.empty() ? std::nullopt : fault_of_key(call, key)) co_return std::unexpected{*fault};
    if (auto fault = used_up(call, stream, counts, Operation::operation)) co_return std::unexpected{*fault};
    auto changed = call.engine.set_key(stream, std::move(key));
    if (!changed && changed.error() == streams::Fault::bad_count)
        co_return std::unexpected{texts::encryption_changed_too_often(call.name(stream))};
    if (!changed && changed.error() == streams::Fault::bad_text) co_return std::unexpected{Error{ErrorCode::serialization}};
    auto waiting = stored(std::move(changed));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return NoResult{};
}

}   // namespace sluice::kinesis
