// The bytes of the object profile that never change (docs/design/format.md, "Encryption"). Private
// to src/core/crypto.
#pragma once

#include "core/base/bytes.h"
#include "core/crypto/cms.h"
#include "core/crypto/openssl.h"

namespace lifeboat::cms {

// Where the header's variable fields lie.
inline constexpr size_t kKeyIdAt = 33;
inline constexpr size_t kWrappedAt = 64;
inline constexpr size_t kWrappedSize = 40;
inline constexpr size_t kNonceAt = 134;
inline constexpr size_t kNonceSize = 12;
inline constexpr size_t kTagSize = 16;

using Header = std::array<std::byte, kCmsHeaderSize>;
// The header with zeros in its variable fields.
const Header& HeaderTemplate() noexcept;
// Is this byte of the header one of a variable field?
bool IsVariable(size_t position) noexcept;

// After the last piece: end of content, end of EncryptedContentInfo, the tag, and three ends more.
inline constexpr size_t kTrailerSize = 28;
inline constexpr size_t kTagAt = 6;
using Trailer = std::array<std::byte, kTrailerSize>;
const Trailer& TrailerTemplate() noexcept;

// `04 length` with a minimal DER length, for 1 … kCmsPieceSize bytes.
Buffer PieceHeader(size_t size);

// AES-256 key wrap, RFC 3394.
using Wrapped = std::array<std::byte, kWrappedSize>;
Wrapped WrapKey(const Key& content_key, const Key& run_key);
std::optional<Key> UnwrapKey(Bytes wrapped, const Key& run_key);

inline unsigned char* Raw(std::byte* bytes) noexcept {
    return reinterpret_cast<unsigned char*>(bytes);
}
inline const unsigned char* Raw(const std::byte* bytes) noexcept {
    return reinterpret_cast<const unsigned char*>(bytes);
}

} // namespace lifeboat::cms
