// One request from body to answer: read, handle, encode. Defined here and instantiated by the last line of each handler's file.
#pragma once

#include "emulator/kinesis/handlers.h"
#include "protocol/kinesis/schema.h"

namespace sluice::kinesis {

template <class Operation>
Task<Answer> serve(streams::Engine& engine, const DoorOptions& options, Serving serving) {
    Arena arena{serving.body.size()};
    std::expected<Operation, Error> request;
    const auto decode = [&] { request = read<Operation>(serving.body, serving.encoding, arena, serving.caller); };
    if (engine.large(serving.body.size())) {
        auto away = engine.aside(decode);
        co_await std::move(away);
    } else {
        decode();
    }
    if (!request) co_return render(request.error(), serving.encoding);
    Call call{engine, engine.default_world(), options, *serving.caller};
    const auto result = co_await handle(call, *request);
    if (!result) co_return render(result.error(), serving.encoding);
    Answer answer{.status = 200, .content_type = content_type(serving.encoding)};
    encode(*result, serving.encoding, answer.body);
    co_return answer;
}

}   // namespace sluice::kinesis
