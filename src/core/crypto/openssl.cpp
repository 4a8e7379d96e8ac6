#include "core/crypto/openssl.h"

#include <openssl/err.h>

namespace lifeboat {

std::string TakeOpenSslError() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return {};
    char text[256];
    ERR_error_string_n(code, text, sizeof text);
    return text;
}

void ThrowOpenSsl(std::string_view doing) {
    throw Error(Errc::Internal, "could not " + std::string(doing), TakeOpenSslError());
}

OpenSslPtr<BIO> ReadBio(Bytes bytes) {
    if (bytes.size() > INT32_MAX) throw Error(Errc::InvalidValue, "text is longer than 2 GiB");
    const void* data = bytes.empty() ? "" : static_cast<const void*>(bytes.data()); // never null
    return OpenSslPtr<BIO>(CheckOpenSsl(BIO_new_mem_buf(data, static_cast<int>(bytes.size())),
                                        "make a memory buffer"));
}

OpenSslPtr<BIO> SecretBio() {
    return OpenSslPtr<BIO>(CheckOpenSsl(BIO_new(BIO_s_secmem()), "make a memory buffer"));
}

Bytes BioBytes(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {reinterpret_cast<const std::byte*>(data), static_cast<size_t>(size)};
}

int RefusePassphrase(char* /*into*/, int /*size*/, int /*writing*/, void* user) {
    if (user != nullptr) *static_cast<bool*>(user) = true;
    return -1;
}

std::string Base64(Bytes bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    text.resize(static_cast<size_t>(size));
    return text;
}

std::optional<Buffer> FromBase64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    Buffer bytes(text.size() / 4 * 3);
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    if (size < 0) return std::nullopt;
    // What is padded decodes to zeros.
    const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    bytes.resize(static_cast<size_t>(size) - padding);
    return bytes;
}

} // namespace lifeboat
