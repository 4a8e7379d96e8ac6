#include "core/format/expect_sink.h"

#include "core/format/damaged.h"

namespace lifeboat {

void ExpectSink::Write(Bytes bytes) {
    if (hash_.bytes() + bytes.size() > record_.stored_bytes)
        ThrowDamaged("object " + record_.name, "It is larger than the " +
                                                   std::to_string(record_.stored_bytes) +
                                                   " bytes the manifest says.");
    hash_.Write(bytes);
}

void ExpectSink::Finish() {
    const std::string what = "object " + record_.name;
    if (hash_.bytes() != record_.stored_bytes)
        ThrowDamaged(what, "It has " + std::to_string(hash_.bytes()) +
                               " bytes, the manifest says " + std::to_string(record_.stored_bytes) +
                               ".");
    if (const Sha256Digest digest = hash_.Digest(); digest != record_.sha256)
        ThrowDamaged(what, "Its SHA-256 is " + ToHex(digest) + ", the manifest says " +
                               ToHex(record_.sha256) + ".");
    hash_.Finish();
}

} // namespace lifeboat
