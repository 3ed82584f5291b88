#include "emulator/program/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "emulator/program/nearest.h"
#include "emulator/program/options.h"

namespace sluice {

Argument& Argument::required() {
    option_->required();
    return *this;
}
Argument& Argument::show_default() {
    option_->capture_default_str();
    return *this;
}
Argument& Argument::type(const char* name) {
    option_->type_name(name);
    return *this;
}
Argument& Argument::group(const char* name) {
    option_->group(name);
    return *this;
}
Argument& Argument::one_of(std::vector<std::string> values) {
    option_->check(CLI::IsMember(std::move(values)));
    return *this;
}
bool Argument::given() const { return option_->count() > 0; }

Arguments::Arguments(std::string text, std::string name) : app_(std::make_unique<CLI::App>(std::move(text), std::move(name))) {}
Arguments::~Arguments() = default;
Arguments::Arguments(Arguments&&) noexcept = default;

Argument Arguments::option(const std::string& name, std::string& into, const std::string& text) {
    return Argument{app_->add_option(name, into, text)};
}
Argument Arguments::option(const std::string& name, std::int64_t& into, const std::string& text) {
    return Argument{app_->add_option(name, into, text)};
}
Argument Arguments::list(const std::string& name, std::vector<std::string>& into, const std::string& text) {
    return Argument{app_->add_option(name, into, text)->delimiter(',')->expected(1)->take_all()};
}
Argument Arguments::flag(const std::string& name, bool& into, const std::string& text) {
    return Argument{app_->add_flag(name, into, text)};
}
Argument Arguments::config_file(const std::string& name, const std::string& text) {
    app_->allow_config_extras(false);
    return Argument{app_->set_config(name, "", text)};
}
void Arguments::footer(const std::string& text) { app_->footer(text); }
void Arguments::column_width(std::size_t characters) { app_->get_formatter()->column_width(characters); }

std::vector<Arguments::Known> Arguments::known() const {
    std::vector<Known> all;
    for (const auto* option : std::as_const(*app_).get_options())
        if (!option->get_lnames().empty() && option->get_lnames()[0] != "help")
            all.push_back({option->get_name(), option->get_items_expected_max() > 0});
    return all;
}

// What is said of arguments that none was added for: of a flag with the nearest that there is.
std::string Arguments::unknown(std::string_view said) const {
    for (const auto& arg : app_->remaining()) {
        if (!arg.starts_with("--")) continue;
        std::vector<std::string> flags;
        for (const auto& one : known()) flags.push_back(one.flag);
        const auto flag = arg.substr(0, arg.find('='));
        const auto near = nearest(flag, flags);
        return fmt::format("there is no flag {}{}", flag, near.empty() ? "" : fmt::format(", did you mean {}?", near));
    }
    return std::string{said};
}

void Arguments::parse(std::vector<std::string> args, std::string_view see) {
    try {
        std::ranges::reverse(args);
        app_->parse(args);
    } catch (const CLI::CallForHelp&) {
        throw Exit{0, app_->help()};
    } catch (const CLI::ExtrasError& error) {
        throw Exit{bad_usage, fmt::format("{}; {}", unknown(error.what()), see)};
    } catch (const CLI::ParseError& error) {
        throw Exit{bad_usage, fmt::format("{}; {}", error.what(), see)};
    }
}

}   // namespace sluice
