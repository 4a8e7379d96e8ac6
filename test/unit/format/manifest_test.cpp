#include "core/format/manifest.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/sample_backup.h"

namespace lifeboat {
namespace {

using test::Catch;
using test::Sample;

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// A manifest with every member filled in, names that are not UTF-8 among them.
Manifest Full() {
    Manifest manifest = Sample().manifest;
    manifest.database.name = "caf\xE9";
    manifest.schedule = "\xFF";
    manifest.settings["lc_monetary"] = "fr_FR@\xA4";
    manifest.previous = {"app-20261119T021500Z-full-00c0ffee", Sha256Of(AsBytes("x"))};
    return manifest;
}

TEST(Manifest, RoundTrip) {
    const Manifest full = Full();
    EXPECT_EQ(ParseManifest(FormatManifest(full)), full);
    Manifest clear = Sample({.encrypted = false, .with_signature = false}).manifest;
    clear.witness.reset();
    clear.lref.clear();
    EXPECT_EQ(ParseManifest(FormatManifest(clear)), clear);
}

TEST(Manifest, OneMemberPerLineAndObjectsLast) {
    const Sample sample;
    const std::string text = FormatManifest(sample.manifest);
    EXPECT_NE(text.find("\n\"backup_id\": \"" + sample.id() + "\",\n"), std::string::npos);
    EXPECT_NE(text.find("\n\"sequence\": \"1\",\n"), std::string::npos);
    const size_t objects = text.find("\n\"objects\": [\n{\"name\":\"objects/");
    ASSERT_NE(objects, std::string::npos);
    EXPECT_EQ(std::count(text.begin() + static_cast<ptrdiff_t>(objects), text.end(), '\n'),
              static_cast<ptrdiff_t>(sample.manifest.objects.size()) + 4);
    EXPECT_TRUE(text.ends_with("}\n]\n}\n"));
}

TEST(Manifest, HeadIsTheManifestWithoutObjects) {
    Manifest full = Full();
    const std::string text = FormatManifest(full);
    const size_t objects = text.find("\"objects\"");
    EXPECT_FALSE(ParseManifestHead(text.substr(0, objects + 5)));
    full.objects.clear();
    EXPECT_EQ(ParseManifestHead(text.substr(0, objects + 40)), full);
    EXPECT_EQ(ParseManifestHead(text), full);
}

TEST(Manifest, UnknownMembersAreIgnored) {
    const Manifest full = Full();
    EXPECT_EQ(ParseManifest(Replaced(FormatManifest(full), "\"requires\": []",
                                     "\"requires\": [],\n\"news\": {\"a\": [1]}")),
              full);
}

struct Edit {
    std::string from;
    std::string to;
    std::string detail;
};

TEST(Manifest, RefusesBadMembers) {
    const Manifest full = Full();
    const std::string text = FormatManifest(full);
    const std::string first = full.objects[0].name;
    const std::string key = ToHex(full.key_ids[0]);
    const std::vector<Edit> edits = {
        {"\"sequence\": \"1\"", "\"sequence\": 1", "sequence is not a string."},
        {"\"sequence\": \"1\"", "\"sequence\": \"01\"",
         "sequence is not a decimal number in a string."},
        {"\"sequence\": \"1\"", "\"sequence\": \"-1\"",
         "sequence is not a decimal number in a string."},
        {"\"sequence\": \"1\"", "\"sequence\": \"18446744073709551616\"",
         "sequence is not a decimal number in a string."},
        {"\"sequence\": \"1\"", "\"sequel\": \"1\"", "sequence is missing."},
        {"\"sequence\": \"1\"", "\"sequence\": \"1\",\n\"sequence\": \"2\"",
         "The member \"sequence\" is there twice."},
        {"\"oid\":16384", "\"oid\":16384,\"oid\":1", "The member \"oid\" is there twice."},
        {"\"oid\":16384", "\"oid\":4294967296",
         "database.oid is not a whole number from 0 to 4294967295."},
        {"\"oid\":16384", "\"oid\":-1", "database.oid is not a whole number from 0 to 4294967295."},
        {"\"oid\":16384", "\"oid\":1.5",
         "database.oid is not a whole number from 0 to 4294967295."},
        {"\"oid\":16384", "\"oid\":1e999", "It holds a number that is out of range."},
        {"\"name_hex\":\"636166e9\"", "\"name_hex\":\"636166E9\"",
         "database.name_hex is not lower-case hexadecimal."},
        {"\"name_hex\":\"636166e9\"", "\"name_hex\":\"61\",\"name\":\"a\"",
         "database.name_hex stands beside its plain form."},
        {"\"name_hex\":\"636166e9\"", "\"name_hex\":\"610062\"",
         "database.name holds a zero byte."},
        {"\"name_hex\":\"636166e9\"", "\"name\":\"\"", "database.name is empty."},
        {"\"encrypted\": true", "\"encrypted\": \"true\"", "encrypted is neither true nor false."},
        {"\"encrypted\": true", "\"encrypted\": false",
         "toc.name is not that of this backup's toc."},
        {"\"type\": \"full\"", "\"type\": \"partial\"", "type is not known."},
        {"\"compression\": \"zstd:1\"", "\"compression\": \"zstd:20\"",
         "compression is not known."},
        {"\"compression\": \"zstd:1\"", "\"compression\": \"zstd\"", "compression is not known."},
        {"\"lsn\":\"0/15872D8\"", "\"lsn\":\"15872D8\"",
         "snapshot.lsn is not an LSN like 0/15872D8."},
        {"\"started\": \"2026", "\"started\": \"x026",
         "started is not a time like 2026-11-20T02:15:00.000000Z."},
        {"\"backup_id\": \"app", "\"backup_id\": \"../app", "backup_id is not a backup id."},
        {"\"store_id\": \"0", "\"store_id\": \"X", "store_id is not a store id."},
        {"\"key_ids\": [\"" + key + "\"]", "\"key_ids\": []",
         "Its key_ids do not fit its encrypted."},
        {"\"key_ids\": [\"" + key + "\"]", "\"key_ids\": [\"" + std::string(32, '0') + "\"]",
         "Object " + full.toc.name + " is under key " + key + ", which is not among key_ids."},
        {"\"key_ids\": [\"" + key + "\"]", "\"key_ids\": [\"" + key + "\",\"" + key + "\"]",
         "A key id is there twice."},
        {"\"name\":\"" + first, "\"name\":\"../" + first,
         "objects[0].name is not the name of an object."},
        {"\"name\":\"" + first, "\"name\":\"" + first + ".zst",
         "objects[0].name ends with .zst or .lz4, but the object is encrypted."},
        {"\"name\":\"" + first, "\"name\":\"" + full.objects[1].name,
         "Object " + full.objects[1].name + " is there twice."},
        {"\"kind\":\"globals\"", "\"kind\":\"post\"",
         "objects[0].kind is not one that the manifest lists."},
        {"\"kind\":\"globals\"", "\"kind\":\"toc\"",
         "objects[0].kind is not one that the manifest lists."},
        {"\"kind\":\"globals\"", "\"kind\":\"program\"", "objects[0].kind is not known."},
        {"\"kind\":\"globals\"", "\"kind\":\"globals\",\"blocks\":[0,1]",
         "objects[0].blocks is not for an object of this kind."},
        {"\"blocks\":[0,3]", "\"blocks\":[4,3]", "objects[3].blocks is not a range [first, end)."},
        {"\"part\":1,\"parts\":2", "\"part\":3,\"parts\":2",
         "objects[5].part is not one of its parts."},
        {"\"objects\": [\n", "\"objects\": [7,\n",
         "objects holds something that is not an object."},
        {"\"objects\": [", "\"objects\": 7, \"list\": [", "objects is not an array."},
    };
    for (const Edit& edit : edits) {
        const auto thrown = Catch([&] { ParseManifest(Replaced(text, edit.from, edit.to)); });
        EXPECT_EQ(thrown.code, Errc::Damaged) << edit.to;
        EXPECT_EQ(thrown.message, "manifest.json is damaged");
        EXPECT_EQ(thrown.detail, edit.detail);
    }
}

TEST(Manifest, RefusesTotalsThatDoNotAddUp) {
    const Manifest full = Full();
    const auto detail = [&](uint64_t Totals::*member) {
        Manifest edited = full;
        edited.totals.*member += 1;
        return Catch([&] { ParseManifest(FormatManifest(edited)); }).detail;
    };
    const auto sentence = [](const std::string& name, uint64_t is) {
        return "totals." + name + " is " + std::to_string(is + 1) + ", its objects add up to " +
               std::to_string(is) + ".";
    };
    EXPECT_EQ(detail(&Totals::rows), sentence("rows", 60));
    EXPECT_EQ(detail(&Totals::segments), sentence("segments", 5));
    EXPECT_EQ(detail(&Totals::raw_bytes), sentence("raw_bytes", full.totals.raw_bytes));
    EXPECT_EQ(detail(&Totals::stored_bytes), sentence("stored_bytes", full.totals.stored_bytes));
    EXPECT_EQ(detail(&Totals::total_stored_bytes),
              sentence("total_stored_bytes", full.totals.total_stored_bytes));
}

TEST(Manifest, StoredBytesAreThoseOfThisBackup) {
    Manifest manifest = Full();
    manifest.objects[3].origin = "app-20261119T021500Z-full-00c0ffee";
    const Totals totals = ComputeTotals(manifest);
    EXPECT_EQ(totals.stored_bytes, manifest.totals.stored_bytes - manifest.objects[3].stored_bytes);
    EXPECT_EQ(totals.total_stored_bytes, manifest.totals.total_stored_bytes);
}

TEST(Manifest, RefusesWhatIsNewer) {
    const std::string text = FormatManifest(Full());
    const auto format =
        Catch([&] { ParseManifest(Replaced(text, "pg_lifeboat/1", "pg_lifeboat/2")); });
    EXPECT_EQ(format.code, Errc::Unsupported);
    EXPECT_EQ(format.message, "the backup's format \"pg_lifeboat/2\" is not known");
    EXPECT_EQ(format.detail, "This version reads \"pg_lifeboat/1\".");
    const auto feature = Catch(
        [&] { ParseManifest(Replaced(text, "\"requires\": []", "\"requires\": [\"deltas\"]")); });
    EXPECT_EQ(feature.code, Errc::Unsupported);
    EXPECT_EQ(feature.message, "the backup requires \"deltas\", which is not known");
}

TEST(Manifest, BoundsHostileJson) {
    const auto detail = [](const std::string& json) {
        const auto thrown = Catch([&] { ParseManifest(json); });
        EXPECT_EQ(thrown.code, Errc::Damaged);
        return thrown.detail;
    };
    EXPECT_EQ(detail(""), "It is not JSON at byte 1.");
    EXPECT_EQ(detail("[]"), "It is not a JSON object.");
    EXPECT_EQ(detail("{} x"), "It is not JSON at byte 4.");
    EXPECT_EQ(detail("{\"a\": \"\xE9\"}"), "It is not JSON at byte 9.");
    EXPECT_EQ(detail("{\"a\":[[[[[[[[1]]]]]]]]}"), "It nests deeper than 8 levels.");
    EXPECT_EQ(detail("{\"a\":[[[[[[[1]]]]]]]}"), "format is missing.");
    EXPECT_EQ(detail(std::string(1 << 20, '[')), "It nests deeper than 8 levels.");
    EXPECT_EQ(detail("{\"a\":{\"b\":1},\"c\":{\"b\":1},\"a\":2}"),
              "The member \"a\" is there twice.");
}

TEST(Manifest, EveryTruncationIsRefused) {
    const std::string text = FormatManifest(Full());
    for (size_t length = 0; length + 2 < text.size(); ++length) // the last newline is no matter
        EXPECT_NE(Catch([&] { ParseManifest(text.substr(0, length)); }).message,
                  "nothing was thrown")
            << length;
}

TEST(Sums, RoundTripSorted) {
    const SumLine a{Sha256Of(AsBytes("a")),
                    "backups/app-20261120T021500Z-full-9f3c01aa/manifest.json"};
    const SumLine b{Sha256Of(AsBytes("b")), "objects/ab/ab00000000000000000000000000000f"};
    const std::string text = FormatSums({b, a});
    EXPECT_EQ(text,
              ToHex(a.sha256) + "  " + a.name + "\n" + ToHex(b.sha256) + "  " + b.name + "\n");
    EXPECT_EQ(ParseSums(text), (std::vector<SumLine>{a, b}));
}

TEST(Sums, RefusesTheRest) {
    const std::string hash = ToHex(Sha256Of(AsBytes("a")));
    const auto detail = [](const std::string& text) {
        const auto thrown = Catch([&] { ParseSums(text); });
        EXPECT_EQ(thrown.code, Errc::Damaged);
        EXPECT_EQ(thrown.message, "SHA256SUMS is damaged");
        return thrown.detail;
    };
    const std::string no_line = "Line 1 is not a SHA-256, two spaces and a name.";
    EXPECT_EQ(detail(hash + "  repo.json"), "Its last line has no end.");
    EXPECT_EQ(detail(hash + " *repo.json\n"), no_line);
    EXPECT_EQ(detail(hash + "  ../repo.json\n"), no_line);
    EXPECT_EQ(detail(hash + "  \n"), no_line);
    EXPECT_EQ(detail("\n"), no_line);
    EXPECT_EQ(detail("\\" + hash + "  a\n"), no_line);
    EXPECT_EQ(detail(hash + "  b\n" + hash + "  a\n"), "Line 2 is not in order: a.");
    EXPECT_EQ(detail(hash + "  a\n" + hash + "  a\n"), "Line 2 is not in order: a.");
}

TEST(RepoFile, RoundTrip) {
    Repo repo;
    repo.store_id = std::string(32, 'a');
    repo.encryption_required = false;
    repo.accepted_origins = {std::string(32, 'b')};
    repo.created = Instant(std::chrono::seconds(1795140900));
    EXPECT_EQ(ParseRepo(FormatRepo(repo)), repo);
    EXPECT_TRUE(repo.Accepts(std::string(32, 'a')));
    EXPECT_TRUE(repo.Accepts(std::string(32, 'b')));
    EXPECT_FALSE(repo.Accepts(std::string(32, 'c')));
}

TEST(RepoFile, SaysWhatIsWrong) {
    MemoryStore store;
    const auto absent = Catch([&] { ReadRepo(store); });
    EXPECT_EQ(absent.code, Errc::StoreMissing);
    EXPECT_EQ(absent.message, "there is no backup store at \"memory:\"");
    EXPECT_EQ(absent.detail, "It has no file repo.json.");
    EXPECT_EQ(absent.hint, "Is it mounted?");
    Repo repo;
    repo.store_id = std::string(32, 'a');
    const std::string text = FormatRepo(repo);
    EXPECT_EQ(Catch([&] { ParseRepo(Replaced(text, "required", "perhaps")); }).detail,
              "encryption is neither \"required\" nor \"none\".");
    EXPECT_EQ(Catch([&] { ParseRepo(Replaced(text, "aaaa", "AAAA")); }).detail,
              "store_id is not a store id of 32 lower-case hexadecimal characters.");
    EXPECT_EQ(Catch([&] { ParseRepo(Replaced(text, "pg_lifeboat/1", "pg_lifeboat/9")); }).code,
              Errc::Unsupported);
}

} // namespace
} // namespace lifeboat
