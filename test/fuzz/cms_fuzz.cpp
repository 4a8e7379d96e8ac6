// The object reader on hostile bytes. Accepted input must be exactly what a writer would have made
// of its content: the profile leaves no freedom but the key fields, so template and piece lengths
// are checked against the size.
//
// The first byte chooses the size of the writes; the rest is the object. With bit 7 set, the rest
// is content instead: it is encrypted first, and must come back.
#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"
#include "core/crypto/cms.h"

namespace {

using namespace lifeboat;

const Key& RunKey() {
    static const Key key = Key::FromHex(
        "6b8f0c3a59d2e7714f10aa93c5b86e2d7f4401d9e8a3b5c6172839405a6b7c8d", "the fuzz key");
    return key;
}

void WriteInPieces(Sink& sink, Bytes bytes, size_t piece) {
    while (!bytes.empty()) {
        const Bytes front = bytes.first(std::min(piece, bytes.size()));
        sink.Write(front);
        bytes = bytes.subspan(front.size());
    }
    sink.Finish();
}

size_t StoredSize(size_t content) {
    size_t size = kCmsHeaderSize + 28 + content + 5 * (content / kCmsPieceSize);
    if (const size_t rest = content % kCmsPieceSize; rest > 0) {
        size += rest < 128 ? 2 : rest < 256 ? 3 : rest < 65536 ? 4 : 5;
    }
    return size;
}

void ReadHostile(Bytes object, size_t piece) {
    StringSink content;
    CmsDecryptor decryptor(content, [](const KeyId& id) {
        if (id == RunKey().Id()) return RunKey();
        throw Error(Errc::KeyMissing, "no such key");
    });
    try {
        WriteInPieces(decryptor, object, piece);
    } catch (const Error& error) {
        if (error.code() != Errc::Damaged && error.code() != Errc::KeyMissing) std::abort();
        return;
    }
    if (object.size() != StoredSize(content.text().size())) std::abort();
}

void RoundTrip(Bytes content, size_t piece) {
    StringSink object;
    CmsEncryptor encryptor(object, RunKey());
    WriteInPieces(encryptor, content, piece);
    StringSink back;
    CmsDecryptor decryptor(back, [](const KeyId&) { return RunKey(); });
    WriteInPieces(decryptor, AsBytes(object.text()), piece);
    if (back.text() != AsText(content)) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const Bytes rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
    const size_t piece = 1 + (data[0] & 0x7FU);
    if ((data[0] & 0x80U) != 0) {
        RoundTrip(rest, piece);
    } else {
        ReadHostile(rest, piece);
    }
    return 0;
}
