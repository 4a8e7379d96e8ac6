// The options that verbs share, each group declared once and the same wherever it appears
// (docs/cli.md).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/verb.h"
#include "core/format/backup.h"
#include "core/store/location.h"

namespace lifeboat::cli {

// --store, --option
struct StoreArguments {
    std::string url;
    std::vector<std::string> options;
    bool from_environment = false; // also what the environment says of options

    void Declare(Command& command);
    // As --<name> and --<name>-option, from nowhere else.
    void DeclareAs(Command& command, const std::string& name, const char* meaning);
    // A driver of its own for each caller: a driver serves one thread at a time.
    [[nodiscard]] std::unique_ptr<Store> Open(Interrupt& interrupt) const;
};

// --copy, --copy-option: further stores that hold the same backup.
struct CopyArguments {
    std::vector<std::string> urls;
    std::vector<std::string> options;

    void Declare(Command& command);
    [[nodiscard]] bool given() const noexcept { return !urls.empty(); }
    // In the order they were given, with a name for people.
    void Open(Interrupt& interrupt, std::vector<FallbackStore::Member>& into) const;
};

// --recovery-key, --passphrase-file, --secret
struct KeyArguments {
    std::string recovery_key;
    std::string passphrase_file;
    std::string secret;

    void Declare(Command& command);
    [[nodiscard]] bool given() const noexcept { return !recovery_key.empty() || !secret.empty(); }
    // Returns the server secret, if it was given: a source may be good for one reading only.
    std::optional<Key> Fill(Keyring& keys, Interrupt& interrupt) const;
};

// --signer-public, --sums, --allow-untrusted, --min-seq
struct TrustArguments {
    std::vector<std::string> signer_public;
    std::string sums;
    bool allow_untrusted = false;
    uint64_t min_sequence = 0;

    void Declare(Command& command);
    // For what runs code from the backup: without a signer, without --sums and without
    // --allow-untrusted it is Error(Untrusted).
    [[nodiscard]] Trust Strict(bool key_given, Interrupt& interrupt) const;
    // For what only looks: without a signer it goes on with a warning.
    [[nodiscard]] Trust Lenient(bool key_given, Interrupt& interrupt) const;

private:
    [[nodiscard]] Trust Read(bool key_given, Interrupt& interrupt) const;
};

// ID, --database
struct BackupArguments {
    std::string id;
    std::string database;

    void Declare(Command& command);
    // `latest` and `latest:<database>` become the id of the newest complete backup.
    [[nodiscard]] std::string Resolve(Store& store, Interrupt& interrupt) const;
};

// --quiet, --no-progress
struct OutputArguments {
    bool quiet = false;
    bool no_progress = false;

    void Declare(Command& command);
};

void DeclareJson(Command& command, bool& json);
void DeclareJobs(Command& command, int& jobs); // 1 to 64; default: the processors, 2 to 8
void DeclareTables(Command& command, std::vector<std::string>& tables, const char* meaning);
void DeclareBinDirectory(Command& command, std::string& bin_directory);

// A secret from where `source` says. One from the environment is taken out of it, so that no child
// program inherits it.
std::string TakeSecret(const std::string& source, std::string_view option, Interrupt& interrupt);
// A public file or source (`file:`, `env:`, …) as text.
std::string ReadPublic(const std::string& source, std::string_view option, Interrupt& interrupt);

} // namespace lifeboat::cli
