// lifeboat as it is typed, and a store to type it at.
#pragma once

#include <gtest/gtest.h>

#include "support/sample_backup.h"
#include "support/temp_dir.h"

namespace lifeboat::test {

struct Said {
    int code = 0;
    std::string out;
    std::string err;
};

// Runs lifeboat in an environment of its own.
Said Lifeboat(std::vector<std::string> arguments, std::vector<std::string> environment = {});

void WriteFile(const std::string& path, const std::string& text, mode_t mode);

// A store in a directory with one backup, and the keys to it in files.
class Verbs : public ::testing::Test {
protected:
    void SetUp() override;
    void Take(SampleOptions options = {});

    Said Run(std::vector<std::string> arguments) {
        return Lifeboat(std::move(arguments), {"LIFEBOAT_STORE=file://" + (directory_ / "store")});
    }
    Said RunWithKey(std::vector<std::string> arguments) {
        for (const std::string& more :
             {std::string("--secret"), directory_ / "server.secret", std::string("--signer-public"),
              directory_ / "signer.pub"}) {
            arguments.push_back(more);
        }
        return Run(std::move(arguments));
    }
    [[nodiscard]] const std::string& id() const { return manifest_.backup_id; }

    TempDir directory_;
    Manifest manifest_;
};

} // namespace lifeboat::test
