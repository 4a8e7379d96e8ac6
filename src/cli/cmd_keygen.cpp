// lifeboat keygen: everything a first encrypted, signed backup needs, in one directory.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "cli/recovery_sheet.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "core/base/unique_fd.h"
#include "core/crypto/secret_source.h"
#include "core/io/stream.h"

namespace lifeboat::cli {
namespace {

// The files of one run: removed again unless all were written.
class NewFiles {
public:
    explicit NewFiles(std::string directory) : directory_(std::move(directory)) {
        if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) Fail(directory_, errno);
        char resolved[PATH_MAX];
        if (::realpath(directory_.c_str(), resolved) == nullptr) Fail(directory_, errno);
        directory_ = resolved;
    }
    NewFiles(const NewFiles&) = delete;
    NewFiles& operator=(const NewFiles&) = delete;
    ~NewFiles() {
        if (kept_) return;
        for (const auto& path : written_) ::unlink(path.c_str());
    }

    void Write(const std::string& name, std::string_view content, mode_t mode) {
        const std::string path = directory_ + "/" + name;
        const UniqueFd fd(
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
        if (!fd.valid()) Fail(path, errno);
        written_.push_back(path);
        FdSink out(fd.get(), path);
        out.Write(AsBytes(content));
        if (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0) Fail(path, errno);
    }
    void Keep() noexcept { kept_ = true; }
    [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

private:
    [[noreturn]] static void Fail(const std::string& path, int saved) {
        if (saved == EEXIST) {
            throw Error(
                Errc::Duplicate, "\"" + Printable(path) + "\" exists already",
                "Keys are never overwritten: without the old ones old backups could not be read.",
                "Choose another directory.");
        }
        throw Error(Errc::StoreRefused,
                    "could not create \"" + Printable(path) + "\": " + ErrnoText(saved));
    }

    std::string directory_;
    std::vector<std::string> written_;
    bool kept_ = false;
};

class KeygenVerb final : public Verb {
public:
    const char* name() const override { return "keygen"; }
    const char* summary() const override {
        return "Make recovery certificate and key, server secret and signing key";
    }
    const char* examples() const override {
        return "  lifeboat keygen keys --no-passphrase\n"
               "  lifeboat keygen keys-2026 --passphrase-file passphrase.txt --common-name "
               "'example.com backups'\n";
    }
    void Declare(Command& command) override {
        command.Add("directory", directory_, "DIR", "Where the files go; made with mode 0700")
            .Required();
        const Option file = command.Add("--passphrase-file", passphrase_file_, "FILE",
                                        "Passphrase for recovery.key (else asked on the terminal)");
        command.Flag("--no-passphrase", no_passphrase_, "Leave recovery.key unprotected")
            .Excludes(file);
        command.Add("--common-name", common_name_, "TEXT", "Name in the certificate").ShowDefault();
    }

    int Run(Interrupt& interrupt) override {
        std::string passphrase = Passphrase(interrupt);
        NewFiles files(directory_);
        RecoveryPair pair = MakeRecoveryPair(common_name_, passphrase);
        const bool with_passphrase = !passphrase.empty();
        WipeString(passphrase);
        std::string secret = Key::Random().Hex() + "\n";
        const SignerPrivate signer = SignerPrivate::Generate();
        std::string signer_pem = signer.PrivatePem();
        const SignerPublic signer_public = signer.Public();
        const auto certificate =
            RecoveryCertificate::FromPem(pair.certificate_pem, "the new certificate");
        const std::string sheet =
            RecoverySheet({files.directory(), &certificate, &signer_public, with_passphrase});

        files.Write("recovery.key", pair.private_pem, 0600);
        files.Write("recovery.crt", pair.certificate_pem, 0644);
        files.Write("server.secret", secret, 0600);
        files.Write("signer.key", signer_pem, 0600);
        files.Write("signer.pub", signer_public.pem(), 0644);
        files.Write("recovery-sheet.txt", sheet, 0644);
        files.Keep();
        for (std::string* text : {&pair.private_pem, &secret, &signer_pem}) WipeString(*text);
        PrintOut(sheet);
        return 0;
    }

private:
    std::string Passphrase(Interrupt& interrupt) const {
        if (no_passphrase_) return {};
        std::string passphrase;
        if (!passphrase_file_.empty()) {
            passphrase = ReadSecret(ParseSecretSource(passphrase_file_, "--passphrase-file", true),
                                    "--passphrase-file", interrupt);
            while (passphrase.ends_with('\n') || passphrase.ends_with('\r')) passphrase.pop_back();
        } else {
            const char* hint =
                "Type --passphrase-file FILE, or --no-passphrase to leave recovery.key "
                "unprotected.";
            passphrase = AskSecret("Passphrase for the recovery key: ", hint, interrupt);
            std::string again = AskSecret("Once more: ", hint, interrupt);
            const bool same = again == passphrase;
            WipeString(again);
            if (!same) throw Error(Errc::InvalidValue, "the two passphrases differ");
        }
        if (passphrase.empty()) {
            throw Error(Errc::InvalidValue, "the passphrase is empty", {},
                        "Type --no-passphrase if the recovery key is to be left unprotected.");
        }
        return passphrase;
    }

    std::string directory_;
    std::string passphrase_file_;
    bool no_passphrase_ = false;
    std::string common_name_ = "pg_lifeboat recovery";
};

} // namespace

std::unique_ptr<Verb> MakeKeygen() { return std::make_unique<KeygenVerb>(); }

} // namespace lifeboat::cli
