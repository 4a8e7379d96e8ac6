// Where secrets come from: `file:/path`, `command:…` (its stdout), `env:NAME`, `fd:N` (command line
// only). The secret itself never appears in an error; the source does.
#pragma once

#include <string>
#include <string_view>

#include "core/base/interrupt.h"

namespace lifeboat {

enum class SourceKind { kFile, kCommand, kEnv, kFd };

struct SecretSource {
    SourceKind kind;
    std::string value;
};

// Throws Error(InvalidValue) for an unknown scheme. With `plain_is_file`, a text without scheme is
// a path (command line).
SecretSource ParseSecretSource(std::string_view text, std::string_view option, bool plain_is_file);

// Reads it (at most 64 KiB). A secret file must be 0600 or 0400 and of this process's user, or
// root-owned 0640; anything else is Error(Permission) with the mode found and `chmod 600 …` as
// hint. A command that fails or prints nothing is Error(KeyMissing) with its status and the last
// line of its stderr. The caller wipes the result.
std::string ReadSecret(const SecretSource& source, std::string_view option, Interrupt& interrupt);

// A public file (certificate): no mode check.
std::string ReadPublicFile(const std::string& path, std::string_view option);

} // namespace lifeboat
