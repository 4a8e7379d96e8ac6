// What a verb declares: its options, as values of its own. A thin cover of CLI11, which only
// command.cpp and main.cpp include: its header costs twelve seconds of compiling each time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace lifeboat::cli {

class Option {
public:
    explicit Option(CLI::Option* option) : option_(option) {}
    Option& Required();
    Option& Environment(const char* variable); // where the value comes from when it is not typed
    Option& OneOf(std::initializer_list<const char*> values);
    Option& Between(int least, int most);
    Option& ShowDefault();
    Option& Excludes(const Option& other);

private:
    CLI::Option* option_;
};

class Command {
public:
    explicit Command(CLI::App& app) : app_(&app) {}
    // `type` is what stands for the value in the help: FILE, NAME.
    Option Add(const char* name, std::string& value, const char* type, const char* help);
    Option Add(const char* name, int& value, const char* type, const char* help);
    Option Add(const char* name, uint64_t& value, const char* type, const char* help);
    // May be given several times, one value each.
    Option Add(const char* name, std::vector<std::string>& values, const char* type,
               const char* help);
    Option Flag(const char* name, bool& value, const char* help);
    // Of the options that are added to the result exactly one must be given.
    Command ExactlyOneOf(const char* group, const char* help);

private:
    CLI::App* app_;
};

} // namespace lifeboat::cli
