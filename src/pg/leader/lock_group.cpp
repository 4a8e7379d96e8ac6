#include "pg/leader/lock_group.h"

#include <charconv>
#include <csignal>
#include <cstring>

#include "core/crypto/sha256.h"
#include "pg/bridge/bridge.h"
#include "pg/compat.h"
#include "pg/shmem.h"

extern "C" {
#include <storage/ipc.h>
#include <storage/lwlock.h>
#include <utils/resowner.h>
}

namespace lifeboat::pg {
namespace {

constexpr int kEndStepMs = 10;
constexpr int kEndPatienceMs = 10000;

constexpr const char* kNoWorkers[] = {"max_parallel_workers_per_gather",
                                      "max_parallel_maintenance_workers"};

char* setting = nullptr; // never shown: show_hook
char wanted[128];        // what this session's startup options said, until it has been tried

// --- tokens ---

// No padding: its bytes are hashed.
struct Membership {
    unsigned char secret[kSecretBytes];
    VirtualTransactionId transaction;
    uint32_t database;
    int32_t leader_pid;
};
static_assert(sizeof(Membership) == kSecretBytes + 16);

// As it stands in the setting; empty when that process is in no transaction.
std::string MembershipOf(const PGPROC* leader, int pid) {
    Membership membership{};
    GET_VXID_FROM_PGPROC(membership.transaction, *leader);
    if (!LocalTransactionIdIsValid(membership.transaction.localTransactionId)) return {};
    std::memcpy(membership.secret, Shared()->secret, kSecretBytes);
    membership.database = leader->databaseId;
    membership.leader_pid = pid;
    const Sha256Digest token = Sha256Of(std::as_bytes(std::span(&membership, 1)));
    return std::to_string(pid) + ":" + ToHex(token);
}

bool SameInConstantTime(std::string_view one, std::string_view other) {
    if (one.size() != other.size()) return false;
    unsigned difference = 0;
    for (size_t i = 0; i < one.size(); ++i)
        difference |= static_cast<unsigned char>(one[i]) ^ static_cast<unsigned char>(other[i]);
    return difference == 0;
}

// --- joining ---

// A member of a group that becomes a leader destroys the group's list: this session must never
// start parallel workers, whatever code runs in it. With no number above 0 it cannot be told to.
bool GiveUpParallelWorkers() {
    return std::all_of(std::begin(kNoWorkers), std::end(kNoWorkers), [](const char* name) {
        config_int* number = FindIntSetting(name);
        if (number == nullptr || *number->variable != 0) return false;
        number->max = 0;
        return true;
    });
}

bool Join() {
    int pid = 0;
    std::from_chars(std::begin(wanted), std::end(wanted), pid);
    PGPROC* leader = BackendPidGetProc(pid);
    if (leader == nullptr || leader == MyProc || leader->databaseId != MyDatabaseId) return false;
    if (!SameInConstantTime(wanted, MembershipOf(leader, pid))) return false;
    return MyProc->lockGroupLeader == nullptr && GiveUpParallelWorkers() &&
           BecomeLockGroupMember(leader, pid);
}

// A process may change its group only while it holds no lock. The transaction in which a session
// starts holds one on the database, so this waits for the end of that transaction.
void AtRelease(ResourceReleasePhase phase, bool /*commit*/, bool is_top_level, void* /*arg*/) {
    if (phase != RESOURCE_RELEASE_AFTER_LOCKS || !is_top_level || wanted[0] == '\0') return;
    bool joined = false;
    try {
        joined = Join();
    } catch (...) { // NOLINT(bugprone-empty-catch): without memory it does not join
    }
    wanted[0] = '\0';
    if (joined) return;
    ereport(LOG, (errmsg("lifeboat.lock_group names no backup that is at work in this database"),
                  errdetail("The session goes on as any other.")));
}

// The setting can only be given when a session starts.
void AssignSetting(const char* value, void* /*extra*/) {
    const bool is_client = MyBackendType == B_BACKEND && MyProcPort != nullptr;
    if (value == nullptr || *value == '\0' || !is_client || Shared() == nullptr) return;
    if (wanted[0] == '\0') RegisterResourceReleaseCallback(AtRelease, nullptr);
    strlcpy(wanted, value, sizeof(wanted));
}

const char* ShowSetting() { return ""; }

// --- the leader's end ---

// False when nobody but the leader is left. A member cannot leave while the list is locked, so the
// pid is its own.
bool EndMembers() {
    bool any = false;
    LWLock* lock = LockHashPartitionLockByProc(MyProc);
    LWLockAcquire(lock, LW_SHARED);
    const dlist_node* head = &MyProc->lockGroupMembers.head;
    for (const dlist_node* node = head->next; node != nullptr && node != head; node = node->next) {
        if (node == &MyProc->lockGroupLink) continue;
        const auto* member = reinterpret_cast<const PGPROC*>(reinterpret_cast<const char*>(node) -
                                                             offsetof(PGPROC, lockGroupLink));
        if (member->pid != 0) kill(member->pid, SIGTERM);
        any = true;
    }
    LWLockRelease(lock);
    return any;
}

// PostgreSQL lets a leader end before its members, but in all its own uses waits for them: when the
// last member ends in the very moment in which the leader does, both give back the leader's PGPROC.
void AtLeaderExit(int /*code*/, Datum /*arg*/) {
    if (MyProc == nullptr || MyProc->lockGroupLeader != MyProc) return;
    for (int waited = 0; EndMembers() && waited < kEndPatienceMs; waited += kEndStepMs)
        pg_usleep(kEndStepMs * 1000L);
}

} // namespace

void DefineLockGroupSetting() {
    DefineCustomStringVariable(
        "lifeboat.lock_group", "Given by a backup to its own pg_dump.", nullptr, &setting, "",
        PGC_BACKEND, GUC_NO_SHOW_ALL | GUC_NO_RESET_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
        nullptr, AssignSetting, ShowSetting);
}

// Called in the reverse order of registration, so after InitPostgres' own that ends the
// transaction.
void OutliveLockGroup() {
    Pg([] { before_shmem_exit(AtLeaderExit, 0); });
}

std::string LeadLockGroup() {
    if (Shared() == nullptr) return {};
    Pg([] { BecomeLockGroupLeader(); });
    std::string options = "-c lifeboat.lock_group=" + MembershipOf(MyProc, MyProcPid);
    for (const char* name : kNoWorkers) options += std::string(" -c ") + name + "=0";
    return options;
}

} // namespace lifeboat::pg
