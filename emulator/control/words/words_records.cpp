// Words about records: `sluice tail`, `sluice put`, and `sluice throttles` for those that were refused.
#include <iostream>

#include "emulator/control/words/print.h"
#include "emulator/control/words/word.h"

namespace sluice::control {

namespace {

void print_record(const v1::Record& record) {
    fmt::print(
        "{} {}  {}\n", dim(fmt::format("{} {}/{}", show_time(from_proto(record.appended())), record.shard(), record.offset())),
        record.has_key() ? warm(show_text(record.key())) : dim("-"), record.has_data() ? show_text(record.data()) : dim("null"));
}

}   // namespace

int tail(Word& word) {
    v1::TailRequest request;
    std::string from;
    std::int64_t most = 0;
    bool stop = false;
    word.arguments.option("STREAM", *request.mutable_stream()).required();
    word.arguments.option("--from", from, "start, a span back (1h) or a moment; else what comes from now on").type("WHERE");
    word.arguments.option("-n,--most", most, "end after so many records").type("N");
    word.arguments.flag("--stop", stop, "end at the last record there is now");
    word.parse();
    if (from == "start" || (from.empty() && stop))
        request.set_from_start(true);
    else if (const auto span = parse_span(from))
        *request.mutable_from_ago() = to_proto(*span);
    else if (!from.empty())
        *request.mutable_from_time() = to_proto(or_exit(parse_time(from)));
    request.set_most(most);
    request.set_only_stored(stop);
    word.client.each(request, print_record);
    return 0;
}

int put(Word& word) {
    v1::PutRecordRequest request;
    std::string data, key = "sluice";
    word.arguments.option("STREAM", *request.mutable_stream()).required();
    const auto given = word.arguments.option("DATA", data, "the record; without it each line of the standard input is one");
    word.arguments.option("-k,--key", key, "the partition key, which decides the shard").show_default();
    word.parse();
    request.set_key(key);
    const auto send = [&](const std::string& text) {
        request.set_data(text);
        const auto answer = word.client.call(request);
        if (!word.client.json)
            fmt::print("shard {} offset {}  {}\n", answer.shard(), answer.offset(), dim(answer.sequence_number()));
    };
    if (given.given())
        send(data);
    else
        for (std::string line; std::getline(std::cin, line);) send(line);
    return 0;
}

int throttles(Word& word) {
    v1::WatchThrottlesRequest request;
    word.arguments.option("STREAM", *request.mutable_stream());
    word.parse();
    word.client.each(request, [](const v1::Throttle& t) {
        if (t.missed() > 0) fmt::print("{}\n", dim(fmt::format("({} more)", t.missed())));
        fmt::print("{}  {}\n", dim(show_time(from_proto(t.at()))), show_text(t.explanation()));
    });
    return 0;
}

}   // namespace sluice::control
