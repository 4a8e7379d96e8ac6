#include "core/crypto/cms_template.h"

#include <algorithm>
#include <utility>

namespace lifeboat::cms {
namespace {

constexpr std::byte HexDigit(char c) {
    return static_cast<std::byte>(c <= '9' ? c - '0' : c - 'a' + 10);
}

// Hexadecimal with spaces, at compile time; `__` is a zero that varies.
template <size_t N>
constexpr std::array<std::byte, N> FromSpaced(std::string_view hex) {
    std::array<std::byte, N> bytes{};
    size_t digits = 0;
    for (const char c : hex) {
        if (c == ' ') continue;
        const std::byte digit = c == '_' ? std::byte{0} : HexDigit(c);
        bytes.at(digits / 2) |= digits % 2 == 0 ? digit << 4 : digit;
        ++digits;
    }
    if (digits != 2 * N) throw "the template has another length";
    return bytes;
}

constexpr auto kHeader = FromSpaced<kCmsHeaderSize>(
    "3080"                             // ContentInfo, indefinite
    "060b2a864886f70d0109100117"       //   id-ct-authEnvelopedData
    "a080 3080"                        //   [0] AuthEnvelopedData
    "020100"                           //     version 0
    "3150 a24e"                        //     SET of one [2] KEKRecipientInfo
    "020104"                           //       version 4
    "3012 0410"                        //       KEKIdentifier
    "________________________________" //        key id
    "300b060960864801650304012d"       //       id-aes256-wrap
    "0428"                             //       encryptedKey
    "________________________________________________________________________________"
    "3080"                       //     EncryptedContentInfo
    "06092a864886f70d010701"     //       id-data
    "301e060960864801650304012e" //       id-aes256-GCM
    "3011 040c"                  //         nonce
    "________________________"
    "020110" //         tag of 16 bytes
    "a080"); //       [0] content, in pieces

constexpr auto kTrailer =
    FromSpaced<kTrailerSize>("0000 0000 0410 ________________________________ 0000 0000 0000");

constexpr size_t kLongForm1 = 0x80;
constexpr size_t kLongForm2 = 0x100;
constexpr size_t kLongForm3 = 0x10000;

// One-shot: init, update, final of a key wrap in either direction.
bool RunWrap(Bytes in, MutableBytes out, const Key& key, int encrypting) {
    const OpenSslPtr<EVP_CIPHER_CTX> context(
        CheckOpenSsl(EVP_CIPHER_CTX_new(), "make a cipher context"));
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    CheckOpenSsl(EVP_CipherInit_ex(context.get(), EVP_aes_256_wrap(), nullptr,
                                   Raw(key.bytes().data()), nullptr, encrypting) == 1,
                 "start AES key wrap");
    int size = 0;
    int rest = 0;
    return EVP_CipherUpdate(context.get(), Raw(out.data()), &size, Raw(in.data()),
                            static_cast<int>(in.size())) == 1 &&
           EVP_CipherFinal_ex(context.get(), Raw(out.data()) + size, &rest) == 1 &&
           std::cmp_equal(size + rest, out.size());
}

} // namespace

const Header& HeaderTemplate() noexcept { return kHeader; }
const Trailer& TrailerTemplate() noexcept { return kTrailer; }

bool IsVariable(size_t position) noexcept {
    const auto within = [position](size_t at, size_t size) {
        return position >= at && position < at + size;
    };
    return within(kKeyIdAt, KeyId{}.size()) || within(kWrappedAt, kWrappedSize) ||
           within(kNonceAt, kNonceSize);
}

Buffer PieceHeader(size_t size) {
    Buffer header{std::byte{0x04}};
    const auto push = [&header](size_t value) { header.push_back(static_cast<std::byte>(value)); };
    if (size >= kLongForm1) push(size < kLongForm2 ? 0x81 : size < kLongForm3 ? 0x82 : 0x83);
    if (size >= kLongForm3) push(size >> 16);
    if (size >= kLongForm2) push(size >> 8);
    push(size);
    return header;
}

Wrapped WrapKey(const Key& content_key, const Key& run_key) {
    Wrapped wrapped;
    CheckOpenSsl(RunWrap(content_key.bytes(), wrapped, run_key, 1), "wrap a content key");
    return wrapped;
}

std::optional<Key> UnwrapKey(Bytes wrapped, const Key& run_key) {
    std::array<std::byte, Key::kSize> content_key;
    const bool ok = RunWrap(wrapped, content_key, run_key, 0);
    TakeOpenSslError(); // a wrong key or a damaged field is the caller's to report
    std::optional<Key> key;
    if (ok) key = Key::FromBytes(content_key);
    Wipe(content_key);
    return key;
}

} // namespace lifeboat::cms
