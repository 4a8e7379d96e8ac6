#include "core/io/stream.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/error.h"

namespace lifeboat {
namespace {

constexpr size_t kPumpBytes = 256 * 1024;

// A terminal or pipe that somebody else made non-blocking is waited for.
void WaitReady(int fd, short events) {
    pollfd waiting{fd, events, 0};
    ::poll(&waiting, 1, -1);
}

[[noreturn]] void ThrowIo(const char* doing, const std::string& name, int saved_errno) {
    const bool full = saved_errno == ENOSPC || saved_errno == EDQUOT;
    throw Error(full ? Errc::DiskFull : Errc::StoreRefused,
                std::string("could not ") + doing + " " + name + ": " + ErrnoText(saved_errno));
}

} // namespace

uint64_t Pump(Source& source, Sink& sink, Interrupt& interrupt) {
    Buffer buffer(kPumpBytes);
    uint64_t moved = 0;
    for (;;) {
        interrupt.Check();
        const size_t got = source.Read(buffer);
        if (got == 0) return moved;
        sink.Write(Bytes(buffer).first(got));
        moved += got;
    }
}

void StringSink::Write(Bytes bytes) {
    if (bytes.size() > limit_ - text_.size()) {
        throw Error(Errc::Damaged, "content is longer than " + std::to_string(limit_) + " bytes");
    }
    text_.append(AsText(bytes));
}

size_t MemorySource::Read(MutableBytes into) {
    const size_t count = std::min(into.size(), rest_.size());
    std::copy_n(rest_.begin(), count, into.begin());
    rest_ = rest_.subspan(count);
    return count;
}

size_t FdSource::Read(MutableBytes into) {
    for (;;) {
        const ssize_t got = ::read(fd_, into.data(), into.size());
        if (got >= 0) return static_cast<size_t>(got);
        if (errno == EAGAIN) {
            WaitReady(fd_, POLLIN);
        } else if (errno != EINTR) {
            ThrowIo("read", name_, errno);
        }
    }
}

void FdSink::Write(Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
        if (put >= 0) {
            bytes = bytes.subspan(static_cast<size_t>(put));
        } else if (errno == EAGAIN) {
            WaitReady(fd_, POLLOUT);
        } else if (errno != EINTR) {
            ThrowIo("write to", name_, errno);
        }
    }
}

} // namespace lifeboat
