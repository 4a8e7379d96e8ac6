// Helpers of the crypto tests: a temporary directory, the openssl command line, what an act throws.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/io/stream.h"

namespace lifeboat {

class TempDir {
public:
    TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir();
    [[nodiscard]] std::string Path(std::string_view name) const {
        return path_ + "/" + std::string(name);
    }
    // Writes the file and returns its path.
    [[nodiscard]] std::string File(std::string_view name, std::string_view content,
                                   unsigned mode = 0600) const;

private:
    std::string path_;
};

struct CommandResult {
    int code;
    std::string out;
    std::string err;
};
CommandResult RunOpenssl(const std::vector<std::string>& arguments);

template <typename Do>
Error ErrorOf(Do&& act) {
    try {
        act();
    } catch (const Error& error) {
        return error;
    }
    return Error(Errc::Internal, "nothing was thrown");
}

} // namespace lifeboat
