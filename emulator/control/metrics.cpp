// What Prometheus reads at /metrics. Counters come from the usage the engine keeps anyway (rule 24); nothing
// is counted twice. Totals of all streams are kept up as they grow; a row a stream is written only while there are few, because
// somebody asks every few seconds and must not have all streams walked for it.
#include <fmt/format.h>

#include <iterator>

#include "emulator/control/calls/service.h"
#include "emulator/runtime/turns.h"

namespace sluice::control {

namespace {

constexpr std::size_t most_streams_listed = 1'000;

// A label's value: backslash, quote and line end are escaped (Prometheus, "Exposition formats").
std::string label(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        out += c;
    }
    return out;
}

}   // namespace

Task<std::string> Service::metrics() {
    // The list of free pages may be long, and on the disk: the loop does not walk it.
    storage::FreeSpace free;
    if (engine_.options().reads_on_thread) {
        auto walk = engine_.aside([&] { free = store_.free_space(); });
        co_await std::move(walk);
    } else {
        free = store_.free_space();
    }
    std::string out;
    const auto head = [&](std::string_view name, std::string_view type, std::string_view help) {
        fmt::format_to(std::back_inserter(out), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
    };
    const auto one = [&](std::string_view name, std::string_view type, std::string_view help, double value) {
        head(name, type, help);
        fmt::format_to(std::back_inserter(out), "{} {:.15g}\n", name, value);
    };
    const auto& clock = *engine_.default_world().clock;
    const auto stats = store_.stats();
    one("sluice_ready", "gauge", "1 when all doors answer.", ready_ ? 1 : 0);
    one("sluice_uptime_seconds", "gauge", "Real time since the start.",
        static_cast<double>((real_.now() - started_).count()) / 1000);
    one("sluice_clock_seconds", "gauge", "Virtual time, seconds since 1970.", static_cast<double>(to_ms(clock.now())) / 1000);
    one("sluice_clock_frozen", "gauge", "1 while the virtual clock stands.", clock.frozen() ? 1 : 0);
    one("sluice_store_used_bytes", "gauge", "Bytes that hold data.", static_cast<double>(stats.used_bytes));
    one("sluice_store_capacity_bytes", "gauge", "Where writes begin to be refused.", static_cast<double>(stats.capacity_bytes));
    one("sluice_store_file_bytes", "gauge", "Size of the file, free pages included; 0 in memory.",
        static_cast<double>(stats.file_bytes));
    one("sluice_store_sweeping", "gauge", "1 while trimmed or deleted data still waits to be freed.", stats.sweeping ? 1 : 0);
    one("sluice_store_snapshots", "gauge", "Read snapshots open now; none outlives its turn of the loop.",
        static_cast<double>(stats.snapshots));
    one("sluice_store_free_pages", "gauge", "Pages of 4 KiB in the file that hold nothing.", static_cast<double>(free.pages));
    one("sluice_store_longest_free_run", "gauge", "The most of them in a row.", static_cast<double>(free.longest_run));
    one("sluice_store_largest_freelist_record", "gauge", "The most of them in one record of the list.",
        static_cast<double>(free.largest_record));
    one("sluice_store_freelist_whole", "gauge", "0 when the list was too long: the three above are of its first part.",
        free.whole ? 1 : 0);
    head("sluice_connections", "gauge", "Open client connections.");
    if (parts_.kinesis_connections)
        fmt::format_to(std::back_inserter(out), "sluice_connections{{door=\"kinesis\"}} {}\n", parts_.kinesis_connections());
    if (parts_.kafka_connections)
        fmt::format_to(std::back_inserter(out), "sluice_connections{{door=\"kafka\"}} {}\n", parts_.kafka_connections());
    head("sluice_calls", "gauge", "Requests begun and not yet answered: long polls, joins, appends.");
    if (parts_.kafka_calls) fmt::format_to(std::back_inserter(out), "sluice_calls{{door=\"kafka\"}} {}\n", parts_.kafka_calls());

    if (const auto* turns = parts_.turns) {
        const auto seconds = [](Turns::Span span) { return std::chrono::duration<double>(span).count(); };
        head("sluice_turn_seconds", "histogram", "How long the loop was away from its sockets, each time.");
        std::uint64_t upto = 0;
        for (std::size_t i = 0; i < Turns::ends.size(); ++i)
            fmt::format_to(std::back_inserter(out), "sluice_turn_seconds_bucket{{le=\"{}\"}} {}\n", seconds(Turns::ends[i]),
                           upto += turns->counts()[i]);
        fmt::format_to(std::back_inserter(out),
                       "sluice_turn_seconds_bucket{{le=\"+Inf\"}} {0}\nsluice_turn_seconds_sum {1:.15g}\n"
                       "sluice_turn_seconds_count {0}\n",
                       turns->count(), seconds(turns->sum()));
        one("sluice_turn_longest_seconds", "gauge", "The longest of them since the start.", seconds(turns->longest()));
    }

    const auto& total = engine_.total_usage(engine_.default_world());
    const auto& there = engine_.default_world().streams;
    one("sluice_streams", "gauge", "Streams and topics. With more than 1000 the figures of single ones are left out.",
        static_cast<double>(there.size()));
    const auto sum = [&](std::string_view name, std::string_view help, std::uint64_t value) {
        head(name, "counter", help);
        fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
    };
    sum("sluice_records_in_total", "Records written to all streams.", total.records_in);
    sum("sluice_bytes_in_total", "Keys and data written to all streams.", total.bytes_in);
    sum("sluice_bytes_out_total", "Bytes read from all streams.",
        total.bytes_out_kinesis + total.bytes_out_kafka + total.bytes_out_consumers + total.bytes_out_queues +
            total.bytes_out_channels);
    sum("sluice_refusals_total", "Calls refused or slowed by a limit, on all streams.",
        total.write_refusals + total.read_refusals);
    if (there.size() > most_streams_listed) co_return out;

    struct Row {
        std::string labels;
        streams::Usage usage;
        std::size_t open;
    };
    std::vector<Row> rows;
    for (const auto& stream : engine_.list(engine_.default_world())) {
        Row row{"stream=\"" + label(stream->name) + "\"", {}, stream->open_shards()};
        row.usage = stream->total;
        rows.push_back(std::move(row));
    }
    const auto each = [&](std::string_view name, std::string_view help, std::string_view more, auto value) {
        if (!help.empty()) head(name, name.ends_with("_total") ? "counter" : "gauge", help);
        for (const auto& row : rows)
            fmt::format_to(std::back_inserter(out), "{}{{{}{}}} {}\n", name, row.labels, more, value(row));
    };
    each("sluice_stream_open_shards", "Shards that take records.", "", [](const Row& r) { return r.open; });
    each("sluice_stream_records_in_total", "Records written by any door.", "", [](const Row& r) { return r.usage.records_in; });
    each("sluice_stream_bytes_in_total", "Keys and data written by any door.", "", [](const Row& r) { return r.usage.bytes_in; });
    each("sluice_stream_bytes_out_total", "Bytes read.", ",door=\"kinesis\"",
         [](const Row& r) { return r.usage.bytes_out_kinesis; });
    each("sluice_stream_bytes_out_total", "", ",door=\"kafka\"", [](const Row& r) { return r.usage.bytes_out_kafka; });
    each("sluice_stream_bytes_out_total", "", ",door=\"consumer\"", [](const Row& r) { return r.usage.bytes_out_consumers; });
    each("sluice_stream_bytes_out_total", "", ",door=\"queue\"", [](const Row& r) { return r.usage.bytes_out_queues; });
    each("sluice_stream_bytes_out_total", "", ",door=\"channel\"", [](const Row& r) { return r.usage.bytes_out_channels; });
    each("sluice_stream_refusals_total", "Calls refused or slowed by a limit.", ",kind=\"write\"",
         [](const Row& r) { return r.usage.write_refusals; });
    each("sluice_stream_refusals_total", "", ",kind=\"read\"", [](const Row& r) { return r.usage.read_refusals; });
    co_return out;
}

}   // namespace sluice::control
