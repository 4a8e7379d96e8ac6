#include "core/format/keyring.h"

#include <gtest/gtest.h>

#include "core/store/memory_store.h"
#include "support/expect_error.h"
#include "support/sample_backup.h"

namespace lifeboat {
namespace {

using test::Catch;
using test::SampleRecovery;
using test::SampleSecret;

std::vector<RecoveryCertificate> Recipients() {
    std::vector<RecoveryCertificate> recipients;
    recipients.push_back(RecoveryCertificate::FromPem(SampleRecovery().certificate_pem, "test"));
    return recipients;
}

std::unique_ptr<RecoveryPrivateKey> RecoveryKey(const std::string& pem) {
    return std::make_unique<RecoveryPrivateKey>(
        RecoveryPrivateKey::FromPem(pem, "test", [] { return std::string(); }));
}

class KeyringTest : public testing::Test {
protected:
    KeyringTest() { StoreRunKey(store_, key_, Recipients(), SampleSecret()); }
    void Put(int number, const std::string& extension, const Buffer& content) {
        store_.objects()[KeyFileName(key_.Id(), number, extension)] = content;
    }
    std::string Name(int number, const std::string& extension) {
        return KeyFileName(key_.Id(), number, extension);
    }

    MemoryStore store_;
    Key key_ = Key::Random();
};

TEST_F(KeyringTest, SecretAndRecoveryKeyOpenTheSameKey) {
    EXPECT_EQ(ListKeyFiles(store_).size(), 2U);
    Keyring server(store_);
    EXPECT_TRUE(server.empty());
    server.AddServerSecret(SampleSecret());
    EXPECT_FALSE(server.empty());
    EXPECT_EQ(server.Find(key_.Id()).Hex(), key_.Hex());
    Keyring recovery(store_);
    recovery.AddRecoveryKey(RecoveryKey(SampleRecovery().private_pem));
    EXPECT_EQ(recovery.Lookup()(key_.Id()).Hex(), key_.Hex());
    store_.objects().clear(); // what was found once needs no store
    EXPECT_EQ(server.Find(key_.Id()).Hex(), key_.Hex());
}

TEST_F(KeyringTest, HighestNumberFirst) {
    Keyring keys(store_);
    keys.AddServerSecret(Key::FromHex(std::string(64, '8'), "new"));
    Put(2, "srv", WrapForServer(key_, Key::FromHex(std::string(64, '8'), "new")));
    Put(10, "srv", WrapForServer(key_, Key::FromHex(std::string(64, '8'), "new")));
    Put(1, "srv", Buffer(3));
    EXPECT_EQ(keys.Find(key_.Id()).Hex(), key_.Hex());
}

TEST_F(KeyringTest, ADamagedFileGivesWayToAnOlderOne) {
    Put(2, "srv", Buffer(10));
    Keyring keys(store_);
    keys.AddServerSecret(SampleSecret());
    EXPECT_EQ(keys.Find(key_.Id()).Hex(), key_.Hex());
}

TEST_F(KeyringTest, NoFile) {
    Keyring keys(store_);
    keys.AddServerSecret(SampleSecret());
    const auto thrown = Catch([&] { keys.Find(KeyId{}); });
    EXPECT_EQ(thrown.code, Errc::KeyMissing);
    EXPECT_EQ(thrown.message, "the store has no key file for key 00000000000000000000000000000000");
    EXPECT_EQ(thrown.hint,
              "Restore keys/00000000000000000000000000000000.* from a copy of the store.");
}

TEST_F(KeyringTest, NoOpener) {
    store_.Remove(Name(1, "srv"));
    Keyring keys(store_);
    keys.AddServerSecret(SampleSecret());
    const auto thrown = Catch([&] { keys.Find(key_.Id()); });
    EXPECT_EQ(thrown.code, Errc::KeyMissing);
    EXPECT_EQ(thrown.message, "no key was given that opens key " + ToHex(key_.Id()));
    EXPECT_EQ(thrown.detail, "The store has " + Name(1, "cms") + ", which a recovery key opens.");
}

TEST_F(KeyringTest, WrongSecret) {
    Keyring keys(store_);
    const Key wrong = Key::Random();
    keys.AddServerSecret(wrong);
    const auto thrown = Catch([&] { keys.Find(key_.Id()); });
    EXPECT_EQ(thrown.code, Errc::KeyWrong);
    EXPECT_EQ(thrown.message, "key file " + Name(1, "srv") + " could not be opened");
    EXPECT_EQ(thrown.detail,
              "The server secret does not open this key file. It is encrypted to secret " +
                  ToHex(SampleSecret().Id()) + ", the one given is " + ToHex(wrong.Id()) + ".");
    EXPECT_EQ(thrown.hint,
              "Give the secret that the server had then; or, on the command line, a recovery key: "
              "--recovery-key FILE.");
}

TEST_F(KeyringTest, WrongRecoveryKey) {
    Keyring keys(store_);
    keys.AddRecoveryKey(RecoveryKey(MakeRecoveryPair("other", "").private_pem));
    const auto thrown = Catch([&] { keys.Find(key_.Id()); });
    EXPECT_EQ(thrown.code, Errc::KeyWrong);
    EXPECT_EQ(thrown.message, "key file " + Name(1, "cms") + " could not be opened");
    EXPECT_EQ(thrown.detail,
              "The recovery key does not open this key file. It is not the key of a certificate "
              "that the key file was made for.");
    EXPECT_EQ(thrown.hint,
              "\"lifeboat show\" lists the fingerprints of the certificates whose keys open the "
              "backup; the recovery sheet names the fingerprint of its key.");
}

TEST_F(KeyringTest, SeveralSecretsAreTried) {
    Keyring keys(store_);
    keys.AddServerSecret(Key::Random());
    keys.AddServerSecret(SampleSecret());
    EXPECT_EQ(keys.Find(key_.Id()).Hex(), key_.Hex());
}

// The key file of another run, put under this one's name: it opens, but it is not the key its name
// promises.
TEST_F(KeyringTest, ReplayedKeyFile) {
    const Key other = Key::Random();
    for (const bool server : {true, false}) {
        store_.objects().clear();
        Put(1, server ? "srv" : "cms",
            server ? WrapForServer(other, SampleSecret()) : WrapForRecipients(other, Recipients()));
        Keyring keys(store_);
        keys.AddServerSecret(SampleSecret());
        keys.AddRecoveryKey(RecoveryKey(SampleRecovery().private_pem));
        const auto thrown = Catch([&] { keys.Find(key_.Id()); });
        EXPECT_EQ(thrown.code, Errc::Damaged);
        EXPECT_EQ(thrown.message, "key file " + Name(1, server ? "srv" : "cms") + " is damaged");
        EXPECT_EQ(thrown.detail, "It holds key " + ToHex(other.Id()) + ".");
    }
}

TEST_F(KeyringTest, DamagedKeyFile) {
    Buffer& file = store_.objects()[Name(1, "srv")];
    file.back() ^= std::byte{1};
    Keyring keys(store_);
    keys.AddServerSecret(SampleSecret());
    const auto thrown = Catch([&] { keys.Find(key_.Id()); });
    EXPECT_EQ(thrown.code, Errc::Damaged);
    EXPECT_EQ(thrown.message, "key file " + Name(1, "srv") + " could not be opened");
}

TEST(StoreRunKeyTest, NeedsSomeoneWhoCanOpenIt) {
    MemoryStore store;
    const auto thrown = Catch([&] { StoreRunKey(store, Key::Random(), {}, std::nullopt); });
    EXPECT_EQ(thrown.code, Errc::KeyMissing);
    EXPECT_EQ(thrown.message, "a run key needs a recovery certificate or a server secret");
    EXPECT_TRUE(store.objects().empty());
}

TEST(StoreRunKeyTest, WriteOnlyServerLeavesNoServerFile) {
    MemoryStore store;
    StoreRunKey(store, Key::Random(), Recipients(), std::nullopt);
    ASSERT_EQ(store.objects().size(), 1U);
    EXPECT_TRUE(store.objects().begin()->first.ends_with(".1.cms"));
}

} // namespace
} // namespace lifeboat
