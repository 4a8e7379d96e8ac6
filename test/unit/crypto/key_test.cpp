#include "core/crypto/key.h"

#include <gtest/gtest.h>

#include "core/crypto/sha256.h"
#include "crypto_test_support.h"

namespace lifeboat {
namespace {

constexpr std::string_view kHex =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

TEST(Sha256, KnownDigests) {
    EXPECT_EQ(ToHex(Sha256Of({})),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    Sha256 hash;
    hash.Update(AsBytes("a"));
    hash.Update({});
    hash.Update(AsBytes("bc"));
    EXPECT_EQ(ToHex(hash.Final()),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Key, HexRoundTrip) {
    EXPECT_EQ(Key::FromHex(kHex, "secret").Hex(), kHex);
    EXPECT_EQ(Key::FromHex(std::string(kHex) + "\n", "secret").Hex(), kHex);
    EXPECT_EQ(Key::FromBytes(Key::FromHex(kHex, "secret").bytes()).Hex(), kHex);
}

TEST(Key, IdNamesTheKey) {
    const Key key = Key::FromHex(kHex, "secret");
    std::string named = "pg_lifeboat-key-v1";
    named += AsText(key.bytes());
    EXPECT_EQ(ToHex(key.Id()), ToHex(Sha256Of(AsBytes(named))).substr(0, 32));
    // Frozen: format.md.
    EXPECT_EQ(ToHex(key.Id()), "984755ead66f39d361f8d8150320bb00");
}

TEST(Key, RandomKeysDiffer) {
    EXPECT_NE(Key::Random().Hex(), Key::Random().Hex());
    EXPECT_EQ(RandomHex(16).size(), 32U);
    EXPECT_NE(RandomHex(16), RandomHex(16));
}

TEST(Key, SaysWhatIsWrongAndNeverTheKey) {
    const Error length = ErrorOf([] { Key::FromHex("0001", "file \"/k\" given as \"secret\""); });
    EXPECT_EQ(length.code(), Errc::KeyWrong);
    EXPECT_EQ(length.message(), "file \"/k\" given as \"secret\" is not a key");
    EXPECT_EQ(length.detail(),
              "Expected 64 hexadecimal characters (32 bytes), found 4 characters.");
    EXPECT_EQ(length.hint(), "Make one with: openssl rand -hex 32");
    const std::string bad = std::string(kHex.substr(0, 63)) + "g";
    EXPECT_EQ(ErrorOf([&] { Key::FromHex(bad, "secret"); }).detail(),
              "Expected 64 hexadecimal characters (32 bytes), found 64 characters of which some "
              "are not hexadecimal.");
    EXPECT_EQ(ErrorOf([&] { Key::FromHex(std::string(kHex) + "\n\n", "secret"); }).code(),
              Errc::KeyWrong);
    EXPECT_EQ(ErrorOf([&] { Key::FromHex(" " + std::string(kHex), "secret"); }).code(),
              Errc::KeyWrong);
    EXPECT_EQ(ErrorOf([&] { Key::FromHex("", "secret"); }).code(), Errc::KeyWrong);
    EXPECT_EQ(ErrorOf([] { Key::FromBytes({}); }).message(), "a key has 32 bytes, this one has 0");
}

TEST(Key, WipeStringEmptiesAndZeroes) {
    std::string secret = "this is longer than the small buffer of a string";
    const std::string_view memory(secret.data(), secret.size());
    WipeString(secret);
    EXPECT_TRUE(secret.empty());
    EXPECT_EQ(memory.substr(1).find_first_not_of('\0'), memory.npos);
}

} // namespace
} // namespace lifeboat
