#include "run_lifeboat.h"

#include <sys/stat.h>

#include "core/io/child_process.h"
#include "core/store/dir_store.h"

namespace lifeboat::test {

Said Lifeboat(std::vector<std::string> arguments, std::vector<std::string> environment) {
    ChildSpec spec;
    spec.program = LIFEBOAT_BINARY;
    spec.arguments = std::move(arguments);
    spec.environment = std::move(environment);
    spec.environment.emplace_back("PATH=/usr/bin:/bin");
    ChildProcess child(spec);
    StringSink out;
    NeverInterrupted interrupt;
    const ChildExit exit = child.Run(out, interrupt);
    return {exit.code, out.Take(), child.stderr_text()};
}

void WriteFile(const std::string& path, const std::string& text, mode_t mode) {
    std::ofstream(path, std::ios::binary) << text;
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
}

void Verbs::SetUp() {
    std::filesystem::create_directory(directory_ / "store");
    std::filesystem::permissions(directory_ / "store", std::filesystem::perms::owner_all);
    WriteFile(directory_ / "server.secret", SampleSecret().Hex() + "\n", 0600);
    WriteFile(directory_ / "recovery.key", SampleRecovery().private_pem, 0600);
    WriteFile(directory_ / "recovery.crt", SampleRecovery().certificate_pem, 0644);
    WriteFile(directory_ / "signer.pub", SampleSigner().Public().pem(), 0644);
}

void Verbs::Take(SampleOptions options) {
    DirStore store(directory_ / "store");
    SampleStore sample(store, std::move(options));
    manifest_ = sample.Take();
}

} // namespace lifeboat::test
