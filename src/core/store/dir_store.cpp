#include "core/store/dir_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "core/store/dir_errors.h"
#include "core/store/dir_publish.h"
#include "core/store/dir_temporary.h"
#include "core/store/location.h"
#include "core/store/store_name.h"

namespace lifeboat {
namespace {

constexpr int kCreateTries = 100;
constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Instant ModifiedAt(const struct stat& found) {
    return Instant(std::chrono::seconds(found.st_mtim.tv_sec) +
                   std::chrono::microseconds(found.st_mtim.tv_nsec / 1000));
}

std::string Join(const std::string& directory, std::string_view file) {
    return directory.empty() ? std::string(file) : directory + "/" + std::string(file);
}

struct CloseDirectory {
    void operator()(DIR* directory) const noexcept { closedir(directory); }
};

struct Entry {
    std::string name;
    bool is_file; // known to be a regular one
};

// Everything but "." and ".."; kept, so that nothing is open while they are looked at.
int ReadEntries(int directory, std::vector<Entry>& entries) {
    UniqueFd own(openat(directory, ".", kDirectoryFlags));
    if (!own.valid()) return errno;
    const std::unique_ptr<DIR, CloseDirectory> stream(fdopendir(own.get()));
    if (!stream) return errno;
    own.Release();
    for (;;) {
        errno = 0;
        const dirent* entry = readdir(stream.get());
        if (entry == nullptr) return errno;
        const std::string_view name(entry->d_name);
        if (name != "." && name != "..")
            entries.push_back({std::string(name), entry->d_type == DT_REG});
    }
}

class FileSource final : public Source {
public:
    FileSource(UniqueFd fd, ByteRange range, std::string root, std::string name)
        : fd_(std::move(fd)), range_(range), root_(std::move(root)), name_(std::move(name)) {}

    size_t Read(MutableBytes into) override {
        const size_t wanted = std::min<uint64_t>(into.size(), range_.length);
        if (wanted == 0 || range_.offset > static_cast<uint64_t>(INT64_MAX)) return 0;
        ssize_t got = 0;
        do {
            got = pread(fd_.get(), into.data(), wanted, static_cast<off_t>(range_.offset));
        } while (got < 0 && errno == EINTR);
        if (got < 0) throw DirError({root_, "read", name_}, errno);
        range_.offset += static_cast<uint64_t>(got);
        range_.length -= static_cast<uint64_t>(got);
        return static_cast<size_t>(got);
    }

private:
    UniqueFd fd_;
    ByteRange range_; // what is still to come
    std::string root_;
    std::string name_;
};

} // namespace

// Writes under a temporary name; Finish() makes it durable and gives it its own.
class DirStore::FileSink final : public Sink {
public:
    FileSink(DirStore& store, Place place, UniqueFd fd, std::string temporary)
        : store_(store),
          place_(std::move(place)),
          fd_(std::move(fd)),
          temporary_(std::move(temporary)) {}
    FileSink(const FileSink&) = delete;
    FileSink& operator=(const FileSink&) = delete;
    ~FileSink() override {
        if (!published_) unlinkat(place_.directory.get(), temporary_.c_str(), 0);
    }

    void Write(Bytes bytes) override {
        while (!bytes.empty()) {
            const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) Fail("write", errno);
            bytes = bytes.subspan(static_cast<size_t>(written));
            unwritten_ += static_cast<uint64_t>(written);
        }
        if (store_.deferred_ && unwritten_ >= kWriteBehind) StartWriting();
    }

    void Finish() override {
        if (store_.deferred_) {
            StartWriting();
        } else if (fsync(fd_.get()) != 0) {
            Fail("sync", errno);
        }
        const int directory = place_.directory.get();
        const int failed = Publish(directory, fd_.get(), temporary_, place_.file);
        if (failed == EEXIST) throw ObjectExists(Join(place_.path, place_.file), store_.url_);
        if (failed != 0) Fail("create", failed);
        published_ = true;
        if (store_.deferred_) return store_.unsynced_.Add(place_.path, place_.file);
        if (const int unsynced = SyncDirectory(directory); unsynced != 0) {
            unlinkat(directory, place_.file.c_str(), 0); // what may not last must not be seen
            Fail("sync", unsynced);
        }
    }

private:
    // So much waits in the page cache at most: the disk works while the next rows are made.
    static constexpr uint64_t kWriteBehind = 8 << 20;

    void StartWriting() {
        UnsyncedFiles::StartWriting(fd_.get());
        unwritten_ = 0;
    }
    [[noreturn]] void Fail(std::string_view action, int saved_errno) const {
        throw DirError({store_.root_, action, Join(place_.path, place_.file)}, saved_errno);
    }

    DirStore& store_;
    Place place_;
    UniqueFd fd_;
    std::string temporary_;
    uint64_t unwritten_ = 0;
    bool published_ = false;
};

DirStore::DirStore(std::string root)
    : root_(std::move(root)),
      url_(Location{"file", {}, root_}.Url()),
      unsynced_(root_, [this](const std::string& path) { return OpenDirectory(path, false); }) {}

int DirStore::Root() {
    if (!root_fd_.valid()) {
        root_fd_.Reset(open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!root_fd_.valid()) throw RootError(root_, errno);
    }
    struct stat named {};
    struct stat opened {};
    const int failed =
        stat(root_.c_str(), &named) == 0 && fstat(root_fd_.get(), &opened) == 0 ? 0 : errno;
    if (failed == 0 && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino)
        return root_fd_.get();
    root_fd_.Reset();
    durable_.clear();
    throw failed != 0 ? RootError(root_, failed) : RootReplaced(root_);
}

// `path` is that of the directory wanted, `child` its last component, `parent` is open.
UniqueFd DirStore::Enter(int parent, const std::string& path, const std::string& child, bool make) {
    UniqueFd fd(openat(parent, child.c_str(), kDirectoryFlags));
    if (!fd.valid() && errno == ENOENT && make) {
        if (mkdirat(parent, child.c_str(), 0700) != 0 && errno != EEXIST && errno != ENOENT) {
            throw DirError({root_, "create", path}, errno);
        }
        fd.Reset(openat(parent, child.c_str(), kDirectoryFlags));
    }
    if (fd.valid()) {
        if (make) MakeDurable(parent, fd.get(), path);
        return fd;
    }
    const int saved_errno = errno;
    if (saved_errno == ENOENT) return fd; // also when it, or its parent, was removed meanwhile
    struct stat found {};
    if ((saved_errno == ENOTDIR || saved_errno == ELOOP) &&
        fstatat(parent, child.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) {
        throw WrongType(root_, path, "a directory", found.st_mode);
    }
    throw DirError({root_, "open", path}, saved_errno);
}

void DirStore::MakeDurable(int parent, int directory, const std::string& path) {
    struct statx found {};
    if (statx(directory, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &found) != 0) {
        throw DirError({root_, "open", path}, errno);
    }
    // An inode number is soon given to another directory; the time of birth is not.
    const auto birth = found.stx_btime.tv_sec * 1'000'000'000 + found.stx_btime.tv_nsec;
    const KnownDirectory key{path, found.stx_ino, birth};
    if (durable_.contains(key)) return;
    if (const int failed = SyncDirectory(parent); failed != 0) {
        throw DirError({root_, "sync", path}, failed);
    }
    durable_.insert(key);
}

UniqueFd DirStore::OpenDirectory(std::string_view path, bool make) {
    const int root = Root();
    UniqueFd current(openat(root, ".", kDirectoryFlags));
    if (!current.valid()) throw DirError({root_, "open", ""}, errno);
    for (size_t at = 0; at < path.size() && current.valid();) {
        const size_t end = std::min(path.find('/', at), path.size());
        current = Enter(current.get(), std::string(path.substr(0, end)),
                        std::string(path.substr(at, end - at)), make);
        at = end + 1;
    }
    return current;
}

DirStore::Place DirStore::Locate(std::string_view name, bool make) {
    CheckStoreName(name);
    const size_t slash = name.rfind('/');
    Place place;
    if (slash != std::string_view::npos) place.path = name.substr(0, slash);
    place.file = name.substr(slash == std::string_view::npos ? 0 : slash + 1);
    place.directory = OpenDirectory(place.path, make);
    return place;
}

std::unique_ptr<Sink> DirStore::Create(std::string_view name) {
    // A directory may be taken away under us by whoever just emptied it: then it is made once more.
    for (int tries = 0; tries < kCreateTries; ++tries) {
        if (auto sink = TryCreate(name)) return sink;
    }
    throw DirError({root_, "create", name}, ENOENT);
}

std::unique_ptr<Sink> DirStore::TryCreate(std::string_view name) {
    Place place = Locate(name, true);
    const int directory = place.directory.get();
    if (directory < 0) return nullptr;
    struct stat found {};
    if (fstatat(directory, place.file.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) {
        throw ObjectExists(name, url_);
    }
    std::string temporary = MakeTemporaryName();
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    UniqueFd fd(openat(directory, temporary.c_str(), kFlags, 0600));
    if (!fd.valid() && errno == ENOENT) return nullptr;
    if (!fd.valid()) throw DirError({root_, "create", name}, errno);
    return std::make_unique<FileSink>(*this, std::move(place), std::move(fd), std::move(temporary));
}

std::unique_ptr<Source> DirStore::Get(std::string_view name, ByteRange range) {
    const Place place = Locate(name, false);
    if (!place.directory.valid()) throw ObjectAbsent(name, url_);
    // O_NONBLOCK: a FIFO must not make us wait.
    UniqueFd fd(openat(place.directory.get(), place.file.c_str(),
                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid() && errno == ENOENT) throw ObjectAbsent(name, url_);
    const int saved_errno = errno;
    struct stat found {};
    const bool known = fd.valid() ? fstat(fd.get(), &found) == 0
                                  : fstatat(place.directory.get(), place.file.c_str(), &found,
                                            AT_SYMLINK_NOFOLLOW) == 0;
    if (known && !S_ISREG(found.st_mode))
        throw WrongType(root_, name, "a regular file", found.st_mode);
    if (!fd.valid() || !known) throw DirError({root_, "open", name}, saved_errno);
    return std::make_unique<FileSource>(std::move(fd), range, root_, std::string(name));
}

StoreObject DirStore::Stat(std::string_view name) {
    const Place place = Locate(name, false);
    struct stat found {};
    if (!place.directory.valid()) throw ObjectAbsent(name, url_);
    if (fstatat(place.directory.get(), place.file.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) throw ObjectAbsent(name, url_);
        throw DirError({root_, "open", name}, errno);
    }
    if (!S_ISREG(found.st_mode)) throw WrongType(root_, name, "a regular file", found.st_mode);
    return {std::string(name), static_cast<uint64_t>(found.st_size), ModifiedAt(found)};
}

void DirStore::Walk(int directory, const std::string& path, const EntryFilter& wanted,
                    const EntryVisitor& visit) {
    std::vector<Entry> entries;
    if (const int failed = ReadEntries(directory, entries); failed != 0)
        throw DirError({root_, "list", path}, failed);
    for (const auto& [name, is_file] : entries) {
        if (is_file && !wanted(name)) continue;
        const std::string child = Join(path, name);
        struct stat found {};
        if (fstatat(directory, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
            if (errno == ENOENT) continue; // gone meanwhile
            throw DirError({root_, "list", child}, errno);
        }
        if (S_ISREG(found.st_mode)) {
            visit(directory, child, name,
                  {child, static_cast<uint64_t>(found.st_size), ModifiedAt(found)});
        } else if (S_ISDIR(found.st_mode) && IsStorePath(child)) {
            const UniqueFd below(openat(directory, name.c_str(), kDirectoryFlags));
            if (below.valid()) {
                Walk(below.get(), child, wanted, visit);
            } else if (errno != ENOENT) {
                throw DirError({root_, "list", child}, errno);
            }
        }
    }
}

void DirStore::List(std::string_view prefix, const std::function<void(const StoreObject&)>& visit) {
    prefix = CheckStorePrefix(prefix);
    UniqueFd directory;
    try {
        directory = OpenDirectory(prefix, false);
    } catch (const StoreError& error) {
        if (error.code() != Errc::Damaged) throw; // a file: nothing lies below it
    }
    if (!directory.valid()) return;
    const auto all = [](std::string_view) { return true; };
    Walk(directory.get(), std::string(prefix), all,
         [&](int, const std::string& path, const std::string&, const StoreObject& object) {
             if (IsStorePath(path)) visit(object);
         });
}

void DirStore::Remove(std::string_view name) {
    const Place place = Locate(name, false);
    if (!place.directory.valid()) return;
    if (unlinkat(place.directory.get(), place.file.c_str(), 0) != 0) {
        if (errno == ENOENT) return;
        throw DirError({root_, "remove", name}, errno);
    }
    // Durable, because what is removed next may rely on it (the commit mark goes first).
    if (const int failed = SyncDirectory(place.directory.get()); failed != 0)
        throw DirError({root_, "sync", name}, failed);
    RemoveEmptyDirectories(place.path);
}

void DirStore::RemoveEmptyDirectories(std::string path) {
    while (!path.empty()) {
        const size_t slash = path.rfind('/');
        const std::string child = path.substr(slash == std::string::npos ? 0 : slash + 1);
        path.resize(slash == std::string::npos ? 0 : slash);
        const UniqueFd parent = OpenDirectory(path, false);
        if (!parent.valid() || unlinkat(parent.get(), child.c_str(), AT_REMOVEDIR) != 0)
            return; // not empty
    }
}

StoreProperties DirStore::Properties() {
    struct stat found {};
    struct statvfs system {};
    const int root = Root();
    if (fstat(root, &found) != 0 || fstatvfs(root, &system) != 0)
        throw DirError({root_, "open", ""}, errno);
    return {url_, uint64_t{system.f_bavail} * system.f_frsize,
            std::to_string(major(found.st_dev)) + ":" + std::to_string(minor(found.st_dev))};
}

size_t DirStore::RemoveStaleTemporaries() {
    size_t removed = 0;
    const Instant now = Now();
    const UniqueFd directory = OpenDirectory("", false);
    // Of a store's many objects none is looked at.
    Walk(directory.get(), "", IsTemporaryName,
         [&](int parent, const std::string&, const std::string& name, const StoreObject& object) {
             if (IsStaleTemporary(name, object.modified, now) &&
                 unlinkat(parent, name.c_str(), 0) == 0)
                 ++removed;
         });
    return removed;
}

} // namespace lifeboat
