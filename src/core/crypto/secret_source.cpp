#include "core/crypto/secret_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>

#include "core/base/unique_fd.h"
#include "core/crypto/secret_sink.h"
#include "core/io/child_process.h"
#include "core/io/file_access.h"

namespace lifeboat {
namespace {

constexpr size_t kMaxSecret = 64 * 1024;
constexpr uint64_t kMaxPublicFile = 1024 * 1024;

std::string Quoted(std::string_view text) { return "\"" + Printable(text) + "\""; }

// How a source is called in errors: `command "…" given as "secret"`.
std::string Name(const char* kind, const SecretSource& source, std::string_view option) {
    return std::string(kind) + " " + Quoted(source.value) + " given as " + Quoted(option);
}

[[noreturn]] void ThrowTooLong(const std::string& name) {
    throw Error(Errc::KeyWrong, name + " gives more than " + std::to_string(kMaxSecret) + " bytes",
                "No key is that long.");
}

// Takes everything up to the limit, and fails on more.
void TakeAll(Source& source, SecretSink& sink, const std::string& name, Interrupt& interrupt) {
    std::array<std::byte, 4096> piece;
    try {
        while (const size_t got = source.Read(piece)) {
            interrupt.Check();
            sink.Write(Bytes(piece).first(got));
        }
    } catch (const Error& error) {
        Wipe(piece);
        if (error.code() == Errc::Damaged) ThrowTooLong(name);
        if (error.code() == Errc::StoreRefused) throw Error(Errc::KeyMissing, error.message());
        throw;
    }
    Wipe(piece);
}

std::string NotEmpty(std::string_view secret, const std::string& name) {
    if (secret.empty()) throw Error(Errc::KeyMissing, name + " is empty");
    return std::string(secret);
}

// The server cannot run as another user, so a copy is what always helps and takes nothing away.
[[noreturn]] void ThrowRefused(const std::string& path, const std::string& message,
                               const char* mode) {
    const auto obstacle = FindObstacle(path, false);
    const std::string me = ThisUser();
    std::string hint;
    if (obstacle && obstacle->owner != 0 && obstacle->owner != ::geteuid()) {
        const std::string owner = UserName(obstacle->owner);
        hint = "Run this as user " + Quoted(owner) + " (runuser -u " + owner +
               " -- …), or put a copy where user ";
    } else {
        hint = "Put a copy where user ";
    }
    hint += Quoted(me) + " can read it: install -d -m 700 -o " + me + " DIR && install -m " + mode +
            " -o " + me + " " + path + " DIR";
    throw Error(Errc::KeyMissing, message, obstacle ? obstacle->Detail() : std::string(), hint);
}

// `mode`: what a copy of such a file is to have.
UniqueFd OpenFile(const std::string& path, std::string_view option, const char* mode) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd.valid()) return fd;
    const int saved_errno = errno;
    const std::string message = "could not read file " + Quoted(path) + " given as " +
                                Quoted(option) + ": " + ErrnoText(saved_errno);
    if (saved_errno == EACCES) ThrowRefused(path, message, mode);
    throw Error(Errc::KeyMissing, message);
}

struct stat StatRegular(int fd, const std::string& name) {
    struct stat status = {};
    if (::fstat(fd, &status) != 0)
        throw Error(Errc::KeyMissing, "could not look at " + name + ": " + ErrnoText(errno));
    if (!S_ISREG(status.st_mode)) throw Error(Errc::Permission, name + " is not a regular file");
    return status;
}

// chown only for what an administrator has left behind: he can read it ever after.
std::string OwnerHint(uid_t owner, const std::string& path) {
    const std::string me = ThisUser();
    if (owner == 0) return "chown " + me + " " + path + " && chmod 600 " + path;
    const std::string name = UserName(owner);
    return "Run this as user " + Quoted(name) + " (runuser -u " + name +
           " -- …), or use a copy of your own: install -m 600 -o " + me + " " + path + " COPY";
}

void CheckMode(const struct stat& status, const SecretSource& source, const std::string& name) {
    const mode_t mode = status.st_mode & 07777;
    const bool own = status.st_uid == ::geteuid();
    if (own && (mode == 0600 || mode == 0400)) return;
    if (status.st_uid == 0 && mode == 0640) return;
    constexpr const char* kRule =
        "A secret file must belong to the user that reads it and have mode 0600 or 0400, or belong "
        "to root and have "
        "mode 0640.";
    if (own) {
        throw Error(
            Errc::Permission,
            name + " has mode " + ModeText(mode) + ", which others may read or which is unusual",
            kRule, "chmod 600 " + source.value);
    }
    throw Error(Errc::Permission,
                name + " belongs to user " + Quoted(UserName(status.st_uid)) + " with mode " +
                    ModeText(mode) + ", but is read by user " + Quoted(ThisUser()),
                kRule, OwnerHint(status.st_uid, source.value));
}

std::string ReadFile(const SecretSource& source, std::string_view option, Interrupt& interrupt) {
    const std::string name = Name("file", source, option);
    const UniqueFd fd = OpenFile(source.value, option, "600");
    CheckMode(StatRegular(fd.get(), name), source, name);
    SecretSink secret(kMaxSecret);
    FdSource bytes(fd.get(), name);
    TakeAll(bytes, secret, name, interrupt);
    return NotEmpty(secret.text(), name);
}

std::vector<std::string> OwnEnvironment() {
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable)
        variables.emplace_back(*variable);
    return variables;
}

std::string LastLine(std::string_view text) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    const size_t line = text.rfind('\n');
    return Printable(line == std::string_view::npos ? text : text.substr(line + 1), 1000);
}

std::string ReadCommand(const SecretSource& source, std::string_view option, Interrupt& interrupt) {
    const std::string name = Name("command", source, option);
    ChildProcess child(
        {.program = "/bin/sh", .arguments = {"-c", source.value}, .environment = OwnEnvironment()});
    SecretSink secret(kMaxSecret);
    ChildExit exit;
    try {
        exit = child.Run(secret, interrupt);
    } catch (const Error& error) {
        if (error.code() == Errc::Damaged) ThrowTooLong(name);
        throw;
    }
    const std::string said = LastLine(child.stderr_text());
    if (!exit.ok()) throw Error(Errc::KeyMissing, name + " failed with " + exit.Describe(), said);
    if (secret.text().empty()) throw Error(Errc::KeyMissing, name + " printed nothing", said);
    return std::string(secret.text());
}

std::string ReadEnvironment(const SecretSource& source, std::string_view option) {
    const char* value = std::getenv(source.value.c_str());
    const std::string name = Name("environment variable", source, option);
    if (value == nullptr) throw Error(Errc::KeyMissing, name + " is not set");
    return NotEmpty(value, name);
}

std::string ReadDescriptor(const SecretSource& source, std::string_view option,
                           Interrupt& interrupt) {
    const std::string name = Name("descriptor", source, option);
    int fd = -1;
    std::from_chars(source.value.data(), source.value.data() + source.value.size(), fd);
    SecretSink secret(kMaxSecret);
    FdSource bytes(fd, name);
    TakeAll(bytes, secret, name, interrupt);
    return NotEmpty(secret.text(), name);
}

bool IsDescriptor(std::string_view text) {
    constexpr size_t kMostDigits = 6;
    return !text.empty() && text.size() <= kMostDigits &&
           text.find_first_not_of("0123456789") == text.npos;
}

// The text is not repeated: whoever forgot the scheme may have given the secret itself.
[[noreturn]] void ThrowUnknown(std::string_view option, bool plain_is_file, std::string problem) {
    throw Error(
        Errc::InvalidValue, "bad source of " + Quoted(option) + ": " + std::move(problem),
        "A secret is never given itself, only where it is.",
        plain_is_file
            ? "Use file:PATH, command:COMMAND, env:NAME or fd:NUMBER; a plain path is a file."
            : "Use file:/PATH, command:COMMAND or env:NAME.");
}

void CheckValue(const SecretSource& source, std::string_view option, bool plain_is_file) {
    if (source.value.empty()) ThrowUnknown(option, plain_is_file, "nothing follows the colon");
    if (source.value.find('\0') != source.value.npos)
        ThrowUnknown(option, plain_is_file, "it contains a zero byte");
    if (source.kind == SourceKind::kFile && !plain_is_file && !source.value.starts_with('/')) {
        ThrowUnknown(option, plain_is_file, "path " + Quoted(source.value) + " is not absolute");
    }
    if (source.kind == SourceKind::kFd && !IsDescriptor(source.value)) {
        ThrowUnknown(option, plain_is_file, "what follows fd: is not a number");
    }
}

} // namespace

SecretSource ParseSecretSource(std::string_view text, std::string_view option, bool plain_is_file) {
    struct Scheme {
        std::string_view prefix;
        SourceKind kind;
    };
    constexpr Scheme kSchemes[] = {{"file:", SourceKind::kFile},
                                   {"command:", SourceKind::kCommand},
                                   {"env:", SourceKind::kEnv},
                                   {"fd:", SourceKind::kFd}};
    for (const auto& [prefix, kind] : kSchemes) {
        if (!text.starts_with(prefix)) continue;
        // A descriptor of the server is nobody's to name.
        if (kind == SourceKind::kFd && !plain_is_file) break;
        SecretSource source{kind, std::string(text.substr(prefix.size()))};
        CheckValue(source, option, plain_is_file);
        return source;
    }
    if (!plain_is_file)
        ThrowUnknown(option, plain_is_file, "it begins with none of file:, command:, env:");
    SecretSource source{SourceKind::kFile, std::string(text)};
    CheckValue(source, option, plain_is_file);
    return source;
}

std::string ReadSecret(const SecretSource& source, std::string_view option, Interrupt& interrupt) {
    switch (source.kind) {
    case SourceKind::kFile: return ReadFile(source, option, interrupt);
    case SourceKind::kCommand: return ReadCommand(source, option, interrupt);
    case SourceKind::kEnv: return ReadEnvironment(source, option);
    case SourceKind::kFd: return ReadDescriptor(source, option, interrupt);
    }
    throw Error(Errc::Internal, "unknown kind of secret source");
}

std::string ReadPublicFile(const std::string& path, std::string_view option) {
    const UniqueFd fd = OpenFile(path, option, "644");
    const std::string name = "file " + Quoted(path) + " given as " + Quoted(option);
    StatRegular(fd.get(), name);
    StringSink content(kMaxPublicFile);
    FdSource bytes(fd.get(), name);
    NeverInterrupted never;
    Pump(bytes, content, never);
    if (content.text().empty()) throw Error(Errc::KeyMissing, name + " is empty");
    return content.Take();
}

} // namespace lifeboat
