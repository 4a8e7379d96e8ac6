#include "core/base/error.h"

#include <system_error>
#include <utility>

namespace lifeboat {
namespace {

struct ErrcEntry {
    std::string_view name;
    std::string_view sqlstate;
    int exit_code;
    std::string_view meaning;
};

constexpr ErrcEntry kErrcTable[] = {
#define LIFEBOAT_ERRC(name, sqlstate, exit_code, meaning) {#name, sqlstate, exit_code, meaning},
#include "core/base/errc.def"
#undef LIFEBOAT_ERRC
};

const ErrcEntry& Entry(Errc code) noexcept { return kErrcTable[static_cast<size_t>(code)]; }

} // namespace

std::string_view ErrcName(Errc code) noexcept { return Entry(code).name; }
std::string_view ErrcSqlState(Errc code) noexcept { return Entry(code).sqlstate; }
int ErrcExitCode(Errc code) noexcept { return Entry(code).exit_code; }

std::string ExitCodeHelp() {
    std::string help = "  0  done\n";
    for (const auto& entry : kErrcTable) {
        const std::string number = std::to_string(entry.exit_code);
        help += std::string(3 - number.size(), ' ') + number + "  ";
        help.append(entry.meaning).append("\n");
    }
    return help;
}

Error::Error(Errc code, std::string message, std::string detail, std::string hint)
    : code_(code),
      message_(std::move(message)),
      detail_(std::move(detail)),
      hint_(std::move(hint)) {}

Error Error::WithSqlState(std::string_view sqlstate, std::string message, std::string detail,
                          std::string hint) {
    Errc code = Errc::TargetRefused;
    for (size_t i = 0; i < std::size(kErrcTable); ++i) {
        if (kErrcTable[i].sqlstate == sqlstate) {
            code = static_cast<Errc>(i);
            break;
        }
    }
    Error error(code, std::move(message), std::move(detail), std::move(hint));
    error.sqlstate_ = sqlstate;
    return error;
}

std::string_view Error::sqlstate() const noexcept {
    return sqlstate_.empty() ? ErrcSqlState(code_) : std::string_view(sqlstate_);
}

Error& Error::AddDetail(std::string detail) {
    if (detail_.empty()) detail_ = std::move(detail);
    return *this;
}

Error& Error::AddHint(std::string hint) {
    if (hint_.empty()) hint_ = std::move(hint);
    return *this;
}

std::string ErrnoText(int saved_errno) { return std::generic_category().message(saved_errno); }

} // namespace lifeboat
