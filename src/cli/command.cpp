#include "cli/command.h"

#include <CLI/CLI.hpp>

namespace lifeboat::cli {

Option& Option::Required() {
    option_->required();
    return *this;
}

Option& Option::Environment(const char* variable) {
    option_->envname(variable);
    return *this;
}

Option& Option::OneOf(std::initializer_list<const char*> values) {
    option_->check(CLI::IsMember(std::vector<std::string>(values.begin(), values.end())));
    return *this;
}

Option& Option::Between(int least, int most) {
    option_->check(CLI::Range(least, most));
    return *this;
}

Option& Option::ShowDefault() {
    option_->capture_default_str();
    return *this;
}

Option& Option::Excludes(const Option& other) {
    option_->excludes(other.option_);
    return *this;
}

Option Command::Add(const char* name, std::string& value, const char* type, const char* help) {
    return Option(app_->add_option(name, value, help)->type_name(type));
}

Option Command::Add(const char* name, int& value, const char* type, const char* help) {
    return Option(app_->add_option(name, value, help)->type_name(type));
}

Option Command::Add(const char* name, uint64_t& value, const char* type, const char* help) {
    return Option(app_->add_option(name, value, help)->type_name(type));
}

Option Command::Add(const char* name, std::vector<std::string>& values, const char* type,
                    const char* help) {
    return Option(app_->add_option(name, values, help)
                      ->type_name(type)
                      ->expected(1)
                      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
}

Option Command::Flag(const char* name, bool& value, const char* help) {
    return Option(app_->add_flag(name, value, help));
}

Command Command::ExactlyOneOf(const char* group, const char* help) {
    CLI::App* options = app_->add_option_group(group, help);
    options->require_option(1);
    return Command(*options);
}

} // namespace lifeboat::cli
