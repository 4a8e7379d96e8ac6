#include "core/crypto/cms.h"
#include "core/crypto/cms_template.h"

#include <algorithm>

namespace lifeboat {
namespace {

// In front of a piece there is room for its longest header, so that header and piece go out in one
// write.
constexpr size_t kRoom = 5;

} // namespace

struct CmsEncryptor::State {
    explicit State(Sink& sink) : next(sink) {}
    void Begin(const Key& run_key);
    void FlushPiece();

    Sink& next;
    OpenSslPtr<EVP_CIPHER_CTX> context;
    // Not filled with zeros: most objects of a database with many tables are far smaller.
    std::unique_ptr<std::byte[]> piece =
        std::make_unique_for_overwrite<std::byte[]>(kRoom + kCmsPieceSize);
    size_t filled = 0;
};

void CmsEncryptor::State::Begin(const Key& run_key) {
    const Key content_key = Key::Random();
    const KeyId id = run_key.Id();
    const cms::Wrapped wrapped = cms::WrapKey(content_key, run_key);
    cms::Header header = cms::HeaderTemplate();
    std::copy(id.begin(), id.end(), header.begin() + cms::kKeyIdAt);
    std::copy(wrapped.begin(), wrapped.end(), header.begin() + cms::kWrappedAt);
    const MutableBytes nonce = MutableBytes(header).subspan(cms::kNonceAt, cms::kNonceSize);
    RandomBytes(nonce);
    context.reset(CheckOpenSsl(EVP_CIPHER_CTX_new(), "make a cipher context"));
    CheckOpenSsl(
        EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr,
                           cms::Raw(content_key.bytes().data()), cms::Raw(nonce.data())) == 1,
        "start AES-256-GCM");
    next.Write(header);
}

void CmsEncryptor::State::FlushPiece() {
    if (filled == 0) return;
    const Buffer header = cms::PieceHeader(filled);
    const size_t start = kRoom - header.size();
    std::copy(header.begin(), header.end(), piece.get() + start);
    next.Write(Bytes(piece.get() + start, header.size() + filled));
    filled = 0;
}

CmsEncryptor::CmsEncryptor(Sink& next, const Key& run_key) : state_(std::make_unique<State>(next)) {
    state_->Begin(run_key);
}

CmsEncryptor::~CmsEncryptor() = default;

void CmsEncryptor::Write(Bytes bytes) {
    State& state = *state_;
    while (!bytes.empty()) {
        const size_t count = std::min(bytes.size(), kCmsPieceSize - state.filled);
        int made = 0;
        CheckOpenSsl(EVP_EncryptUpdate(state.context.get(),
                                       cms::Raw(state.piece.get()) + kRoom + state.filled, &made,
                                       cms::Raw(bytes.data()), static_cast<int>(count)) == 1,
                     "encrypt");
        state.filled += count;
        bytes = bytes.subspan(count);
        if (state.filled == kCmsPieceSize) state.FlushPiece();
    }
}

void CmsEncryptor::Finish() {
    State& state = *state_;
    state.FlushPiece();
    unsigned char none[EVP_MAX_BLOCK_LENGTH];
    int rest = 0;
    CheckOpenSsl(EVP_EncryptFinal_ex(state.context.get(), none, &rest) == 1, "finish encrypting");
    cms::Trailer trailer = cms::TrailerTemplate();
    CheckOpenSsl(EVP_CIPHER_CTX_ctrl(state.context.get(), EVP_CTRL_AEAD_GET_TAG, cms::kTagSize,
                                     trailer.data() + cms::kTagAt) == 1,
                 "take the authentication tag");
    state.next.Write(trailer);
    state.next.Finish();
}

} // namespace lifeboat
