// From a frame's first bytes to the code that serves it: what is served, and when it may begin.
#pragma once

#include <memory>
#include <span>

#include "emulator/runtime/loop.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct Call;

// When a call may begin. The calls of one connection begin in the order in which they came, whatever they are.
enum class Order : std::uint8_t {
    in_turn,    // when every earlier one is answered, as in Kafka: so it reads what they wrote, and none of them what it writes
    in_a_row,   // also while earlier ones `in_a_row` wait for their commit: it queues writes and reads nothing that they write
};
struct Route {
    Api api;
    std::int16_t min = 0, max = -1;   // told to clients
    Task<void> (*serve)(std::shared_ptr<Call>) = nullptr;
    Order order = Order::in_turn;
    bool told = true;   // by ApiVersions
};
// By ascending key; nothing for an API that is not served.
const Route* find_route(std::int16_t key);
std::span<const Route> all_routes();

}   // namespace sluice::kafka
