// Words about records: `sluice tail`, `sluice put`, and `sluice throttles` for those that were refused.
#include <iostream>

#include "emulator/control/words/print.h"
#include "emulator/control/words/word.h"
#include "protocol/aggregate/aggregate.h"
#include "protocol/utf8.h"

namespace sluice::control {

namespace {

// What the record says, or how many others it carries.
std::string show_data(const v1::Record& record) {
    if (!record.has_data()) return dim("null");
    if (const auto aggregate = aggregate::Aggregate::of(record.data()))
        return dim(fmt::format("aggregate of {} user records", aggregate->size()));
    return show_text(record.data());
}

void print_record(const v1::Record& record) {
    const auto inside = record.has_sub_sequence_number() ? fmt::format(".{}", record.sub_sequence_number()) : std::string{};
    fmt::print("{} {}  {}\n",
               dim(fmt::format("{} {}/{}{}", show_time(from_proto(record.appended())), record.shard(), record.offset(), inside)),
               record.has_key() ? warm(show_text(record.key())) : dim("-"), show_data(record));
}

// An aggregate as the user records that it carries, each at the place of the whole one; anything else as it is.
void open_record(const v1::Record& record, const auto& print) {
    const auto aggregate = record.has_data() ? aggregate::Aggregate::of(record.data()) : std::nullopt;
    if (!aggregate || aggregate->size() == 0) return print(record);
    v1::Record one = record;
    for (std::size_t i = 0; i < aggregate->size(); ++i) {
        const auto user = (*aggregate)[i];
        one.set_sub_sequence_number(static_cast<std::int32_t>(i));
        one.set_key(std::string{user.partition_key});
        one.clear_explicit_hash_key();
        if (user.explicit_hash_key) one.set_explicit_hash_key(repaired(*user.explicit_hash_key));
        one.set_data(std::string{user.data});
        print(one);
    }
}

}   // namespace

int tail(Word& word) {
    v1::TailRequest request;
    std::string from;
    std::int64_t most = 0;
    bool stop = false, user_records = false;
    word.arguments.option("STREAM", *request.mutable_stream()).required();
    word.arguments.option("--from", from, "start, a span back (1h) or a moment; else what comes from now on").type("WHERE");
    word.arguments.option("-n,--most", most, "end after so many records").type("N");
    word.arguments.flag("--stop", stop, "end at the last record there is now");
    word.arguments.flag("--user-records", user_records, "the user records inside of what a KPL has aggregated, one by one");
    word.parse();
    if (from == "start" || (from.empty() && stop))
        request.set_from_start(true);
    else if (const auto span = parse_span(from))
        *request.mutable_from_ago() = to_proto(*span);
    else if (!from.empty())
        *request.mutable_from_time() = to_proto(or_exit(parse_time(from)));
    request.set_most(most);
    request.set_only_stored(stop);
    if (user_records)
        word.client.each(request, print_record, [](const auto& record, const auto& print) { open_record(record, print); });
    else
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
