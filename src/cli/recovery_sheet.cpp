#include "cli/recovery_sheet.h"

#include "core/base/clock.h"

namespace lifeboat::cli {
namespace {

constexpr const char* kHowToRestore =
    "\nTO RESTORE WITH LIFEBOAT (no server or extension of the lost cluster needed)\n"
    "  lifeboat list    --store URL\n"
    "  lifeboat restore ID --store URL --recovery-key recovery.key --signer-public signer.pub "
    "\\\n"
    "                   --target 'host=... user=postgres' --target-database NAME\n"
    "\nTO RESTORE WITHOUT LIFEBOAT (openssl 3.0 or later, sha256sum, zstd, pg_restore, psql; "
    "in the store's directory)\n"
    "  umask 077; T=$(mktemp -d) B=backups/ID KEY=/safe/place/recovery.key "
    "PUB=/safe/place/signer.pub   # none of them into the store\n"
    "  openssl dgst -sha256 -verify $PUB -signature $B/SHA256SUMS.sig $B/SHA256SUMS         # "
    "who wrote it\n"
    "  sha256sum --strict --quiet -c $B/SHA256SUMS                                          # "
    "every byte of it\n"
    "  # an object names its run key by the 16 bytes at offset 33:\n"
    "  dec() { K=$(od -An -tx1 -j33 -N16 \"$1\" | tr -d ' \\n')\n"
    "          R=$(openssl cms -decrypt -binary -inform DER -in \"$(ls -v keys/$K.*.cms | tail "
    "-n "
    "1)\" -inkey $KEY)\n"
    "          openssl cms -decrypt -binary -inform DER -in \"$1\" -secretkey $R -secretkeyid "
    "$K -out $T/object && zstd -dcq $T/object; }\n"
    "  dec $B/toc          # one line per object, in restore order: name, kind, statement, "
    "details\n"
    "  dec OBJECT          # kind schema: an archive for pg_restore; kind data: rows for the "
    "COPY statement\n"
    "  rm -rf $T           # in the end\n"
    "  The whole road is in recovery-without-lifeboat.md, the script recover.sh walks it: both "
    "come with the sources,\n"
    "  and \"make install\" puts them into the folder extension of pg_config --docdir.\n";

} // namespace

std::string RecoverySheet(const SheetFacts& facts) {
    std::string sheet =
        "PG_LIFEBOAT RECOVERY SHEET                                  made " +
        Rfc3339(Now()).substr(0, 10) +
        "\n"
        "Print this and keep it away from the server and from the store.\n\n"
        "WHAT WAS MADE in " +
        facts.directory +
        "\n"
        "  recovery.crt    certificate: backups are encrypted to it         on the server; public\n"
        "  recovery.key    opens every backup" +
        std::string(facts.passphrase ? ", with its passphrase" : "") +
        "\n                  keep two copies offline; never on the server\n"
        "  server.secret   opens the backups this server makes              on the server, mode "
        "0600; leave it\n"
        "                  out and the server can write backups but not read them\n"
        "  signer.key      signs backups                                    on the server, mode "
        "0600\n"
        "  signer.pub      tells your backups from forged ones; also below  wherever you "
        "restore\n\n"
        "WHO IS WHO\n"
        "  certificate     " +
        facts.certificate->description() +
        "\n"
        "  fingerprint     " +
        ToHex(facts.certificate->fingerprint()) +
        "\n"
        "  signer          " +
        ToHex(facts.signer->id()) + "\n\n" + facts.signer->pem() +
        "\nON THE SERVER (once, as superuser)\n"
        "  SELECT backup_create_key('main', recipients => ARRAY['file:" +
        facts.directory +
        "/recovery.crt'],\n"
        "             secret => 'file:" +
        facts.directory + "/server.secret', signer => 'file:" + facts.directory +
        "/signer.key');\n" + kHowToRestore;
    return sheet;
}

} // namespace lifeboat::cli
