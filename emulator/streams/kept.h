// The part that keeps what doors want kept: values under their own keys, and the producer ids that are given out.
#pragma once

#include "emulator/streams/engine_part.h"

namespace sluice::streams {

class Kept : public EnginePart {
  public:
    using EnginePart::EnginePart;
    Ticket put(World&, std::string_view key, std::string_view value);
    std::optional<std::string> get(World&, std::string_view key);
    void scan(World&, std::string_view prefix, const std::function<void(std::string_view key, std::string_view value)>&);
    // A key of the store whose value could not be stored: the door whose it is looks again.
    void tell_unstored(std::string_view stored_key);
    Result<std::int64_t> next_producer_id(World&);

  private:
    void tell(World&, std::string_view key);
};

}   // namespace sluice::streams
