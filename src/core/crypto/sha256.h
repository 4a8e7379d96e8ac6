// SHA-256 over OpenSSL's EVP.
#pragma once

#include <memory>

#include "core/base/bytes.h"

struct evp_md_ctx_st;

namespace lifeboat {

using Sha256Digest = std::array<std::byte, 32>;

class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    void Update(Bytes bytes);
    Sha256Digest Final(); // once

private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

Sha256Digest Sha256Of(Bytes bytes);

} // namespace lifeboat
