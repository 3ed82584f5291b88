// The arguments of one word, over CLI11. CLI11 is header-only and takes ten seconds to compile wherever it is included, so that
// arguments.cpp alone includes it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}   // namespace CLI

namespace sluice {

// A flag or a positional argument that was added; a handle, valid as long as its Arguments.
class Argument {
  public:
    explicit Argument(CLI::Option* option) : option_(option) {}
    Argument& required();
    Argument& show_default();            // the value that the variable has now
    Argument& type(const char* name);    // what --help shows for the value: ADDR:PORT
    Argument& group(const char* name);   // the heading in --help
    Argument& one_of(std::vector<std::string> values);
    bool given() const;

  private:
    CLI::Option* option_;
};

class Arguments {
  public:
    // `name` as it stands in messages: "sluice serve".
    Arguments(std::string text, std::string name);
    ~Arguments();
    Arguments(Arguments&&) noexcept;
    Arguments& operator=(Arguments&&) = delete;

    // A flag with a value when the name begins with '-', else a positional argument. The variables live until parse has returned.
    Argument option(const std::string& name, std::string& into, const std::string& text = "");
    Argument option(const std::string& name, std::int64_t& into, const std::string& text = "");
    Argument list(const std::string& name, std::vector<std::string>& into, const std::string& text);   // separated by commas
    Argument flag(const std::string& name, bool& into, const std::string& text);
    Argument config_file(const std::string& name, const std::string& text);
    void footer(const std::string& text);
    void column_width(std::size_t characters);   // of the left column of --help

    struct Known {
        std::string flag;   // --kinesis-limits
        bool takes_value;
    };
    std::vector<Known> known() const;   // each flag but --help

    // Throws Exit: with the help when it was asked for, else with the fault and `see`.
    void parse(std::vector<std::string> args, std::string_view see);

  private:
    std::string unknown(std::string_view said) const;
    std::unique_ptr<CLI::App> app_;
};

}   // namespace sluice
