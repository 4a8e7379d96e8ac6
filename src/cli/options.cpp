#include "cli/options.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <span>
#include <thread>

#include "cli/terminal.h"
#include "core/crypto/secret_source.h"

extern char** environ;

namespace lifeboat::cli {
namespace {

constexpr std::string_view kOptionPrefix = "LIFEBOAT_OPTION_";

void AddOption(StoreOptions& into, std::string_view text, std::string_view where) {
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
        throw Error(
            Errc::InvalidValue,
            std::string(where) + " \"" + Printable(text) + "\" is not of the form name=value", {},
            "Type for example: --option max_rate=50MB");
    }
    into[std::string(text.substr(0, equals))] = std::string(text.substr(equals + 1));
}

// LIFEBOAT_OPTION_MAX_RATE=50MB is --option max_rate=50MB.
StoreOptions OptionsOfEnvironment() {
    StoreOptions options;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        if (!text.starts_with(kOptionPrefix)) continue;
        std::string pair(text.substr(kOptionPrefix.size()));
        std::transform(pair.begin(), std::find(pair.begin(), pair.end(), '='), pair.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        AddOption(options, pair, "environment variable LIFEBOAT_OPTION_");
    }
    return options;
}

std::unique_ptr<Store> OpenAt(const std::string& url, const StoreOptions& options,
                              Interrupt& interrupt) {
    const Location location = ParseLocation(url);
    CheckOptions(location, options);
    return OpenStore(location, options, interrupt);
}

std::string WithoutLineEnd(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

} // namespace

void StoreArguments::Declare(Command& command) {
    from_environment = true;
    command
        .Add("--store", url, "URL",
             "Where the backups are: file:///path, s3://bucket/prefix or "
             "azure://account/container/prefix")
        .Environment("LIFEBOAT_STORE")
        .Required();
    command.Add("--option", options, "NAME=VALUE",
                "Option of the store, repeatable (also from LIFEBOAT_OPTION_<NAME>)");
}

void StoreArguments::DeclareAs(Command& command, const std::string& name, const char* meaning) {
    command.Add(("--" + name).c_str(), url, "URL", meaning).Required();
    command.Add(("--" + name + "-option").c_str(), options, "NAME=VALUE",
                "Option of that store, repeatable");
}

std::unique_ptr<Store> StoreArguments::Open(Interrupt& interrupt) const {
    StoreOptions all = from_environment ? OptionsOfEnvironment() : StoreOptions();
    for (const auto& option : options) AddOption(all, option, "--option");
    return OpenAt(url, all, interrupt);
}

void CopyArguments::Declare(Command& command) {
    command.Add("--copy", urls, "URL",
                "Another store that holds the backup, read where --store fails; repeatable");
    command.Add("--copy-option", options, "NAME=VALUE",
                "Option of every --copy, or N.NAME=VALUE of the Nth; repeatable");
}

void CopyArguments::Open(Interrupt& interrupt, std::vector<FallbackStore::Member>& into) const {
    for (size_t i = 0; i < urls.size(); ++i) {
        const std::string mine = std::to_string(i + 1) + ".";
        StoreOptions own;
        for (const auto& option : options) {
            const bool numbered = std::isdigit(static_cast<unsigned char>(option[0])) != 0;
            if (numbered && !option.starts_with(mine)) continue;
            AddOption(own, std::string_view(option).substr(numbered ? mine.size() : 0),
                      "--copy-option");
        }
        into.push_back({urls[i], OpenAt(urls[i], own, interrupt)});
    }
}

void KeyArguments::Declare(Command& command) {
    command.Add("--recovery-key", recovery_key, "FILE", "Private key of a recovery certificate");
    command.Add("--passphrase-file", passphrase_file, "FILE",
                "Passphrase of the recovery key (else asked on the terminal)");
    command.Add("--secret", secret, "SOURCE",
                "Server secret: file:PATH, command:…, env:NAME, fd:N, or a path");
}

std::optional<Key> KeyArguments::Fill(Keyring& keys, Interrupt& interrupt) const {
    std::optional<Key> server_secret;
    if (!secret.empty()) {
        const WipedString hex(TakeSecret(secret, "--secret", interrupt));
        server_secret = Key::FromHex(hex.text(), "--secret");
        keys.AddServerSecret(*server_secret);
    }
    if (recovery_key.empty()) return server_secret;
    const WipedString pem(TakeSecret(recovery_key, "--recovery-key", interrupt));
    const auto passphrase = [&]() -> std::string {
        if (!passphrase_file.empty())
            return WithoutLineEnd(TakeSecret(passphrase_file, "--passphrase-file", interrupt));
        return AskSecret("Passphrase of " + recovery_key + ": ",
                         "Put it into a file of mode 0600 and type --passphrase-file FILE.",
                         interrupt);
    };
    keys.AddRecoveryKey(std::make_unique<RecoveryPrivateKey>(
        RecoveryPrivateKey::FromPem(pem.text(), recovery_key, passphrase)));
    return server_secret;
}

void TrustArguments::Declare(Command& command) {
    command.Add("--signer-public", signer_public, "FILE",
                "Public key that backups must be signed with, from the recovery sheet; repeatable");
    command.Add("--sums", sums, "SHA256",
                "SHA-256 that the backup's SHA256SUMS must have: then no signature is needed");
    command.Flag("--allow-untrusted", allow_untrusted,
                 "Accept a backup that is unsigned or signed by someone unknown");
    command.Add("--min-seq", min_sequence, "N",
                "Refuse backups with a lower sequence number (a store that was rolled back)");
}

Trust TrustArguments::Read(bool key_given, Interrupt& interrupt) const {
    Trust trust;
    for (const auto& source : signer_public) {
        trust.signers.push_back(
            SignerPublic::FromPem(ReadPublic(source, "--signer-public", interrupt), source));
    }
    trust.allow_untrusted = allow_untrusted;
    trust.key_given = key_given;
    trust.encrypted_only = key_given && !allow_untrusted; // whatever the store says of itself
    trust.min_sequence = min_sequence;
    if (sums.empty()) return trust;
    trust.sums.emplace();
    if (!DecodeHex(sums, *trust.sums)) {
        throw Error(Errc::InvalidValue, "invalid value of --sums: \"" + Printable(sums) + "\"",
                    "A SHA-256 is written as 64 lower-case hexadecimal characters.",
                    "Type: sha256sum backups/ID/SHA256SUMS");
    }
    return trust;
}

Trust TrustArguments::Strict(bool key_given, Interrupt& interrupt) const {
    if (signer_public.empty() && sums.empty() && !allow_untrusted) {
        throw Error(
            Errc::Untrusted, "no trusted signer was given",
            "A backup holds SQL that will run on the target; whoever can write to the store "
            "could have forged an unsigned one.",
            "Type --signer-public signer.pub (from the recovery sheet), or --allow-untrusted "
            "if you know who wrote this store.");
    }
    return Read(key_given, interrupt);
}

Trust TrustArguments::Lenient(bool key_given, Interrupt& interrupt) const {
    Trust trust = Read(key_given, interrupt);
    if (!signer_public.empty() || trust.sums) return trust;
    if (!allow_untrusted) {
        PrintWarning("the signature is not checked: no --signer-public was given");
        trust.allow_untrusted = true;
    }
    return trust;
}

void BackupArguments::Declare(Command& command) {
    command.Add("id", id, "ID", "Backup id, \"latest\" (see --database) or \"latest:<database>\"")
        .Required();
    command.Add("--database", database, "NAME", "The database whose latest backup is meant");
}

std::string BackupArguments::Resolve(Store& store, Interrupt& interrupt) const {
    constexpr std::string_view kLatest = "latest:";
    if (id == "latest") return FindLatest(store, database, interrupt);
    if (id.starts_with(kLatest)) return FindLatest(store, id.substr(kLatest.size()), interrupt);
    if (!IsBackupId(id)) {
        throw Error(Errc::InvalidValue, "\"" + Printable(id) + "\" is not a backup id",
                    "An id looks like app-20261120T021500Z-full-9f3c01aa.",
                    "Type: lifeboat list --store URL");
    }
    return id;
}

void OutputArguments::Declare(Command& command) {
    command.Flag("--quiet", quiet, "Say nothing but errors and warnings");
    command.Flag("--no-progress", no_progress, "No progress bar or progress lines");
}

void DeclareJson(Command& command, bool& json) { command.Flag("--json", json, "Print JSON"); }

void DeclareJobs(Command& command, int& jobs) {
    jobs = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 2, 8);
    command.Add("--jobs", jobs, "N", "Connections that load data and build indexes at a time")
        .Between(1, 64)
        .ShowDefault();
}

void DeclareTables(Command& command, std::vector<std::string>& tables, const char* meaning) {
    command.Add("--table", tables, "PATTERN", meaning);
}

void DeclareBinDirectory(Command& command, std::string& bin_directory) {
    command.Add("--bin-directory", bin_directory, "DIR",
                "Where pg_restore is (else beside lifeboat, else in PATH)");
}

std::string TakeSecret(const std::string& source, std::string_view option, Interrupt& interrupt) {
    const SecretSource parsed = ParseSecretSource(source, option, true);
    std::string secret = ReadSecret(parsed, option, interrupt);
    if (parsed.kind == SourceKind::kEnv) {
        char* value = std::getenv(parsed.value.c_str());
        Wipe(std::as_writable_bytes(std::span(value, std::strlen(value))));
        ::unsetenv(parsed.value.c_str());
    }
    return secret;
}

std::string ReadPublic(const std::string& source, std::string_view option, Interrupt& interrupt) {
    const SecretSource parsed = ParseSecretSource(source, option, true);
    if (parsed.kind == SourceKind::kFile) return ReadPublicFile(parsed.value, option);
    return ReadSecret(parsed, option, interrupt);
}

} // namespace lifeboat::cli
