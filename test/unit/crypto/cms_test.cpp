#include "core/crypto/cms.h"

#include <gtest/gtest.h>

#include "core/crypto/cms_template.h"
#include "crypto_test_support.h"

namespace lifeboat {
namespace {

const Key& RunKey() {
    static const Key key =
        Key::FromHex("6b8f0c3a59d2e7714f10aa93c5b86e2d7f4401d9e8a3b5c6172839405a6b7c8d", "key");
    return key;
}

Key Lookup(const KeyId& id) {
    if (id == RunKey().Id()) return RunKey();
    throw Error(Errc::KeyMissing, "no key " + ToHex(id));
}

// Not compressible into a pattern that could hide a swapped piece.
std::string Content(size_t size) {
    std::string content(size, '\0');
    uint32_t state = 12345;
    for (char& c : content) {
        state = state * 1664525 + 1013904223;
        c = static_cast<char>(state >> 24);
    }
    return content;
}

std::string Encrypt(std::string_view content, size_t piece = SIZE_MAX) {
    StringSink out;
    CmsEncryptor encryptor(out, RunKey());
    for (Bytes rest = AsBytes(content); !rest.empty();) {
        const Bytes front = rest.first(std::min(piece, rest.size()));
        encryptor.Write(front);
        rest = rest.subspan(front.size());
    }
    encryptor.Finish();
    return out.Take();
}

std::string Decrypt(std::string_view stored, size_t piece = SIZE_MAX) {
    StringSink out;
    CmsDecryptor decryptor(out, Lookup);
    for (Bytes rest = AsBytes(stored); !rest.empty();) {
        const Bytes front = rest.first(std::min(piece, rest.size()));
        decryptor.Write(front);
        rest = rest.subspan(front.size());
    }
    decryptor.Finish();
    return out.Take();
}

std::string DamageOf(std::string_view stored, size_t piece = SIZE_MAX) {
    const Error error = ErrorOf([&] { Decrypt(stored, piece); });
    EXPECT_EQ(error.code(), Errc::Damaged) << error.message();
    EXPECT_EQ(error.message(), "encrypted object is damaged");
    return error.detail();
}

class FinishSpy final : public Sink {
public:
    void Write(Bytes) override {}
    void Finish() override { finished = true; }
    bool finished = false;
};

class CmsSizes : public testing::TestWithParam<size_t> {};

constexpr size_t kSizes[] = {0,     1,      127,    128,    255,        256,   65535,
                             65536, 262143, 262144, 262145, 2 * 262144, 600000};
INSTANTIATE_TEST_SUITE_P(Sizes, CmsSizes, testing::ValuesIn(kSizes));

TEST_P(CmsSizes, RoundTripInPiecesOfAnySize) {
    const std::string content = Content(GetParam());
    const std::string stored = Encrypt(content);
    EXPECT_EQ(Decrypt(stored), content);
    EXPECT_EQ(Decrypt(stored, 1), content);
    EXPECT_EQ(Decrypt(stored, 100003), content);
    EXPECT_EQ(Decrypt(Encrypt(content, 4099)), content);
}

TEST_P(CmsSizes, SizeIsAsSpecified) {
    const size_t size = GetParam();
    size_t expected = kCmsHeaderSize + cms::kTrailerSize + size + 5 * (size / kCmsPieceSize);
    if (const size_t rest = size % kCmsPieceSize; rest > 0) {
        expected += rest < 128 ? 2 : rest < 256 ? 3 : rest < 65536 ? 4 : 5;
    }
    EXPECT_EQ(Encrypt(Content(size)).size(), expected);
}

TEST_P(CmsSizes, StockOpensslDecrypts) {
    const std::string content = Content(GetParam());
    const TempDir dir;
    const std::string object = dir.File("object", Encrypt(content));
    const auto result =
        RunOpenssl({"cms", "-decrypt", "-binary", "-inform", "DER", "-in", object, "-secretkey",
                    RunKey().Hex(), "-secretkeyid", ToHex(RunKey().Id())});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_TRUE(result.out == content);
}

TEST_P(CmsSizes, StockOpensslParses) {
    const TempDir dir;
    const std::string object = dir.File("object", Encrypt(Content(GetParam())));
    const auto result = RunOpenssl({"asn1parse", "-inform", "DER", "-in", object});
    EXPECT_EQ(result.code, 0) << result.err;
    for (const char* name :
         {":id-smime-ct-authEnvelopedData", ":id-aes256-wrap", ":pkcs7-data", ":aes-256-gcm"}) {
        EXPECT_NE(result.out.find(name), result.out.npos) << name << "\n" << result.out;
    }
    // Five of the template's indefinite forms end, no more and no fewer.
    size_t ends = 0;
    for (size_t at = 0; (at = result.out.find(": EOC", at)) != result.out.npos; ++at) ++ends;
    EXPECT_EQ(ends, 5U);
}

TEST(Cms, HeaderIsTheTemplate) {
    const std::string stored = Encrypt("x");
    const std::string hex = ToHex(AsBytes(stored));
    EXPECT_EQ(hex.substr(0, 66),
              "3080060b2a864886f70d0109100117a08030800201003150a24e02010430120410");
    EXPECT_EQ(hex.substr(66, 32), ToHex(RunKey().Id()));
    EXPECT_EQ(hex.substr(98, 30), "300b060960864801650304012d0428");
    EXPECT_EQ(hex.substr(208, 60), "308006092a864886f70d010701301e060960864801650304012e3011040c");
    EXPECT_EQ(hex.substr(292, 10), "020110a080");
    EXPECT_EQ(hex.substr(302, 4), "0401");
    EXPECT_EQ(hex.substr(308, 12), "000000000410");
    EXPECT_EQ(hex.substr(352), "000000000000");
    EXPECT_EQ(stored.size(), 182U);
}

TEST(Cms, PieceHeadersAreMinimalDer) {
    const std::pair<size_t, const char*> cases[] = {
        {1, "0401"},       {127, "047f"},       {128, "048180"},       {255, "0481ff"},
        {256, "04820100"}, {65535, "0482ffff"}, {65536, "0483010000"}, {262144, "0483040000"},
    };
    for (const auto& [size, hex] : cases) EXPECT_EQ(ToHex(cms::PieceHeader(size)), hex);
}

TEST(Cms, EveryObjectHasItsOwnKeyAndNonce) {
    const std::string one = Encrypt("same");
    const std::string two = Encrypt("same");
    EXPECT_NE(one.substr(64, 40), two.substr(64, 40)) << "wrapped content key";
    EXPECT_NE(one.substr(134, 12), two.substr(134, 12)) << "nonce";
}

TEST(Cms, EveryFlippedBitIsRefused) {
    for (const size_t size : {0, 1, 40, 200}) {
        const std::string stored = Encrypt(Content(size));
        for (size_t bit = 0; bit < stored.size() * 8; ++bit) {
            std::string changed = stored;
            changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
            FinishSpy spy;
            const Error error = ErrorOf([&] {
                CmsDecryptor decryptor(spy, Lookup);
                decryptor.Write(AsBytes(changed));
                decryptor.Finish();
            });
            // A changed key id names a key that is not there; everything else is damage.
            const bool in_key_id = bit / 8 >= cms::kKeyIdAt && bit / 8 < cms::kKeyIdAt + 16;
            EXPECT_EQ(error.code(), in_key_id ? Errc::KeyMissing : Errc::Damaged)
                << "size " << size << ", bit " << bit;
            EXPECT_FALSE(spy.finished);
        }
    }
}

TEST(Cms, EveryTruncationIsRefused) {
    for (const size_t size : {0, 1, 300}) {
        const std::string stored = Encrypt(Content(size));
        for (size_t length = 0; length < stored.size(); ++length) {
            EXPECT_EQ(DamageOf(std::string_view(stored).substr(0, length)),
                      "It ends after " + std::to_string(length) + " bytes, before its end mark.");
        }
    }
}

TEST(Cms, TrailingBytesAreRefused) {
    const std::string stored = Encrypt("abc");
    for (const size_t piece : {SIZE_MAX, size_t{1}}) {
        for (const char extra : {'\0', '\x30', 'x'}) {
            EXPECT_EQ(DamageOf(stored + extra, piece), "Bytes follow its end at byte 184.");
        }
        EXPECT_EQ(DamageOf(stored + stored, piece), "Bytes follow its end at byte 184.");
    }
}

TEST(Cms, SaysWhatDiffers) {
    std::string stored = Encrypt("abc");
    stored[17] = '\x31';
    EXPECT_EQ(DamageOf(stored), "Byte 17 is 0x31 where the format has 0x30.");
    EXPECT_EQ(DamageOf(stored, 1), "Byte 17 is 0x31 where the format has 0x30.");
    EXPECT_EQ(DamageOf(""), "It ends after 0 bytes, before its end mark.");

    stored = Encrypt("abc");
    stored[153] = static_cast<char>(stored[153] ^ 1);
    EXPECT_EQ(DamageOf(stored), "Its authentication tag does not match its content.");

    stored = Encrypt("abc");
    stored[64] = static_cast<char>(stored[64] ^ 1);
    EXPECT_EQ(DamageOf(stored),
              "Its content key does not open with key " + ToHex(RunKey().Id()) + ".");

    stored = Encrypt("abc");
    stored[151] = '\x24';
    EXPECT_EQ(DamageOf(stored), "Byte 151 does not begin a piece of content: it is 0x24 0x03.");
}

// The same content in other pieces is valid CMS, and not our format.
TEST(Cms, OtherPiecesAreRefused) {
    const std::string stored = Encrypt("abcd");
    const std::string head = stored.substr(0, 151);
    const std::string body = stored.substr(153, 4);
    const std::string tail = stored.substr(157);
    using namespace std::string_literals;
    ASSERT_EQ(Decrypt(head + "\x04\x04"s + body + tail), "abcd");
    const std::string kLength =
        "The piece of content at byte 151 has a length that the format does not allow.";
    EXPECT_EQ(DamageOf(head + "\x04\x81\x04"s + body + tail), kLength) << "not minimal";
    EXPECT_EQ(DamageOf(head + "\x04\x82\x00\x04"s + body + tail), kLength) << "not minimal";
    EXPECT_EQ(DamageOf(head + "\x04\x83\x00\x00\x04"s + body + tail, 1), kLength) << "not minimal";
    EXPECT_EQ(DamageOf(head + "\x04\x00"s + "\x04\x04"s + body + tail), kLength) << "empty piece";
    EXPECT_EQ(DamageOf(head + "\x04\x83\x04\x00\x01"s + body + tail), kLength) << "too long";
    EXPECT_EQ(DamageOf(head + "\x04\x84\x00\x00\x00\x04"s + body + tail),
              "Byte 151 does not begin a piece of content: it is 0x04 0x84.");
    EXPECT_EQ(DamageOf(head + "\x04\x80"s + body + tail),
              "Byte 151 does not begin a piece of content: it is 0x04 0x80.");
    EXPECT_EQ(
        DamageOf(head + "\x04\x02"s + body.substr(0, 2) + "\x04\x02"s + body.substr(2) + tail),
        "Byte 155 is 0x04 where the format has 0x00.")
        << "a short piece must be the last";
}

// A full piece at the end of an exact multiple, and not an empty one after it.
TEST(Cms, ExactMultipleEndsWithAFullPiece) {
    const std::string stored = Encrypt(Content(262144));
    EXPECT_EQ(ToHex(AsBytes(stored.substr(151, 5))), "0483040000");
    EXPECT_EQ(ToHex(AsBytes(stored.substr(151 + 5 + 262144, 6))), "000000000410");
    std::string changed = stored;
    changed.insert(151 + 5 + 262144, std::string("\x04\x00", 2));
    EXPECT_EQ(DamageOf(changed),
              "The piece of content at byte 262300 has a length that the format does not allow.");
}

// CVE-2026-34182: stock OpenSSL took the unauthenticated OFB mode in GCM's place.
TEST(Cms, OtherCiphersAndShortTagsAreRefused) {
    std::string ofb = Encrypt("abc");
    ofb[129] = '\x2b';
    EXPECT_EQ(DamageOf(ofb), "Byte 129 is 0x2b where the format has 0x2e.");
    std::string short_tag = Encrypt("abc");
    short_tag[148] = '\x04';
    EXPECT_EQ(DamageOf(short_tag), "Byte 148 is 0x04 where the format has 0x10.");
}

TEST(Cms, SwappedPiecesAreRefused) {
    std::string stored = Encrypt(Content(2 * 262144));
    const std::string first = stored.substr(156, 262144);
    const std::string second = stored.substr(156 + 262144 + 5, 262144);
    stored.replace(156, 262144, second);
    stored.replace(156 + 262144 + 5, 262144, first);
    EXPECT_EQ(DamageOf(stored), "Its authentication tag does not match its content.");
    const std::string dropped = Encrypt(Content(2 * 262144)).erase(151, 5 + 262144);
    EXPECT_EQ(DamageOf(dropped), "Its authentication tag does not match its content.");
}

TEST(Cms, LookupThatGivesAnotherKey) {
    const std::string stored = Encrypt("abc");
    DiscardSink out;
    CmsDecryptor decryptor(out, [](const KeyId&) { return Key::Random(); });
    EXPECT_EQ(ErrorOf([&] { decryptor.Write(AsBytes(stored)); }).code(), Errc::KeyWrong);
}

TEST(Cms, FinishOnlyWhenWhole) {
    const std::string stored = Encrypt("abc");
    FinishSpy spy;
    CmsDecryptor decryptor(spy, Lookup);
    decryptor.Write(AsBytes(stored));
    EXPECT_FALSE(spy.finished);
    decryptor.Finish();
    EXPECT_TRUE(spy.finished);
}

TEST(Cms, LooksEncryptedByItsHead) {
    const std::string stored = Encrypt("abc");
    EXPECT_TRUE(LooksEncrypted(AsBytes(stored)));
    EXPECT_TRUE(LooksEncrypted(AsBytes(stored).first(16)));
    EXPECT_FALSE(LooksEncrypted(AsBytes(stored).first(15)));
    EXPECT_FALSE(LooksEncrypted(AsBytes("\x28\xb5\x2f\xfd and what follows it")));
    std::string other = stored;
    other[32] = '\x11';
    EXPECT_FALSE(LooksEncrypted(AsBytes(other)));
}

} // namespace
} // namespace lifeboat
