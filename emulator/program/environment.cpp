#include "emulator/program/environment.h"

#include <fmt/format.h>

#include <algorithm>

#include "emulator/program/nearest.h"

namespace sluice {
namespace {

std::string variable(std::string_view flag) {   // --kinesis-limits -> SLUICE_KINESIS_LIMITS
    std::string name = "SLUICE_";
    for (const char c : flag.substr(2)) name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    return name;
}

// Set by Kubernetes for a service named `sluice`, not by somebody who wants a setting.
bool of_kubernetes(std::string_view name) {
    return name == "SLUICE_PORT" || name.starts_with("SLUICE_PORT_") || name.starts_with("SLUICE_SERVICE_");
}

// Said to others than the server: which image the compose file runs, and where examples find the server (rule 26).
bool of_others(std::string_view name) { return name == "SLUICE_IMAGE" || name == "SLUICE_ADDR"; }

bool true_text(std::string_view text) { return text == "1" || text == "true" || text == "yes" || text == "on"; }
bool false_text(std::string_view text) { return text == "0" || text == "false" || text == "no" || text == "off" || text.empty(); }

}   // namespace

void add_environment(std::vector<std::string>& args, const std::vector<Arguments::Known>& flags, const Environment& environment) {
    std::vector<std::string> known;
    known.reserve(flags.size());
    for (const auto& one : flags) known.push_back(variable(one.flag));
    const bool data_given =
        std::ranges::any_of(args, [](const std::string& arg) { return arg == "--data" || arg.starts_with("--data="); });
    for (const auto& [name, value] : environment) {
        if (!name.starts_with("SLUICE_") || of_kubernetes(name) || of_others(name)) continue;
        const auto at = std::ranges::find(known, name);
        if (at == known.end()) {
            const auto near = nearest(name, known);
            throw Exit{bad_usage, fmt::format("{} is no setting of sluice{}; `sluice serve --help` names them all", name,
                                              near.empty() ? "" : fmt::format(", did you mean {}?", near))};
        }
        const auto& [flag, takes_value] = flags[static_cast<std::size_t>(at - known.begin())];
        const auto with_value = flag + "=";
        const auto given = [&, &typed = flag](const std::string& arg) { return arg == typed || arg.starts_with(with_value); };
        if (std::ranges::any_of(args, given)) continue;
        if (flag == "--ephemeral" && data_given) continue;   // whoever types --data means it
        if (takes_value) {
            args.push_back(with_value + value);
        } else if (true_text(value)) {
            args.push_back(flag);
        } else if (!false_text(value)) {
            throw Exit{bad_usage, fmt::format("{}={}: write true or false", name, value)};
        }
    }
}

Environment read_environment(char** block) {
    Environment environment;
    for (; block && *block; ++block) {
        const std::string_view entry{*block};
        const auto equals = entry.find('=');
        if (equals != std::string_view::npos) environment.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
    }
    return environment;
}

}   // namespace sluice
