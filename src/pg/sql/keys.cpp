// backup_create_key, backup_drop_key, backup_check_key, backup_rotate_key.
#include "core/base/count.h"
#include "core/format/key_rotation.h"
#include "pg/catalog/names.h"
#include "pg/catalog/rights.h"
#include "pg/sql/call.h"
#include "pg/sql/key_material.h"

extern "C" {
PG_FUNCTION_INFO_V1(lifeboat_create_key);
PG_FUNCTION_INFO_V1(lifeboat_drop_key);
PG_FUNCTION_INFO_V1(lifeboat_check_key);
PG_FUNCTION_INFO_V1(lifeboat_rotate_key);
PGDLLEXPORT Datum lifeboat_create_key(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_drop_key(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_check_key(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_rotate_key(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

void Warn(const std::string& message, const std::string& detail) {
    Pg([&] {
        ereport(WARNING,
                (errmsg_internal("%s", message.c_str()), errdetail_internal("%s", detail.c_str())));
    });
}

struct KeyArguments {
    std::vector<std::string> recipients;
    Value secret;
    Value signer;

    void RequireRights(Oid caller) const {
        for (const std::string& recipient : recipients) {
            RequireSourceRights(caller, recipient, "recipient");
        }
        if (secret) RequireSourceRights(caller, *secret, "secret");
        if (signer) RequireSourceRights(caller, *signer, "signer");
    }
};

void WarnOfWeakness(const std::string& name, const KeyMaterial& material) {
    if (material.recipients.empty()) {
        Warn("key \"" + name + "\" has no recovery certificate",
             "Only this server's secret opens its backups: lose it, lose the backups. Make a "
             "certificate with \"lifeboat keygen\".");
    }
    if (!material.signer) {
        Warn("key \"" + name + "\" has no signer",
             "Whoever can write to the store could forge a backup.");
    }
}

void ClearDefault(const Home& home) {
    Execute(home.Sql("UPDATE @.backup_keys SET is_default = false WHERE is_default"));
}

Datum CreateKey(const Call& call) {
    const Home home = RequireHome();
    const std::string name = CheckName(call.Text(0, "key name"), "key name");
    const KeyArguments given{call.TextArray(1, "recipients"), call.Get(2), call.Get(3)};
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    given.RequireRights(caller);
    if (FindKey(home, name)) {
        throw Error(Errc::Duplicate, "key \"" + name + "\" exists already", "",
                    "To change it, call backup_rotate_key.");
    }
    if (given.recipients.empty() && !given.secret) {
        throw Error(Errc::InvalidValue, "a key needs recipients or a secret",
                    "Without both nobody could ever read a backup.",
                    "Make them with: lifeboat keygen DIR");
    }
    ServerInterrupt interrupt;
    KeyMaterial material;
    material.recipients = ReadRecipients(given.recipients);
    if (given.secret) material.secret = ReadServerSecret(*given.secret, interrupt);
    if (given.signer) material.signer = ReadSigner(*given.signer, interrupt);
    ProveMaterial(material);
    const std::optional<SignerPublic> signer =
        material.signer ? std::optional(material.signer->Public()) : std::nullopt;
    if (call.Bool(4)) ClearDefault(home);
    Execute(home.Sql("INSERT INTO @.backup_keys (name, recipients, fingerprints, secret, signer, "
                     "signer_public, signer_id, trusted_signers, is_default, created_by) VALUES "
                     "($1, $2::text[], $3::text[], $4, $5, $6, $7, $8::text[], $9::boolean OR NOT "
                     "EXISTS (SELECT FROM @.backup_keys WHERE is_default), $10::oid)"),
            {name, ArrayLiteral(material.Pems()), ArrayLiteral(material.Fingerprints()),
             given.secret, given.signer, signer ? Value(signer->pem()) : Value(),
             signer ? Value(HexId(signer->id())) : Value(),
             ArrayLiteral(signer ? std::vector{signer->pem()} : std::vector<std::string>{}),
             BoolText(call.Bool(4)), std::to_string(caller)});
    AddEvent(home, RoleName(caller), "key.create", name,
             {{"recipients", std::to_string(material.recipients.size())},
              {"secret", given.secret},
              {"signer", given.signer}});
    WarnOfWeakness(name, material);
    return Datum{0};
}

Datum DropKey(const Call& call) {
    const Home home = RequireHome();
    const std::string name = call.Text(0, "key name");
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const KeyRecord key = LoadKey(home, name);
    RequireCreator(caller, key.created_by, "key", name);
    const Value schedules =
        QueryValue(home.Sql("SELECT string_agg(format('\"%s\"', name), ', ' ORDER BY name) FROM "
                            "@.backup_schedules WHERE key = $1"),
                   {name});
    const Value backups = QueryValue(
        home.Sql(
            "SELECT nullif(count(*), 0) FROM @.backup_restore_points WHERE key = $1 AND status "
            "<> 'deleted'"),
        {name});
    if (schedules || backups) {
        throw Error(
            Errc::WrongState,
            "key \"" + name + "\" is needed" +
                (backups ? " by " + Count(std::stoull(*backups), "backup") : "") +
                (backups && schedules ? " and" : "") +
                (schedules ? " by schedules " + *schedules : ""),
            "Without the key their backups could not be read or trusted.",
            backups ? "SELECT backup_id FROM backup_catalog WHERE key = " + QuoteLiteral(name) + ";"
                    : "Give them another key with backup_alter_schedule, or drop them.");
    }
    Execute(home.Sql("DELETE FROM @.backup_keys WHERE name = $1"), {name});
    AddEvent(home, RoleName(caller), "key.drop", name);
    return Datum{0};
}

// One step whose failure is a row, not an error.
template <class Body>
bool Try(ResultSet& result, const char* step, Body&& body) {
    try {
        body();
        return true;
    } catch (const ServerError&) {
        throw;
    } catch (const Error& error) {
        std::string detail = error.message();
        for (const std::string* more : {&error.detail(), &error.hint()}) {
            if (!more->empty()) detail += ". " + *more;
        }
        result.Add({step, BoolText(false), detail});
        return false;
    }
}

Datum CheckKey(const Call& call) {
    const Home home = RequireHome();
    const std::string name = call.Text(0, "key name");
    ResultSet result(call.info());
    RoleScope as_owner(home.owner);
    const KeyRecord key = LoadKey(home, name);
    RequireKeyUse(key);
    ServerInterrupt interrupt;
    KeyMaterial material;
    const bool recipients =
        Try(result, "recipients", [&] { material.recipients = Certificates(key); });
    const bool secret =
        Try(result, "secret", [&] { material.secret = ServerSecret(key, interrupt); });
    const bool signer = Try(result, "signer", [&] {
        material.signer = Signer(key, interrupt);
        if (material.signer) RequireSigner(key, *material.signer);
    });
    for (const KeyStep& step : ProbeMaterial(material)) {
        const bool read = step.step == "recipients" ? recipients
                          : step.step == "secret"   ? secret
                                                    : signer;
        if (read) result.Add({step.step, BoolText(step.ok), step.detail});
    }
    return result.Done();
}

// The key files of every backup that was made with the key.
void RewriteKeyFiles(const Home& home, const KeyRecord& old, const KeyMaterial& material,
                     Interrupt& interrupt) {
    const Rows rows =
        Query(home.Sql("SELECT DISTINCT store, unnest(key_ids) FROM "
                       "@.backup_restore_points WHERE key = $1 AND status <> 'deleted' "
                       "ORDER BY 1"),
              {old.name});
    if (rows.empty()) return;
    if (!old.secret) {
        throw Error(
            Errc::WrongState,
            "this server cannot rewrite the key files of key \"" + old.name + "\"",
            "The key has no server secret, so the server cannot read what it would write anew.",
            "Create another key with backup_create_key for the backups to come.");
    }
    const Key old_secret = ReadServerSecret(*old.secret, interrupt);
    for (const Row& row : rows) {
        const StoreRecord record = LoadStore(home, *row[0]);
        const std::unique_ptr<Store> store = OpenRecorded(record, interrupt);
        CheckIdentity(*store, record);
        Keyring ring(*store);
        ring.AddServerSecret(old_secret);
        // A rotation that was rolled back has left files under the new one.
        if (material.secret) ring.AddServerSecret(*material.secret);
        const auto bytes = FromHex(*row[1]);
        KeyId id{};
        if (!bytes || bytes->size() != id.size()) continue;
        std::copy(bytes->begin(), bytes->end(), id.begin());
        RotateRunKey(*store, ring.Find(id), material.recipients, material.secret);
    }
}

Datum RotateKey(const Call& call) {
    const Home home = RequireHome();
    const std::string name = call.Text(0, "key name");
    const bool new_recipients = !call.IsNull(1);
    const KeyArguments given{call.TextArray(1, "recipients"), call.Get(2), call.Get(3)};
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const KeyRecord old = LoadKey(home, name);
    RequireCreator(caller, old.created_by, "key", name);
    given.RequireRights(caller);
    ServerInterrupt interrupt;
    KeyMaterial material;
    material.recipients = new_recipients ? ReadRecipients(given.recipients) : Certificates(old);
    const Value secret = given.secret ? given.secret : old.secret;
    const Value signer_source = given.signer ? given.signer : old.signer;
    if (secret) material.secret = ReadServerSecret(*secret, interrupt);
    if (signer_source) material.signer = ReadSigner(*signer_source, interrupt);
    if (material.recipients.empty() && !secret) {
        throw Error(Errc::InvalidValue, "a key needs recipients or a secret");
    }
    ProveMaterial(material);
    if (new_recipients || given.secret) RewriteKeyFiles(home, old, material, interrupt);
    const std::optional<SignerPublic> signer =
        material.signer ? std::optional(material.signer->Public()) : std::nullopt;
    std::vector<std::string> trusted = old.trusted_signers;
    if (signer && std::find(trusted.begin(), trusted.end(), signer->pem()) == trusted.end()) {
        trusted.push_back(signer->pem());
    }
    Execute(home.Sql("UPDATE @.backup_keys SET recipients = $2::text[], fingerprints = $3::text[], "
                     "secret = $4, signer = $5, signer_public = $6, signer_id = $7, "
                     "trusted_signers = $8::text[], rotated_at = now(), created_by = CASE WHEN "
                     "$9::boolean THEN created_by ELSE $10::oid::regrole END WHERE name = $1"),
            {name, ArrayLiteral(material.Pems()), ArrayLiteral(material.Fingerprints()), secret,
             signer_source, signer ? Value(signer->pem()) : Value(),
             signer ? Value(HexId(signer->id())) : Value(), ArrayLiteral(trusted),
             BoolText(RoleExists(old.created_by)), std::to_string(caller)});
    AddEvent(home, RoleName(caller), "key.rotate", name,
             {{"secret", given.secret}, {"signer", given.signer}});
    WarnOfWeakness(name, material);
    return Datum{0};
}

} // namespace
} // namespace lifeboat::pg

using lifeboat::pg::Boundary;
using lifeboat::pg::Call;

Datum lifeboat_create_key(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::CreateKey(Call(fcinfo)); });
}
Datum lifeboat_drop_key(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::DropKey(Call(fcinfo)); });
}
Datum lifeboat_check_key(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::CheckKey(Call(fcinfo)); });
}
Datum lifeboat_rotate_key(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::RotateKey(Call(fcinfo)); });
}
