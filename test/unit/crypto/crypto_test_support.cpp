#include "crypto_test_support.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/io/child_process.h"

namespace lifeboat {

TempDir::TempDir()
    : path_((std::filesystem::temp_directory_path() / "lifeboat-test-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr)
        throw Error(Errc::Internal, "could not make a temporary directory");
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::File(std::string_view name, std::string_view content, unsigned mode) const {
    std::string path = Path(name);
    std::ofstream(path, std::ios::binary) << content;
    ::chmod(path.c_str(), mode);
    return path;
}

CommandResult RunOpenssl(const std::vector<std::string>& arguments) {
    ChildProcess child({.program = "/usr/bin/openssl",
                        .arguments = arguments,
                        .environment = {"PATH=/usr/bin:/bin"}});
    StringSink out;
    NeverInterrupted never;
    const ChildExit exit = child.Run(out, never);
    return {exit.code, out.Take(), child.stderr_text()};
}

} // namespace lifeboat
