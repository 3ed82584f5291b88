// An operation's number, then a body in CBOR. What must hold: reading and skipping agree on what is malformed, and a valid
// request is the same request written in CBOR or JSON and read again.
#include "tests/fuzz/bodies.h"

namespace sluice::fuzz {

void cbor(Bytes input) {
    Choices choices{input};
    const auto which = choices.byte() % std::tuple_size_v<Operations>;
    const Exact body{choices.rest()};
    journey_of(which, body.text(), kinesis::Encoding::cbor);
}

}   // namespace sluice::fuzz
