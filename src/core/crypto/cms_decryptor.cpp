#include "core/crypto/cms.h"
#include "core/crypto/cms_template.h"

#include <algorithm>
#include <cstdio>

namespace lifeboat {
namespace {

constexpr std::byte kEndOfContent{0x00};
constexpr std::byte kOctetString{0x04};

[[noreturn]] void ThrowDamaged(std::string detail) {
    throw Error(Errc::Damaged, "encrypted object is damaged", std::move(detail));
}

std::string HexByte(std::byte byte) {
    char text[8];
    std::snprintf(text, sizeof text, "0x%02x", std::to_integer<unsigned>(byte));
    return text;
}

// Of the length in a piece's header, once its first two bytes are known; 0 if no such header may
// stand there.
size_t PieceHeaderSize(std::byte tag, std::byte length) noexcept {
    if (tag != kOctetString) return 0;
    const auto value = std::to_integer<size_t>(length);
    if (value < 0x80) return 2;
    return value <= 0x83 && value > 0x80 ? 2 + (value - 0x80) : 0;
}

size_t PieceLength(Bytes header) noexcept {
    if (header.size() == 2) return std::to_integer<size_t>(header[1]);
    size_t length = 0;
    for (const std::byte byte : header.subspan(2))
        length = length << 8 | std::to_integer<size_t>(byte);
    return length;
}

} // namespace

struct CmsDecryptor::State {
    enum class Phase { kHeader, kPieceHeader, kPiece, kTrailer, kEnd };

    State(Sink& sink, KeyLookup keys) : next(sink), lookup(std::move(keys)) {}
    ~State() { Wipe(plain); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    // Each takes what belongs to its phase from the front of `bytes`.
    void TakeHeader(Bytes& bytes);
    void TakePieceHeader(Bytes& bytes);
    void TakePiece(Bytes& bytes);
    void TakeTrailer(Bytes& bytes);

    void Collect(Bytes& bytes, size_t wanted);
    void Compare(size_t index, std::byte expected) const;
    void StartDecrypting();
    void BeginPiece();
    void CheckTag();

    Sink& next;
    KeyLookup lookup;
    OpenSslPtr<EVP_CIPHER_CTX> context;
    Buffer plain = Buffer(kCmsPieceSize);
    Buffer held;             // the part of a header or of the trailer that has come
    uint64_t position = 0;   // of what comes next, from the object's start
    size_t piece_left = 0;   // bytes of the current piece still to come
    bool last_piece = false; // a short piece has been seen
    Phase phase = Phase::kHeader;
};

void CmsDecryptor::State::Collect(Bytes& bytes, size_t wanted) {
    const size_t missing = wanted - std::min(wanted, held.size());
    const size_t count = std::min(bytes.size(), missing);
    held.insert(held.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    position += count;
}

void CmsDecryptor::State::Compare(size_t index, std::byte expected) const {
    if (held[index] == expected) return;
    ThrowDamaged("Byte " + std::to_string(position - held.size() + index) + " is " +
                 HexByte(held[index]) + " where the format has " + HexByte(expected) + ".");
}

void CmsDecryptor::State::TakeHeader(Bytes& bytes) {
    Collect(bytes, kCmsHeaderSize);
    if (held.size() < kCmsHeaderSize) return;
    for (size_t i = 0; i < kCmsHeaderSize; ++i) {
        if (!cms::IsVariable(i)) Compare(i, cms::HeaderTemplate()[i]);
    }
    StartDecrypting();
    held.clear();
    phase = Phase::kPieceHeader;
}

void CmsDecryptor::State::StartDecrypting() {
    const Bytes header(held);
    KeyId id;
    std::copy_n(header.begin() + cms::kKeyIdAt, id.size(), id.begin());
    const Key run_key = lookup(id);
    if (run_key.Id() != id) {
        throw Error(Errc::KeyWrong, "key " + ToHex(run_key.Id()) + " was given where key " +
                                        ToHex(id) + " is needed");
    }
    const auto content_key =
        cms::UnwrapKey(header.subspan(cms::kWrappedAt, cms::kWrappedSize), run_key);
    if (!content_key) ThrowDamaged("Its content key does not open with key " + ToHex(id) + ".");
    context.reset(CheckOpenSsl(EVP_CIPHER_CTX_new(), "make a cipher context"));
    CheckOpenSsl(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr,
                                    cms::Raw(content_key->bytes().data()),
                                    cms::Raw(header.data()) + cms::kNonceAt) == 1,
                 "start AES-256-GCM");
}

void CmsDecryptor::State::TakePieceHeader(Bytes& bytes) {
    Collect(bytes, 2);
    if (held.size() < 2) return;
    if (held[0] == kEndOfContent || last_piece) {
        phase = Phase::kTrailer;
        return;
    }
    const size_t size = PieceHeaderSize(held[0], held[1]);
    if (size == 0) {
        ThrowDamaged("Byte " + std::to_string(position - held.size()) +
                     " does not begin a piece of content: it is " + HexByte(held[0]) + " " +
                     HexByte(held[1]) + ".");
    }
    Collect(bytes, size);
    if (held.size() == size) BeginPiece();
}

void CmsDecryptor::State::BeginPiece() {
    piece_left = PieceLength(held);
    const bool canonical =
        piece_left > 0 && piece_left <= kCmsPieceSize && cms::PieceHeader(piece_left) == held;
    if (!canonical) {
        ThrowDamaged("The piece of content at byte " + std::to_string(position - held.size()) +
                     " has a length that the format does not allow.");
    }
    last_piece = piece_left < kCmsPieceSize;
    held.clear();
    phase = Phase::kPiece;
}

void CmsDecryptor::State::TakePiece(Bytes& bytes) {
    const size_t count = std::min(bytes.size(), piece_left);
    int made = 0;
    CheckOpenSsl(EVP_DecryptUpdate(context.get(), cms::Raw(plain.data()), &made,
                                   cms::Raw(bytes.data()), static_cast<int>(count)) == 1,
                 "decrypt");
    bytes = bytes.subspan(count);
    position += count;
    piece_left -= count;
    if (piece_left == 0) phase = Phase::kPieceHeader;
    next.Write(Bytes(plain).first(count));
}

void CmsDecryptor::State::TakeTrailer(Bytes& bytes) {
    Collect(bytes, cms::kTrailerSize);
    if (held.size() < cms::kTrailerSize) return;
    for (size_t i = 0; i < cms::kTrailerSize; ++i) {
        const bool tag = i >= cms::kTagAt && i < cms::kTagAt + cms::kTagSize;
        if (!tag) Compare(i, cms::TrailerTemplate()[i]);
    }
    phase = Phase::kEnd;
}

void CmsDecryptor::State::CheckTag() {
    unsigned char none[EVP_MAX_BLOCK_LENGTH];
    int rest = 0;
    CheckOpenSsl(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, cms::kTagSize,
                                     held.data() + cms::kTagAt) == 1,
                 "set the authentication tag");
    if (EVP_DecryptFinal_ex(context.get(), none, &rest) == 1) return;
    TakeOpenSslError();
    ThrowDamaged("Its authentication tag does not match its content.");
}

CmsDecryptor::CmsDecryptor(Sink& next, KeyLookup lookup)
    : state_(std::make_unique<State>(next, std::move(lookup))) {}

CmsDecryptor::~CmsDecryptor() = default;

void CmsDecryptor::Write(Bytes bytes) {
    using Phase = State::Phase;
    State& state = *state_;
    while (!bytes.empty()) {
        switch (state.phase) {
        case Phase::kHeader: state.TakeHeader(bytes); break;
        case Phase::kPieceHeader: state.TakePieceHeader(bytes); break;
        case Phase::kPiece: state.TakePiece(bytes); break;
        case Phase::kTrailer: state.TakeTrailer(bytes); break;
        case Phase::kEnd:
            ThrowDamaged("Bytes follow its end at byte " + std::to_string(state.position) + ".");
        }
    }
}

void CmsDecryptor::Finish() {
    State& state = *state_;
    if (state.phase != State::Phase::kEnd) {
        ThrowDamaged("It ends after " + std::to_string(state.position) +
                     " bytes, before its end mark.");
    }
    state.CheckTag();
    state.next.Finish();
}

bool LooksEncrypted(Bytes head) noexcept {
    constexpr size_t kEnough = 16; // the content type is in
    if (head.size() < kEnough) return false;
    const size_t count = std::min(head.size(), cms::kKeyIdAt);
    return std::equal(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(count),
                      cms::HeaderTemplate().begin());
}

} // namespace lifeboat
