// lifeboat rotate: new key files for every run key of a store, where a key is: what a write-only
// server cannot do itself.
//
// Afterwards the backups open with the recipients and the secret named here and with nothing else;
// copies of old key files made before cannot be revoked.
#include <set>

#include "cli/options.h"
#include "cli/terminal.h"
#include "core/base/count.h"
#include "core/format/key_rotation.h"

namespace lifeboat::cli {
namespace {

class RotateVerb final : public Verb {
public:
    const char* name() const override { return "rotate"; }
    const char* summary() const override {
        return "Encrypt a store's run keys to other recipients or another server secret";
    }
    const char* examples() const override {
        return "  lifeboat rotate --store file:///srv/backups --recovery-key keys/recovery.key"
               " --recipient keys/recovery.crt --new-secret keys/server.secret\n"
               "  lifeboat rotate --store file:///srv/backups --secret keys/server.secret"
               " --recipient keys/recovery.crt\n";
    }
    void Declare(Command& command) override {
        store_.Declare(command);
        keys_.Declare(command);
        command
            .Add("--recipient", recipients_, "CERT",
                 "Recovery certificate that may open the backups; repeatable, all of them")
            .Required();
        command.Add("--new-secret", new_secret_, "SOURCE",
                    "Server secret that may open the backups from now on (else that of --secret)");
    }

    int Run(Interrupt& interrupt) override {
        if (!keys_.given()) {
            throw Error(
                Errc::KeyMissing, "rotating needs a key that opens the backups", {},
                "Type --recovery-key recovery.key, or --secret file:/path/to/server.secret.");
        }
        const auto store = store_.Open(interrupt);
        ReadRepo(*store);
        Keyring keys(*store);
        const auto given = keys_.Fill(keys, interrupt);
        const auto recipients = ReadRecipients(interrupt);
        const auto secret = new_secret_.empty() ? given : ReadNewSecret(interrupt);
        std::set<KeyId> ids;
        for (const auto& file : ListKeyFiles(*store)) ids.insert(file.id);
        for (const auto& id : ids) keys.Find(id); // all of them open before anything is written
        for (const auto& id : ids) {
            interrupt.Check();
            RotateRunKey(*store, keys.Find(id), recipients, secret);
        }
        PrintNote("rotated " + Count(ids.size(), "run key"));
        return 0;
    }

private:
    std::vector<RecoveryCertificate> ReadRecipients(Interrupt& interrupt) const {
        std::vector<RecoveryCertificate> recipients;
        for (const auto& source : recipients_) {
            recipients.push_back(
                RecoveryCertificate::FromPem(ReadPublic(source, "--recipient", interrupt), source));
        }
        return recipients;
    }

    Key ReadNewSecret(Interrupt& interrupt) const {
        const WipedString hex(TakeSecret(new_secret_, "--new-secret", interrupt));
        return Key::FromHex(hex.text(), "--new-secret");
    }

    StoreArguments store_;
    KeyArguments keys_;
    std::vector<std::string> recipients_;
    std::string new_secret_;
};

} // namespace

std::unique_ptr<Verb> MakeRotate() { return std::make_unique<RotateVerb>(); }

} // namespace lifeboat::cli
