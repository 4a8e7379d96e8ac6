#include "pg/leader/snapshot.h"

#include <gnu/libc-version.h>

#include "pg/bridge/query.h"
#include "pg/compat.h"
#include "pg/samples.h"

extern "C" {
#include <access/xlog.h>
#include <catalog/pg_control.h>
#include <common/controldata_utils.h>
#include <mb/pg_wchar.h>
#include <utils/guc.h>
#include <utils/snapmgr.h>
#include <utils/timestamp.h>
}

namespace lifeboat::pg {
namespace {

struct Setting {
    const char* name;
    const char* value;
    bool recorded; // shapes the text of rows: a reader must set it too
};

constexpr Setting kSettings[] = {
    {"DateStyle", "ISO, YMD", true},
    {"IntervalStyle", "postgres", true},
    {"TimeZone", "UTC", true},
    {"extra_float_digits", "3", true},
    {"bytea_output", "hex", true},
    {"xmlbinary", "base64", true},
    {"quote_all_identifiers", "off", true},
    {"search_path", "", true},
    {"row_security", "off", false},
    {"statement_timeout", "0", false},
    {"idle_in_transaction_session_timeout", "0", false},
    {"transaction_timeout", "0", false},
    {"synchronize_seqscans", "off", false},
    {"standard_conforming_strings", "on", false},
    {"restrict_nonsystem_relation_kind", "view, foreign-table", false},
    {"jit", "off", false},
    {"max_parallel_workers_per_gather", "0", false},
    {"default_transaction_deferrable", "off", false},
};
// Kept as the database has it (a restored value means the same only under the same locale) and
// recorded.
constexpr const char* kMoneyLocale = "lc_monetary";

std::string CurrentSetting(const char* name) {
    const char* value = Pg([name] { return GetConfigOption(name, true, false); });
    return value == nullptr ? std::string() : std::string(value);
}

std::string LsnText(XLogRecPtr lsn) {
    char text[32];
    std::snprintf(text, sizeof(text), "%X/%X", static_cast<unsigned>(lsn >> 32U),
                  static_cast<unsigned>(lsn));
    return text;
}

// The newest sampled position that everything the snapshot leaves open comes after. The last
// checkpoint is a sample as well.
std::string ChooseLref(uint64_t xmin) {
    XLogRecPtr best = InvalidXLogRecPtr;
    const FullTransactionId limit = FullTransactionIdFromU64(xmin);
    XLogRecPtr sampled = InvalidXLogRecPtr;
    if (Pg([&] { return NewestSampleBefore(limit, &sampled); })) best = sampled;
    const CheckPoint checkpoint = Pg([] {
        bool crc_ok = false;
        ControlFileData* control = get_controlfile(DataDir, &crc_ok);
        const CheckPoint copy = control->checkPointCopy;
        pfree(control);
        return crc_ok ? copy : CheckPoint{};
    });
    if (checkpoint.redo > best && U64FromFullTransactionId(checkpoint.nextXid) <= xmin)
        best = checkpoint.redo;
    return best == InvalidXLogRecPtr ? std::string() : LsnText(best);
}

std::map<std::string, std::string> RecordedSettings() {
    std::map<std::string, std::string> settings;
    for (const Setting& setting : kSettings) {
        if (setting.recorded) settings[setting.name] = CurrentSetting(setting.name);
    }
    settings[kMoneyLocale] = CurrentSetting(kMoneyLocale);
    return settings;
}

ClusterInfo DescribeServer() {
    ClusterInfo cluster;
    cluster.system_identifier = std::to_string(GetSystemIdentifier());
    cluster.timeline = Pg([] { return GetWALInsertionTimeLine(); });
    cluster.server_version = CurrentSetting("server_version");
    cluster.server_version_num = PG_VERSION_NUM;
    return cluster;
}

DatabaseInfo DescribeDatabase() {
    const Rows rows = Query(
        std::string(
            "SELECT datname, pg_encoding_to_char(encoding),"
            " CASE datlocprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin'"
            " ELSE datlocprovider::text END, datcollate, datctype, ") +
            kDatabaseLocaleColumn + ", datcollversion FROM pg_database WHERE oid = $1::oid",
        {std::to_string(MyDatabaseId)}, true);
    const Row& row = rows[0];
    return {MyDatabaseId,        row[0].value_or(""), row[1].value_or(""), row[2].value_or(""),
            row[3].value_or(""), row[4].value_or(""), row[5].value_or(""), row[6].value_or("")};
}

std::vector<VersionedName> NamesWithVersions(const std::string& sql) {
    std::vector<VersionedName> names;
    for (const Row& row : Query(sql, {}, true))
        names.push_back({row[0].value_or(""), row[1].value_or("")});
    return names;
}

} // namespace

void SetSetting(const char* name, const char* value) {
    Pg([name, value] {
        if (GetConfigOption(name, true, false) == nullptr) return; // not one of this server version
        (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SET, true, 0,
                                false);
    });
}

void PinSession(int lock_patience_ms) {
    for (const Setting& setting : kSettings) SetSetting(setting.name, setting.value);
    SetSetting("lock_timeout", std::to_string(lock_patience_ms).c_str());
}

SnapshotTransaction::SnapshotTransaction() {
    XactIsoLevel = XACT_REPEATABLE_READ;
    XactReadOnly = true;
}

void SnapshotTransaction::Commit() {
    Pg([] {
        while (ActiveSnapshotSet()) PopActiveSnapshot();
    });
    transaction_.Commit();
}

BackupSnapshot TakeSnapshot() {
    if (FirstSnapshotSet) {
        throw Error(Errc::Internal, "the snapshot was taken before the locks");
    }
    BackupSnapshot snapshot;
    const XLogRecPtr lsn = Pg([] {
        PushActiveSnapshot(GetTransactionSnapshot());
        return GetXLogInsertRecPtr();
    });
    snapshot.at = Now();
    snapshot.lsn = LsnText(lsn);
    const Rows rows = Query(
        "SELECT pg_snapshot_xmin(s), pg_snapshot_xmax(s), pg_export_snapshot() FROM "
        "pg_current_snapshot() AS s",
        {}, true);
    snapshot.xmin = rows[0][0].value_or("");
    snapshot.xmax = rows[0][1].value_or("");
    snapshot.exported = rows[0][2].value_or("");
    snapshot.lref = ChooseLref(std::stoull(snapshot.xmin));
    return snapshot;
}

SnapshotMessage DescribeCluster(const BackupSnapshot& snapshot) {
    SnapshotMessage message;
    message.at = snapshot.at;
    message.lsn = snapshot.lsn;
    message.xmin = snapshot.xmin;
    message.xmax = snapshot.xmax;
    message.lref = snapshot.lref;
    message.cluster = DescribeServer();
    message.database = DescribeDatabase();
    message.extensions =
        NamesWithVersions("SELECT extname, extversion FROM pg_extension ORDER BY extname");
    message.collation_providers = NamesWithVersions(
        "SELECT 'icu', collversion FROM pg_collation WHERE collprovider = 'i' AND collversion IS "
        "NOT NULL"
        " ORDER BY oid LIMIT 1");
    message.collation_providers.insert(message.collation_providers.begin(),
                                       {"libc", gnu_get_libc_version()});
    message.settings = RecordedSettings();
    return message;
}

} // namespace lifeboat::pg
