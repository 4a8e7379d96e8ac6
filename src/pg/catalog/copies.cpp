#include "pg/catalog/copies.h"

#include "pg/bridge/encoding.h"
#include "pg/catalog/store_access.h"
#include "pg/shmem.h"

namespace lifeboat::pg {

void WantCopies(const Home& home, const ScheduleRecord& schedule, const std::string& backup_id,
                const std::string& database, const std::string& store) {
    for (const std::string& copy : schedule.copies) {
        if (copy == store) continue;
        Execute(home.Sql("INSERT INTO @.backup_copies (backup_id, store, database, schedule) "
                         "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"),
                {backup_id, copy, database, schedule.name});
    }
}

void ForgetCopies(const Home& home, const std::string& schedule) {
    Execute(home.Sql("UPDATE @.backup_copies k SET retry = false FROM @.backup_schedules s WHERE "
                     "s.name = $1 AND k.schedule = s.name AND k.status <> 'succeeded' AND k.retry "
                     "AND k.store <> ALL (s.copies)"),
            {schedule});
}

void WantCopyAgain(const Home& home, const std::string& backup_id, const std::string& store) {
    const uint64_t wanted = Execute(
        home.Sql("UPDATE @.backup_copies k SET status = 'pending', retry = true, wanted_at = "
                 "clock_timestamp(), attempts = 0, sqlstate = NULL, error = NULL, detail = NULL, "
                 "hint = NULL FROM @.backup_schedules s WHERE k.backup_id = $1 AND k.store = $2 "
                 "AND k.status = 'succeeded' AND s.name = k.schedule AND k.store = ANY (s.copies) "
                 "AND EXISTS (SELECT FROM @.backup_restore_points p WHERE p.backup_id = "
                 "k.backup_id AND p.store <> k.store AND p.status = 'available')"),
        {backup_id, store});
    if (wanted > 0) WakeLauncherAtCommit();
}

void RecordStoreState(const Home& home, const std::string& store, const StoreState& state) {
    const bool reachable = state.error.empty();
    Execute(home.Sql("INSERT INTO @.backup_store_states (store, checked_at, reachable, latency, "
                     "free_bytes, error) SELECT name, clock_timestamp(), $2::boolean, CASE WHEN "
                     "$2::boolean THEN make_interval(secs => $3::double precision) END, "
                     "$4::bigint, $5 FROM @.backup_stores WHERE name = $1 ON CONFLICT (store) DO "
                     "UPDATE SET checked_at = excluded.checked_at, reachable = excluded.reachable, "
                     "latency = excluded.latency, free_bytes = excluded.free_bytes, error = "
                     "excluded.error"),
            {store, std::string(reachable ? "t" : "f"),
             std::to_string(std::chrono::duration<double>(state.latency).count()),
             state.free_bytes ? Value(std::to_string(*state.free_bytes)) : Value(),
             NullIfEmpty(ToLocalEncoding(state.error, "UTF8"))});
}

std::optional<Error> NoteStoreState(const Home& home, Store& store, const StoreRecord& record) {
    StoreState state;
    std::optional<Error> failure;
    const auto began = std::chrono::steady_clock::now();
    try {
        CheckIdentity(store, record);
        state.latency = std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::steady_clock::now() - began);
        state.free_bytes = store.Properties().free_bytes;
    } catch (const ServerError&) {
        throw;
    } catch (const Error& error) {
        if (error.sqlstate().starts_with("57")) throw;
        state.error = error.message();
        failure = error;
    }
    RecordStoreState(home, record.name, state);
    return failure;
}

} // namespace lifeboat::pg
