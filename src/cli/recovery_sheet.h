// The sheet that `lifeboat keygen` prints: what to keep where, and how to restore with stock tools
// alone.
#pragma once

#include <string>

#include "core/crypto/recovery.h"

namespace lifeboat::cli {

struct SheetFacts {
    std::string directory;
    const RecoveryCertificate* certificate = nullptr;
    const SignerPublic* signer = nullptr;
    bool passphrase = false;
};
std::string RecoverySheet(const SheetFacts& facts);

} // namespace lifeboat::cli
