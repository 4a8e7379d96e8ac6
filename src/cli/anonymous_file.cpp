#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "cli/anonymous_file.h"
#include "core/base/error.h"

namespace lifeboat::cli {
namespace {

std::string TemporaryDirectory() {
    const char* directory = std::getenv("TMPDIR");
    return directory == nullptr || *directory == '\0' ? "/tmp" : directory;
}

} // namespace

AnonymousFile::AnonymousFile() {
    std::string name = TemporaryDirectory() + "/lifeboat-XXXXXX";
    fd_.Reset(::mkostemp(name.data(), O_CLOEXEC)); // mode 0600
    if (!fd_.valid()) {
        throw Error(Errc::StoreRefused,
                    "could not create a temporary file in \"" + TemporaryDirectory() +
                        "\": " + ErrnoText(errno),
                    {}, "Set TMPDIR to a directory that can be written to.");
    }
    ::unlink(name.c_str());
}

void AnonymousFile::Write(Bytes bytes) {
    try {
        FdSink out(fd_.get(), "temporary file");
        out.Write(bytes);
    } catch (Error& error) {
        error.AddHint("Set TMPDIR to a directory with more space.");
        throw;
    }
}

void AnonymousFile::Clear() {
    if (::ftruncate(fd_.get(), 0) != 0 || ::lseek(fd_.get(), 0, SEEK_SET) != 0)
        throw Error(Errc::StoreRefused, "temporary file: " + ErrnoText(errno));
}

std::string AnonymousFile::path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_.get());
}

void AnonymousFile::CopyTo(Sink& sink, Interrupt& interrupt) const {
    const UniqueFd fd(::open(path().c_str(), O_RDONLY | O_CLOEXEC)); // with a position of its own
    if (!fd.valid()) throw Error(Errc::StoreRefused, "temporary file: " + ErrnoText(errno));
    FdSource source(fd.get(), "temporary file");
    Pump(source, sink, interrupt);
}

std::string AnonymousFile::ReadAll() const {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0)
        throw Error(Errc::StoreRefused, "temporary file: " + ErrnoText(errno));
    std::string text(static_cast<size_t>(status.st_size), '\0');
    size_t done = 0;
    while (done < text.size()) {
        const ssize_t got =
            ::pread(fd_.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) throw Error(Errc::StoreRefused, "temporary file: " + ErrnoText(errno));
        done += static_cast<size_t>(got);
    }
    return text;
}

} // namespace lifeboat::cli
