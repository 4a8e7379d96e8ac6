#include "core/format/copy_announcement.h"

#include "core/base/error.h"

namespace lifeboat {
namespace {

// Looking everything up once more before the commit mark takes less.
constexpr std::chrono::hours kLeastLeft{24};

} // namespace

void CopyAnnouncement::Make() {
    if (!gate_) return Write();
    gate_([this] { Write(); });
}

// It says nothing of the place: only the deadline ends it.
void CopyAnnouncement::Write() {
    const Instant now = Now();
    const Started started{system_identifier_, {}, now, now + kLongestRun};
    to_.Remove(BackupFile(backup_id_, kStartedFile));
    progress_.announced = started; // it may be there although this fails
    WriteStarted(to_, backup_id_, started);
}

bool CopyAnnouncement::IsValid() {
    try {
        const Started started = ReadStarted(to_, backup_id_);
        return started.place.empty() && started.deadline >= Now() + kLeastLeft;
    } catch (const StoreError& error) {
        if (error.fault() != StoreFault::kNotFound) throw;
    } catch (const Error& error) {
        if (error.code() != Errc::Damaged) throw;
    }
    return false;
}

void WithdrawCopy(Store& to, const std::string& backup_id, CopyProgress& progress) noexcept {
    if (!progress.announced) return;
    try {
        Started started = ReadStarted(to, backup_id);
        const Started& ours = *progress.announced;
        if (started.place.empty() && started.at == ours.at && started.deadline == ours.deadline) {
            to.Remove(BackupFile(backup_id, kStartedFile));
            started.deadline = started.at = Now();
            WriteStarted(to, backup_id, started);
        }
        progress.announced.reset();
    } catch (...) { // NOLINT(bugprone-empty-catch): then the deadline ends it
    }
}

} // namespace lifeboat
