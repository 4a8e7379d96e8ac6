#include "pg/settings.h"

#include "pg/bridge/bridge.h"
#include "pg/leader/lock_group.h"

extern "C" {
#include <postmaster/postmaster.h>
#include <storage/fd.h>
#include <utils/guc.h>
#include <utils/varlena.h>
}

namespace lifeboat::pg {
namespace {

char* control_database = nullptr;
int max_concurrent_runs = 2;
int default_workers = 2;
int segment_size_kb = 65536;
int worker_nice = 10;
char* bin_directory = nullptr;
char* connection = nullptr;
char* allowed_stores = nullptr;
char* drill_role = nullptr;

// Set in the configuration file only: not even a role that may ALTER SYSTEM chooses programs.
constexpr int kFileOnly = GUC_DISALLOW_IN_AUTO_FILE | GUC_SUPERUSER_ONLY;

bool CheckBinDirectory(char** value, void** /*extra*/, GucSource /*source*/) {
    if (**value == '\0' || **value == '/') return true;
    GUC_check_errdetail(
        "lifeboat.bin_directory must be an absolute path, or empty for the "
        "server's own directory.");
    return false;
}

void DefineFileSettings() {
    // Defining a postmaster setting after startup is FATAL.
    DefineCustomStringVariable(
        "lifeboat.database", "The database that holds the extension.", nullptr, &control_database,
        "postgres", process_shared_preload_libraries_in_progress ? PGC_POSTMASTER : PGC_SIGHUP,
        GUC_DISALLOW_IN_AUTO_FILE, nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "lifeboat.bin_directory", "Where pg_dump, pg_restore and lifeboat are.",
        "Empty: the server's own directory of programs.", &bin_directory, "", PGC_SIGHUP,
        GUC_DISALLOW_IN_AUTO_FILE, CheckBinDirectory, nullptr, nullptr);
    DefineCustomStringVariable("lifeboat.connection",
                               "Connection string for the programs that a run starts.",
                               "Empty: this server's socket and port, and the server's user.",
                               &connection, "", PGC_SIGHUP, kFileOnly, nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "lifeboat.allowed_stores", "URL prefixes that roles without superuser may use for stores.",
        "Empty: any directory, for roles with the rights of "
        "pg_write_server_files.",
        &allowed_stores, "", PGC_SIGHUP, GUC_DISALLOW_IN_AUTO_FILE, nullptr, nullptr, nullptr);
}

} // namespace

void DefineSettings() {
    DefineFileSettings();
    DefineCustomIntVariable("lifeboat.max_concurrent_runs", "How many runs work at a time.",
                            "More wait in state queued.", &max_concurrent_runs, 2, 1, 1000,
                            PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("lifeboat.workers",
                            "Dump workers per run, unless the schedule says otherwise.", nullptr,
                            &default_workers, 2, 0, 1024, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "lifeboat.segment_size", "Bytes of heap and TOAST that one segment covers, about.", nullptr,
        &segment_size_kb, 65536, 1024, 1048576, PGC_SIGHUP, GUC_UNIT_KB, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "lifeboat.worker_nice", "How much a dump worker yields the processor to others.",
        "Added to the server's own nice value: 0 takes an equal share, 19 idle time only. Disk "
        "priority follows.",
        &worker_nice, 10, 0, 19, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("lifeboat.drill_role",
                               "Reserved for a later version: the role of restore drills.", nullptr,
                               &drill_role, "", PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
    if (process_shared_preload_libraries_in_progress) DefineLockGroupSetting();
    MarkGUCPrefixReserved("lifeboat");
}

std::string ControlDatabase() {
    return control_database == nullptr ? "postgres" : control_database;
}
int MaxConcurrentRuns() { return max_concurrent_runs; }
int DefaultWorkers() { return default_workers; }
int WorkerNice() { return worker_nice; }
uint64_t SegmentBytes() { return static_cast<uint64_t>(segment_size_kb) * 1024; }

std::string BinDirectory() {
    if (bin_directory != nullptr && *bin_directory != '\0') return bin_directory;
    std::string path = my_exec_path;
    return path.substr(0, path.rfind('/'));
}

bool ChildConnectionIsSet() { return connection != nullptr && *connection != '\0'; }

std::string ChildConnection() {
    if (ChildConnectionIsSet()) return connection;
    std::string host = "localhost";
    if (Unix_socket_directories != nullptr && *Unix_socket_directories != '\0') {
        const std::string all = Unix_socket_directories;
        host = all.substr(0, all.find(','));
        while (!host.empty() && host.back() == ' ') host.pop_back();
        if (!host.empty() && host.front() == '"') host = host.substr(1, host.find('"', 1) - 1);
        if (!host.empty() && host.front() != '/' && host.front() != '@') {
            host = std::string(DataDir) + "/" + host;
        }
    }
    std::string quoted;
    for (const char c : host) {
        if (c == '\'' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return "host='" + quoted + "' port=" + std::to_string(PostPortNumber);
}

std::vector<std::string> AllowedStores() {
    std::vector<std::string> prefixes;
    const std::string all = allowed_stores == nullptr ? "" : allowed_stores;
    size_t start = 0;
    while (start <= all.size()) {
        size_t end = all.find(',', start);
        if (end == std::string::npos) end = all.size();
        std::string item = all.substr(start, end - start);
        item.erase(0, item.find_first_not_of(" \t"));
        item.erase(item.find_last_not_of(" \t") + 1);
        if (!item.empty()) prefixes.push_back(item);
        start = end + 1;
    }
    return prefixes;
}

} // namespace lifeboat::pg
