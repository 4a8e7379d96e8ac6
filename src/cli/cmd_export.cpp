// lifeboat export: a plain SQL script that psql restores into any database.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "cli/export_script.h"
#include "cli/terminal.h"

namespace lifeboat::cli {
namespace {

// --output: a new file of mode 0600 that is removed again unless the script became whole.
class OutputFile {
public:
    explicit OutputFile(const std::string& path)
        : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
        if (fd_.valid()) return;
        const int saved = errno;
        throw Error(saved == EEXIST ? Errc::Duplicate : Errc::StoreRefused,
                    "could not create \"" + Printable(path) + "\": " + ErrnoText(saved));
    }
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;
    ~OutputFile() {
        if (!kept_) ::unlink(path_.c_str());
    }
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    void Keep() {
        if (::fsync(fd_.get()) != 0) {
            throw Error(Errc::StoreRefused,
                        "could not write \"" + Printable(path_) + "\": " + ErrnoText(errno));
        }
        kept_ = true;
    }

private:
    std::string path_;
    UniqueFd fd_;
    bool kept_ = false;
};

class ExportVerb final : public Verb {
public:
    const char* name() const override { return "export"; }
    const char* summary() const override { return "Write a backup as a plain SQL script for psql"; }
    const char* examples() const override {
        return "  lifeboat export latest:app --store file:///srv/backups --recovery-key "
               "keys/recovery.key"
               " --signer-public keys/signer.pub --output app.sql\n"
               "  lifeboat export latest:app --store file:///srv/backups --recovery-key "
               "keys/recovery.key"
               " --signer-public keys/signer.pub --table public.orders\n";
    }
    void Declare(Command& command) override {
        backup_.Declare(command);
        store_.Declare(command);
        copies_.Declare(command);
        keys_.Declare(command);
        trust_.Declare(command);
        DeclareTables(command, tables_,
                      "Only tables that match, with what belongs to them; repeatable");
        command.Add("--format", format_, "FORMAT", "sql is the only one")
            .OneOf({"sql"})
            .ShowDefault();
        command.Add("--output", output_, "FILE", "A new file instead of stdout");
        DeclareBinDirectory(command, bin_directory_);
    }

    int Run(Interrupt& interrupt) override {
        Session session(store_, copies_, keys_, interrupt);
        const Trust trust = trust_.Strict(session.key_given(), interrupt);
        session.Open(backup_.Resolve(session.store(), interrupt), trust);
        session.ReadContents();
        const std::string program = FindProgram("pg_restore", bin_directory_);
        RequireRestrict(program, interrupt);
        const Selection selection(session, tables_);
        if (output_.empty()) {
            FdSink out(STDOUT_FILENO, "standard output");
            WriteScript(session, selection, program, out, interrupt);
            return 0;
        }
        OutputFile file(output_);
        FdSink out(file.fd(), output_);
        WriteScript(session, selection, program, out, interrupt);
        file.Keep();
        return 0;
    }

private:
    BackupArguments backup_;
    StoreArguments store_;
    CopyArguments copies_;
    KeyArguments keys_;
    TrustArguments trust_;
    std::vector<std::string> tables_;
    std::string format_ = "sql";
    std::string output_;
    std::string bin_directory_;
};

} // namespace

std::unique_ptr<Verb> MakeExport() { return std::make_unique<ExportVerb>(); }

} // namespace lifeboat::cli
