// One request from body to answer: read, let in, handle, encode. Instantiated by the last line of each handler's file, so a
// forgotten file is a link error that names the operation.
#pragma once

#include "emulator/kinesis/call.h"
#include "emulator/kinesis/counted.h"
#include "emulator/kinesis/rates.h"
#include "protocol/kinesis/schema.h"

namespace sluice::kinesis {

template <class Result>
Answer answer_of(const Result& result, Encoding encoding) {
    Answer answer{.status = 200, .content_type = content_type(encoding)};
    encode(result, encoding, answer.body);
    return answer;
}
inline Answer answer_of(Answer& written, Encoding) { return std::move(written); }

template <class Operation>
Task<Answer> serve(Serving serving) {
    auto& engine = serving.engine;
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
    Call call{engine, serving.world, serving.options, *serving.caller, serving.encoding, serving.push, serving.asker};
    if (auto refused = over_rate(call, *request)) co_return render(*refused, serving.encoding);
    count_call(call, *request);
    auto reply = co_await handle(call, *request);
    if (!reply) co_return render(reply.error(), serving.encoding);
    co_return answer_of(*reply, serving.encoding);
}

}   // namespace sluice::kinesis
