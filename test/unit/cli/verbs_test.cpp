// The program as it is typed: what it prints, where, and with which exit code.
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "core/io/child_process.h"
#include "core/store/location.h"
#include "run_lifeboat.h"

namespace lifeboat::test {
namespace {

TEST_F(Verbs, ListShowsOneLinePerBackupWithoutAKey) {
    Take();
    const Said said = Run({"list"});
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_NE(said.out.find(id() + "  app       full  2026-11-20 02:15:01"), std::string::npos)
        << said.out;
    EXPECT_NE(said.out.find("yes        yes     available\n"), std::string::npos) << said.out;
    EXPECT_EQ(said.err, "");

    const auto json = nlohmann::json::parse(Run({"list", "--json"}).out);
    ASSERT_EQ(json.size(), 1U);
    EXPECT_EQ(json[0]["backup_id"], id());
    EXPECT_EQ(json[0]["taken_at"], "2026-11-20T02:15:01.000000Z");
    EXPECT_EQ(json[0]["encrypted"], true);
    EXPECT_EQ(json[0]["status"], "available");
    EXPECT_EQ(Run({"list", "--database", "other"}).out, "no backups\n");
}

TEST_F(Verbs, ShowTellsTablesOnlyToWhoHasAKey) {
    Take();
    const Said without = Run({"show", "latest"});
    EXPECT_EQ(without.code, 0) << without.err;
    EXPECT_EQ(without.err,
              "lifeboat: warning: the signature is not checked: no --signer-public was given\n");
    EXPECT_EQ(without.out.find("orders"), std::string::npos);
    EXPECT_NE(without.out.find("The tables are encrypted: give a key to see them.\n"),
              std::string::npos);
    const Said with = RunWithKey({"show", "latest:app"});
    EXPECT_EQ(with.code, 0) << with.err;
    EXPECT_NE(with.out.find("signature         checked\n"), std::string::npos) << with.out;
    EXPECT_NE(with.out.find("public.orders"), std::string::npos) << with.out;
    const auto json = nlohmann::json::parse(RunWithKey({"show", id(), "--json"}).out);
    EXPECT_EQ(json["relations"][0]["relation"], "orders");
    EXPECT_EQ(json["relations"][0]["rows"], 56);
    EXPECT_EQ(json["relations"][0]["segments"], 2);
}

TEST_F(Verbs, CatPrintsRowsAsTheyWereCopied) {
    Take();
    const Said said = RunWithKey({"cat", "latest", "--table", "public.orders"});
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(std::ranges::count(said.out, '\n'), 56);
    EXPECT_TRUE(said.out.starts_with("1\tfirst\n2\tfirst\n"));
    EXPECT_TRUE(said.out.ends_with("55\tsecond\n56\t\\N\n"));
    EXPECT_EQ(RunWithKey({"cat", "latest", "--globals"}).out, "CREATE ROLE shop;\n");
}

TEST_F(Verbs, VerifyFindsWhatIsWrongAndSaysWhichObject) {
    Take();
    const Said good = RunWithKey({"verify", "latest"});
    EXPECT_EQ(good.code, 0) << good.err;
    EXPECT_TRUE(good.out.starts_with(id() + ": ok, content, ")) << good.out;

    const std::string object = manifest_.objects[3].name;
    const std::string path = directory_ / "store/" + object;
    std::string bytes = ReadFile(path);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    WriteFile(path, bytes, 0600);
    const Said bad = RunWithKey({"verify", "latest", "--level", "checksum"});
    EXPECT_EQ(bad.code, 2) << bad.err;
    EXPECT_NE(bad.out.find("problem: object " + object), std::string::npos) << bad.out;
    const auto json = nlohmann::json::parse(RunWithKey({"verify", "latest", "--json"}).out);
    EXPECT_EQ(json["ok"], false);
    EXPECT_EQ(json["problems"].size(), 1U);

    const Said cat = RunWithKey({"cat", "latest", "--table", "public.orders"});
    EXPECT_EQ(cat.code, 2);
    EXPECT_EQ(cat.out, ""); // checked before the first byte is printed
}

TEST_F(Verbs, EachKindOfFailureHasItsExitCodeAndItsWords) {
    Take();
    const std::string wrong = directory_ / "wrong.secret";
    WriteFile(wrong, std::string(64, '1'), 0600);
    struct Case {
        std::vector<std::string> arguments;
        int code;
        std::string error; // the beginning of the first line
    };
    const Case cases[] = {
        {{"nonsense"}, 1, "there is no verb \"nonsense\"\nhint: Type: lifeboat --help\n"},
        {{"cat", "latest"}, 1, "exactly 1 option from [--table,--schema,--globals] is required\n"},
        {{"show", "mumble"}, 1, "\"mumble\" is not a backup id\n"},
        {{"show", "app-20200101T000000Z-full-00000000"}, 3, ""},
        {{"show", "latest:other"}, 3, "the store holds no backup of database \"other\"\n"},
        {{"cat", "latest", "--schema"},
         5,
         "backup " + id() + " is encrypted and no key was given\n"},
        {{"cat", "latest", "--schema", "--secret", wrong}, 5, "key file keys/"},
        {{"list", "--store", "file://" + (directory_ / "missing")}, 4, "store directory \""},
        {{"list", "--store", "nowhere"}, 1, "store URL \"nowhere\" has no scheme\n"},
        {{"list", "--option", "x"}, 1, "--option \"x\" is not of the form name=value\n"},
        {{"rotate", "--recipient", directory_ / "recovery.crt"},
         5,
         "rotating needs a key that opens the backups\n"},
        {{"prune"}, 1, "no rule says which backups to keep\n"},
        {{"prune", "--keep-last", "0"}, 1, "--keep-last: Value 0 not in range"},
        {{"prune", "--keep-within", "7"},
         1,
         "--keep-within must be a time such as 7d, not \"7\"\n"},
        {{"prune", "--keep-last", "1", "--timezone", "CEST"}, 1, "unknown time zone \"CEST\"\n"},
        {{"restore", "latest", "--target-database", "x"}, 5, "no trusted signer was given\n"},
        {{"export", "latest"}, 5, "no trusted signer was given\n"},
    };
    for (const auto& one : cases) {
        std::string typed;
        for (const auto& argument : one.arguments) typed += argument + " ";
        const Said said = Run(one.arguments);
        EXPECT_EQ(said.code, one.code) << typed << said.err;
        const size_t at = said.err.find("lifeboat: error: ");
        ASSERT_NE(at, std::string::npos) << typed << said.err;
        EXPECT_EQ(said.err.substr(at + 17, one.error.size()), one.error) << typed;
        EXPECT_EQ(said.out, "") << typed;
    }
}

TEST_F(Verbs, AnUnsignedBackupIsTrustedOnlyOnRequest) {
    SampleOptions options;
    options.with_signature = false;
    Take(options);
    const Said said = RunWithKey({"export", "latest"});
    EXPECT_EQ(said.code, 5);
    EXPECT_NE(said.err.find(id()), std::string::npos) << said.err;
    EXPECT_EQ(RunWithKey({"verify", "latest", "--allow-untrusted"}).code, 0);
}

TEST_F(Verbs, TheStoreMayComeFromOptionOrEnvironmentAndOptionsAreChecked) {
    Take();
    EXPECT_EQ(Lifeboat({"list", "--store", "file://" + (directory_ / "store")}).code, 0);
    const Said missing = Lifeboat({"list"});
    EXPECT_EQ(missing.code, 1);
    EXPECT_EQ(missing.err,
              "lifeboat: error: --store is required\nhint: Type: lifeboat list --help\n");
    const Said option = Lifeboat({"list"}, {"LIFEBOAT_STORE=file://" + (directory_ / "store"),
                                            "LIFEBOAT_OPTION_NONSENSE=1"});
    EXPECT_EQ(option.code, 1);
    EXPECT_NE(option.err.find("nonsense"), std::string::npos) << option.err;
}

TEST_F(Verbs, CheckStoreLeavesNothingBehind) {
    Take();
    const Said said = Run({"check-store"});
    EXPECT_EQ(said.code, 0) << said.out << said.err;
    EXPECT_EQ(said.out.find("NO"), std::string::npos) << said.out;
    EXPECT_EQ(Run({"verify", "latest", "--level", "present"}).code, 0);
}

TEST_F(Verbs, RotateLeavesTheNamedRecipientsAndNobodyElse) {
    Take();
    const Said made = Lifeboat({"keygen", directory_ / "new", "--no-passphrase"});
    ASSERT_EQ(made.code, 0) << made.err;
    const Said said = Run({"rotate", "--recovery-key", directory_ / "recovery.key", "--recipient",
                           directory_ / "new/recovery.crt"});
    ASSERT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(said.err, "lifeboat: note: rotated 1 run key\n");
    const std::vector<std::string> cat = {"cat", "latest", "--globals", "--recovery-key"};
    auto with_new = cat;
    with_new.push_back(directory_ / "new/recovery.key");
    EXPECT_EQ(Run(with_new).out, "CREATE ROLE shop;\n");
    auto with_old = cat;
    with_old.push_back(directory_ / "recovery.key");
    EXPECT_EQ(Run(with_old).code, 5);
    EXPECT_EQ(RunWithKey({"cat", "latest", "--globals"}).code,
              5); // the server's secret was not named
    EXPECT_EQ(RunWithKey({"verify", "latest", "--level", "checksum"}).code, 0);
}

TEST_F(Verbs, PruneSaysWhichRuleKeepsEachBackupAndDeletesTheOthers) {
    Take();
    NeverInterrupted interrupt;
    const auto store = OpenStore(ParseLocation("file://" + (directory_ / "store")), {}, interrupt);
    store->Remove(kRepoName); // which this one writes itself
    SampleStore source(*store, {});
    std::vector<std::string> ids;
    source.options.started -= std::chrono::days{4};
    for (int day = 0; day < 3; ++day) {
        source.options.started += std::chrono::days{1};
        ids.push_back(source.Take().backup_id);
    }
    ids.push_back(id());
    const std::vector<std::string> prune = {"prune",  "--keep-last", "1",
                                            "--keep", ids[1],        "--json"};
    const auto rows = [](const nlohmann::json& json) {
        std::string text;
        for (const auto& row : json["backups"]) {
            text += row["backup_id"].get<std::string>() + " " + row["action"].get<std::string>() +
                    " " + row["rule"].get<std::string>() + "\n";
        }
        return text;
    };
    const std::string said = ids[0] + " delete expired\n" + ids[1] + " keep pinned\n" + ids[2] +
                             " delete expired\n" + ids[3] + " keep keep_last,floor_complete\n";
    const Said dry = Run(prune);
    EXPECT_EQ(dry.code, 0) << dry.err;
    const auto json = nlohmann::json::parse(dry.out);
    EXPECT_EQ(rows(json), said);
    EXPECT_EQ(json["dry_run"], true);
    EXPECT_EQ(ListBackups(*store, interrupt).size(), 4U);

    // Those of other databases and schedules have no rule.
    for (const char* option : {"--schedule", "--database"}) {
        const Said none = Run({"prune", "--keep-last", "1", option, "other", "--json"});
        EXPECT_EQ(rows(nlohmann::json::parse(none.out)).find("delete"), std::string::npos);
    }

    // Nor have those of other clusters, when one is named; none is deleted when none is.
    {
        store->Remove(kRepoName);
        SampleStore other(*store, {.system_identifier = "8"});
        const std::string theirs = other.Take().backup_id;
        const Said several = Run({"prune", "--keep-last", "1", "--delete"});
        EXPECT_EQ(several.code, 1);
        EXPECT_NE(several.err.find("the store holds backups of several clusters"),
                  std::string::npos)
            << several.err;
        const Said one =
            Run({"prune", "--keep-last", "1", "--system-identifier", "8", "--json", "--delete"});
        EXPECT_EQ(one.code, 0) << one.err;
        EXPECT_EQ(rows(nlohmann::json::parse(one.out)).find("delete"), std::string::npos);
        for (const std::string_view file : {kSumsFile, kManifestFile, kTocFile, kStartedFile})
            store->Remove(BackupFile(theirs, file));
    }

    // What nobody has signed is no reason to delete what somebody has.
    store->Remove(kRepoName);
    SampleStore forger(*store, {});
    forger.options.with_signature = false;
    forger.options.started += std::chrono::minutes{1};
    const std::string forged = forger.Take().backup_id;
    auto trusting = prune;
    EXPECT_NE(rows(nlohmann::json::parse(Run(prune).out)).find(ids[3] + " delete"),
              std::string::npos);
    trusting.insert(trusting.end(), {"--signer-public", directory_ / "signer.pub"});
    EXPECT_EQ(rows(nlohmann::json::parse(Run(trusting).out)), said + forged + " keep damaged\n");
    for (const std::string_view file : {kSumsFile, kManifestFile, kTocFile})
        store->Remove(BackupFile(forged, file));

    auto for_good = prune;
    for_good.push_back("--delete");
    const Said done = Run(for_good);
    EXPECT_EQ(done.code, 0) << done.err;
    const auto report = nlohmann::json::parse(done.out);
    EXPECT_EQ(rows(report), said);
    EXPECT_GT(report["bytes_removed"], 0);
    EXPECT_EQ(ListBackups(*store, interrupt).size(), 2U);
    EXPECT_EQ(Run({"verify", ids[1], "--level", "checksum"}).code, 0);
    EXPECT_EQ(Run({"verify", ids[3], "--level", "checksum"}).code, 0);
    EXPECT_FALSE(std::filesystem::exists(directory_ / "store/backups/" + ids[0]));
    const Said both = Run({"prune", "--keep-last", "1", "--delete", "--dry-run"});
    EXPECT_EQ(both.code, 1) << both.err;
}

TEST_F(Verbs, ACopyIsMadeWithItsStoreAndReadWhereTheOriginalFails) {
    Take();
    const std::string store = directory_ / "store";
    const std::string offsite = "file://" + (directory_ / "offsite");
    const std::vector<std::string> copy = {
        "copy", "latest:app", "--from",          "file://" + store,
        "--to", offsite,      "--signer-public", directory_ / "signer.pub"};
    EXPECT_EQ(Lifeboat(copy).code, 4); // the directory itself is nobody's to make
    std::filesystem::create_directory(directory_ / "offsite");
    Said said = Lifeboat(copy);
    ASSERT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(said.err, "lifeboat: note: made a store at " + offsite + ", encryption required\n");
    EXPECT_TRUE(said.out.starts_with(id() + ": copied " +
                                     std::to_string(manifest_.objects.size() + 1) + " objects, "))
        << said.out;
    auto again = copy;
    again.emplace_back("--json");
    const auto json = nlohmann::json::parse(Lifeboat(again).out);
    EXPECT_EQ(json["objects_copied"], 0);
    EXPECT_EQ(json["was_complete"], true);
    EXPECT_EQ(RunWithKey({"verify", "latest", "--store", offsite}).code, 0);

    const std::vector<std::string> cat = {"cat", "latest:app", "--table", "public.orders"};
    auto with_copy = cat;
    with_copy.insert(with_copy.end(), {"--copy", offsite, "--copy-option", "1.max_rate=100MB"});
    const std::string rows = RunWithKey(cat).out;
    for (const ObjectRecord& record : manifest_.objects) {
        if (record.kind == ObjectKind::kData) std::filesystem::remove(store + "/" + record.name);
    }
    EXPECT_EQ(RunWithKey(cat).code, 2);
    said = RunWithKey(with_copy);
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(said.out, rows);
    EXPECT_NE(said.err.find(" is read from another copy than that in file://" + store +
                            ": the object is missing\n"),
              std::string::npos)
        << said.err;
    std::filesystem::rename(store, store + ".away");
    said = RunWithKey(with_copy);
    EXPECT_EQ(said.out, rows) << said.err;
    EXPECT_NE(said.err.find("file://" + store + " is passed over: store directory"),
              std::string::npos)
        << said.err;
}

TEST_F(Verbs, AnOptionOfOneCopyIsNotOneOfTheOthers) {
    Take();
    const Said said = RunWithKey({"cat", "latest", "--globals", "--copy", "file:///tmp/a", "--copy",
                                  "file:///tmp/b", "--copy-option", "2.nonsense=1"});
    EXPECT_EQ(said.code, 1);
    EXPECT_NE(said.err.find("have no option \"nonsense\""), std::string::npos) << said.err;
    EXPECT_EQ(RunWithKey({"cat", "latest", "--globals", "--copy", "file:///tmp/a", "--copy-option",
                          "2.nonsense=1"})
                  .code,
              0);
}

// What stands under "Examples:" in the help of each verb works once the names in it fit. Those that
// need a server or pg_restore are run by the cluster tests.
TEST_F(Verbs, TheExamplesOfHelpWork) {
    Take();
    WriteFile(directory_ / "passphrase.txt", "secret\n", 0600);
    ASSERT_EQ(::rename((directory_ / "server.secret").c_str(), (directory_ / "keep").c_str()), 0);
    std::filesystem::create_directory(directory_ / "k");
    std::filesystem::create_directory(directory_ / "offsite");
    for (const char* name : {"recovery.key", "recovery.crt", "signer.pub"}) {
        std::filesystem::copy_file(directory_ / name, directory_ / "k/" + name);
    }
    ASSERT_EQ(::rename((directory_ / "keep").c_str(), (directory_ / "k/server.secret").c_str()), 0);
    const std::string help = Lifeboat({"--help"}).out;
    for (const std::string verb : {"keygen", "check-store", "list", "show", "verify", "plan",
                                   "restore", "cat", "export", "copy", "rotate", "prune"}) {
        EXPECT_NE(help.find("  " + verb + " "), std::string::npos) << verb;
        const std::string text = Lifeboat({verb, "--help"}).out;
        const size_t at = text.find("Examples:\n");
        ASSERT_NE(at, std::string::npos) << verb;
        std::istringstream lines(text.substr(at + 10));
        int examples = 0;
        for (std::string line; std::getline(lines, line) && !line.empty(); ++examples) {
            const bool offline = line.find("--target") == std::string::npos && verb != "export" &&
                                 line.find("--schema") == std::string::npos;
            if (!offline) continue;
            const auto replace = [&line](const std::string& from, const std::string& to) {
                for (size_t i = line.find(from); i != std::string::npos;
                     i = line.find(from, i + to.size())) {
                    line.replace(i, from.size(), to);
                }
            };
            replace("file:///srv/backups", "file://" + (directory_ / "store"));
            replace("file:///mnt/offsite", "file://" + (directory_ / "offsite"));
            replace(" keys/", " k/");
            replace(" lifeboat ", " " LIFEBOAT_BINARY " ");
            ChildSpec spec;
            spec.program = "/bin/sh";
            spec.arguments = {"-c", "cd '" + directory_.path() + "' && " + line};
            spec.environment = {"PATH=/usr/bin:/bin"};
            ChildProcess child(spec);
            DiscardSink out;
            NeverInterrupted interrupt;
            EXPECT_TRUE(child.Run(out, interrupt).ok()) << line << "\n" << child.stderr_text();
        }
        EXPECT_EQ(examples, 2) << verb;
    }
}

} // namespace
} // namespace lifeboat::test
