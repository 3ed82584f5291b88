// One request on its way through the Kinesis door, and what its handler works with. No sockets here: a handler's file includes
// serve.h, its own operation, and what it uses of the engine.
#pragma once

#include <expected>
#include <list>
#include <string>
#include <string_view>

#include "emulator/kinesis/scope.h"
#include "emulator/net/exchange.h"
#include "emulator/runtime/loop.h"
#include "emulator/streams/engine.h"
#include "protocol/kinesis/request.h"

namespace sluice::kinesis {

// An answer without an end that is known beforehand: what comes behind the answer's head and body, as it comes.
using Push = std::move_only_function<Task<void>(Exchange&)>;

// Who waits for the answer, for a call that waits long before it has one.
struct Asker {
    Exchange& out;
    Clock::Serving& serving;   // ends while the call waits: the clock need not stand still for it
};

// What a handler works with: one call of one client.
struct Call {
    streams::Engine& engine;
    streams::World& world;
    const DoorOptions& options;
    const Caller& caller;
    Encoding encoding = Encoding::json;   // of the answer
    Push& push;                           // left empty by nearly all
    Asker* asker = nullptr;               // nothing: nobody who could go away
    Names names{engine.options(), options, caller};
    std::list<std::string> kept = {};   // texts that views in the result point to
    const std::string& account() const { return names.scope().account; }
    std::string_view name(const streams::Stream& stream) const { return names.name(stream.name); }
};

// What `Task<Reply<Name>> handle(Call&, const Name&)` yields: the result, or what the client did wrong. Views in a result live
// until the handler's caller suspends; they are encoded at once.
template <class Operation>
using Reply = std::expected<typename Operation::Result, Error>;
// What a handler yields instead that writes its answer while it works, since no turn of the loop may be as long as the whole of
// it takes.
using Written = std::expected<Answer, Error>;

// A request whose operation is known. Its views live until it is answered.
struct Serving {
    streams::Engine& engine;
    streams::World& world;
    const DoorOptions& options;
    std::string_view body;
    Encoding encoding;
    std::expected<Caller, Error> caller;
    Push& push;
    Asker* asker = nullptr;
};

// Read, handle, encode: defined in serve.h, instantiated by the last line of each handler's file.
template <class Operation>
Task<Answer> serve(Serving);

}   // namespace sluice::kinesis
