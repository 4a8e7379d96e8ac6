// Who gets to see a secret, and what having one means.
#include "run_lifeboat.h"

namespace lifeboat::test {
namespace {

// Whoever gave a key expects what only keys can have written; repo.json is not signed.
TEST_F(Verbs, WithAKeyAClearBackupIsRefused) {
    SampleOptions options;
    options.encrypted = false;
    Take(options);
    const std::vector<std::string> verbs[] = {{"show", "latest"},
                                              {"verify", "latest"},
                                              {"cat", "latest", "--globals"},
                                              {"export", "latest"}};
    for (auto arguments : verbs) {
        const Said said = RunWithKey(arguments);
        EXPECT_EQ(said.code, 5) << arguments[0];
        EXPECT_EQ(said.out, "") << arguments[0];
        EXPECT_EQ(
            said.err,
            "lifeboat: error: backup \"" + id() +
                "\" is not encrypted\n"
                "detail: A key was given, and whoever can write to the store can put a clear "
                "backup in the place of an encrypted one.\n"
                "hint: If you know that it was taken without encryption, leave the key out.\n")
            << arguments[0];
    }
    EXPECT_EQ(RunWithKey({"verify", "latest", "--allow-untrusted"}).code, 0);
    EXPECT_EQ(Run({"verify", "latest", "--signer-public", directory_ / "signer.pub"}).code, 0);
}

// A pg_restore that says it is of this version, and writes its environment down.
std::string FakePgRestore(const TempDir& directory, const std::string& version) {
    WriteFile(directory / "pg_restore",
              "#!/bin/sh\n[ \"$1\" != --version ] || { echo 'pg_restore (PostgreSQL) " + version +
                  "'; exit; }\nenv >'" + (directory / "environment") + "'\n",
              0755);
    return directory.path();
}

TEST_F(Verbs, ExportWantsAPgRestoreWhoseScriptsAreSafe) {
    Take();
    const TempDir bin;
    const Said said =
        RunWithKey({"export", "latest", "--bin-directory", FakePgRestore(bin, "15.13 (Debian)")});
    EXPECT_EQ(said.code, 9);
    EXPECT_EQ(said.out, "");
    EXPECT_EQ(
        said.err,
        "lifeboat: error: this pg_restore is too old to write a script\n"
        "detail: It says \"pg_restore (PostgreSQL) 15.13 (Debian)\". Its scripts do not keep "
        "psql from running commands that names in the schema may hold (CVE-2025-8714).\n"
        "hint: Use one of 13.22, 14.19, 15.14, 16.10, 17.6, 18 or later: --bin-directory DIR\n");
    EXPECT_EQ(RunWithKey({"export", "latest", "--bin-directory", FakePgRestore(bin, "15.14")}).code,
              0);
}

TEST_F(Verbs, ChildrenDoNotInheritTheSecret) {
    Take();
    const TempDir bin;
    const std::string secret = SampleSecret().Hex();
    const Said said =
        Lifeboat({"export", "latest", "--store", "file://" + (directory_ / "store"), "--secret",
                  "env:THE_SECRET", "--signer-public", directory_ / "signer.pub", "--bin-directory",
                  FakePgRestore(bin, "18.0")},
                 {"THE_SECRET=" + secret, "OTHER=seen"});
    ASSERT_EQ(said.code, 0) << said.err;
    const std::string environment = ReadFile(bin / "environment");
    EXPECT_NE(environment.find("OTHER=seen"), std::string::npos) << environment;
    EXPECT_EQ(environment.find(secret), std::string::npos);
    EXPECT_EQ(environment.find("THE_SECRET"), std::string::npos) << environment;
}

// A secret that is good for one reading only stays in force all the same.
TEST_F(Verbs, RotateKeepsASecretFromTheEnvironment) {
    Take();
    const Said said = Lifeboat({"rotate", "--store", "file://" + (directory_ / "store"), "--secret",
                                "env:THE_SECRET", "--recipient", directory_ / "recovery.crt"},
                               {"THE_SECRET=" + SampleSecret().Hex()});
    ASSERT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(RunWithKey({"cat", "latest", "--globals"}).out, "CREATE ROLE shop;\n");
}

} // namespace
} // namespace lifeboat::test
