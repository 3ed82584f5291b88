// One request's answer on its way to whoever asked, whatever carries it: HTTP/1.1 in http1_exchange.h.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "emulator/runtime/loop.h"

namespace sluice {

class Exchange {
  public:
    using Headers = std::span<const std::pair<std::string_view, std::string_view>>;
    Exchange() = default;
    virtual ~Exchange() = default;
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    // Once, and first. `body_bytes`: of all pieces together; nothing when only `end` will tell.
    virtual void head(unsigned status, Headers, std::optional<std::size_t> body_bytes) = 0;
    // The body's next piece: copied; or kept as it is when it is large; or kept by many at once, who are all sent the same.
    // Nothing leaves before `room` or `end`. Where the answer has no body, as for HEAD, pieces are dropped.
    virtual void copy(std::string_view) = 0;
    virtual void send(std::string) = 0;
    virtual void share(std::shared_ptr<const std::string>) = 0;
    // Waits until all pieces so far have left. False: nobody is there to take them.
    virtual Task<bool> room() = 0;
    // The same, and there are no more.
    virtual Task<bool> end() = 0;

    // For a request that waits long: fires when nobody waits for its answer any more. Noticed from the first call on.
    virtual Signal& gone() = 0;
    virtual bool is_gone() const = 0;
};

}   // namespace sluice
