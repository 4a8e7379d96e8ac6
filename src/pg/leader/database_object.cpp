#include "pg/leader/database_object.h"

#include "pg/bridge/query.h"
#include "pg/compat.h"
#include "pg/scan/sql_text.h"

namespace lifeboat::pg {
namespace {

constexpr const char* kName = R"(:"db")";

struct Properties {
    std::string encoding, provider, collate, ctype, locale, icu_rules, tablespace, owner, comment,
        connection_limit;
    bool is_template = false;
    bool has_acl = false;
};

Properties ReadProperties() {
    const Rows rows =
        Query(std::string(
                  "SELECT pg_encoding_to_char(encoding), datlocprovider, datcollate, datctype, ") +
                  kDatabaseLocaleColumn + ", " + kDatabaseIcuRulesColumn +
                  ", (SELECT spcname FROM pg_tablespace t WHERE t.oid = dattablespace), "
                  "pg_get_userbyid(datdba),"
                  " shobj_description(d.oid, 'pg_database'), datconnlimit, datistemplate, datacl "
                  "IS NOT NULL"
                  " FROM pg_database d WHERE d.oid = $1::oid",
              {std::to_string(MyDatabaseId)}, true);
    const Row& row = rows[0];
    Properties properties;
    std::string* const texts[] = {&properties.encoding,   &properties.provider,
                                  &properties.collate,    &properties.ctype,
                                  &properties.locale,     &properties.icu_rules,
                                  &properties.tablespace, &properties.owner,
                                  &properties.comment,    &properties.connection_limit};
    for (size_t i = 0; i < std::size(texts); ++i) *texts[i] = row[i].value_or("");
    properties.is_template = row[10] == "t";
    properties.has_acl = row[11] == "t";
    return properties;
}

std::string CreateStatement(const Properties& properties) {
    std::string sql = std::string("CREATE DATABASE ") + kName +
                      " WITH TEMPLATE = template0 ENCODING = " + LineLiteral(properties.encoding);
    if (properties.provider == "i") {
        sql += " LOCALE_PROVIDER = icu ICU_LOCALE = " + LineLiteral(properties.locale);
        if (!properties.icu_rules.empty())
            sql += " ICU_RULES = " + LineLiteral(properties.icu_rules);
    } else if (properties.provider == "b") {
        sql += " LOCALE_PROVIDER = builtin BUILTIN_LOCALE = " + LineLiteral(properties.locale);
    } else {
        sql += " LOCALE_PROVIDER = libc";
    }
    sql += " LC_COLLATE = " + LineLiteral(properties.collate) +
           " LC_CTYPE = " + LineLiteral(properties.ctype);
    if (properties.tablespace != "pg_default")
        sql += " TABLESPACE = " + LineIdentifier(properties.tablespace);
    return sql;
}

void AddLabels(SqlObject& object) {
    const Rows rows = Query(
        "SELECT provider, label FROM pg_shseclabel WHERE classoid = 'pg_database'::regclass AND "
        "objoid = $1::oid"
        " ORDER BY provider",
        {std::to_string(MyDatabaseId)}, true);
    for (const Row& row : rows) {
        object.Statement("SECURITY LABEL FOR " + LineIdentifier(row[0].value_or("")) +
                         " ON DATABASE " + kName + " IS " + LineLiteral(row[1].value_or("")));
    }
}

void AddPrivileges(SqlObject& object, const std::string& owner) {
    const std::string target = std::string("DATABASE ") + kName;
    object.Statement("REVOKE ALL ON " + target + " FROM PUBLIC");
    object.Statement("REVOKE ALL ON " + target + " FROM " + LineIdentifier(owner));
    const Rows rows = Query(
        "SELECT pg_get_userbyid(a.grantor), CASE WHEN a.grantee <> 0 THEN "
        "pg_get_userbyid(a.grantee) END,"
        " string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), a.is_grantable"
        " FROM pg_database d, ROWS FROM (aclexplode(d.datacl)) WITH ORDINALITY"
        " AS a(grantor, grantee, privilege_type, is_grantable, n) WHERE d.oid = $1::oid"
        " GROUP BY a.grantor, a.grantee, a.is_grantable"
        " ORDER BY a.grantor <> max(d.datdba::oid), min(a.n)",
        {std::to_string(MyDatabaseId)}, true);
    for (const Row& row : rows) {
        const Grant grant{row[0].value_or(""), row[1], row[2].value_or(""), row[3] == "t"};
        for (const std::string& statement : GrantStatements(grant, target, owner))
            object.Statement(statement);
    }
}

// Settings that hold a list of identifiers: their stored text is the list, quoted as identifiers.
bool IsListSetting(std::string_view name) {
    constexpr std::string_view kLists[] = {"local_preload_libraries",   "search_path",
                                           "session_preload_libraries", "shared_preload_libraries",
                                           "temp_tablespaces",          "unix_socket_directories"};
    return std::find(std::begin(kLists), std::end(kLists), name) != std::end(kLists);
}

// "a, "B c"" → 'a', 'B c'
std::string ListLiteral(std::string_view list) {
    std::string literals;
    std::string item;
    bool quoted = false;
    const auto add = [&] {
        literals += (literals.empty() ? "" : ", ") + LineLiteral(item);
        item.clear();
    };
    for (size_t i = 0; i < list.size(); ++i) {
        const char c = list[i];
        if (c == '"') {
            if (quoted && i + 1 < list.size() && list[i + 1] == '"')
                item += list[++i];
            else
                quoted = !quoted;
        } else if (!quoted && c == ',') {
            add();
        } else if (quoted || c != ' ') {
            item += c;
        }
    }
    add();
    return literals;
}

// For the whole database, then for roles in it.
void AddSettings(SqlObject& object) {
    const Rows rows = Query(
        "SELECT CASE WHEN s.setrole <> 0 THEN pg_get_userbyid(s.setrole) END, c.setting"
        " FROM pg_db_role_setting s, unnest(s.setconfig) WITH ORDINALITY AS c(setting, n)"
        " WHERE s.setdatabase = $1::oid ORDER BY s.setrole <> 0, 1, c.n",
        {std::to_string(MyDatabaseId)}, true);
    for (const Row& row : rows) {
        const std::string setting = row[1].value_or("");
        const size_t equals = std::min(setting.find('='), setting.size());
        const std::string name = setting.substr(0, equals);
        const std::string value = setting.substr(std::min(equals + 1, setting.size()));
        const std::string target = row[0]
                                       ? "ROLE " + LineIdentifier(*row[0]) + " IN DATABASE " + kName
                                       : std::string("DATABASE ") + kName;
        object.Statement("ALTER " + target + " SET " + LineIdentifier(name) + " TO " +
                         (IsListSetting(name) ? ListLiteral(value) : LineLiteral(value)));
    }
}

std::vector<std::string> Column(const std::string& sql) {
    std::vector<std::string> values;
    for (const Row& row : Query(sql, {std::to_string(MyDatabaseId)}, true))
        values.push_back(row[0].value_or(""));
    return values;
}

} // namespace

ObjectRecord StreamDatabase(const ObjectContext& context) {
    const Properties properties = ReadProperties();
    SqlObject object(context, ObjectKind::kDatabase);
    object.Statement(CreateStatement(properties));
    object.Statement(std::string("ALTER DATABASE ") + kName + " OWNER TO " +
                     LineIdentifier(properties.owner));
    if (!properties.comment.empty()) {
        object.Statement(std::string("COMMENT ON DATABASE ") + kName + " IS " +
                         LineLiteral(properties.comment));
    }
    AddLabels(object);
    if (properties.has_acl) AddPrivileges(object, properties.owner);
    AddSettings(object);
    if (properties.connection_limit != "-1") {
        object.Statement(std::string("ALTER DATABASE ") + kName +
                         " CONNECTION LIMIT = " + properties.connection_limit);
    }
    if (properties.is_template) {
        object.Statement(std::string("ALTER DATABASE ") + kName + " IS_TEMPLATE = true");
    }
    return std::move(object.Finish().front());
}

std::vector<std::string> ReferencedRoles() {
    // The bootstrap superuser is pinned: pg_shdepend does not mention it, so its objects are looked
    // for.
    return Column(R"(
SELECT r.rolname FROM pg_roles r
WHERE r.oid IN (
    SELECT refobjid FROM pg_shdepend
    WHERE refclassid = 'pg_authid'::regclass
      AND (dbid = $1::oid OR dbid = 0 AND classid = 'pg_database'::regclass AND objid = $1::oid)
    UNION SELECT setrole FROM pg_db_role_setting WHERE setdatabase = $1::oid
    UNION SELECT datdba FROM pg_database WHERE oid = $1::oid
    UNION SELECT relowner FROM pg_class WHERE oid >= 16384
    UNION SELECT proowner FROM pg_proc WHERE oid >= 16384
    UNION SELECT typowner FROM pg_type WHERE oid >= 16384
    UNION SELECT nspowner FROM pg_namespace WHERE oid >= 16384
    UNION SELECT oprowner FROM pg_operator WHERE oid >= 16384
    UNION SELECT opcowner FROM pg_opclass WHERE oid >= 16384
    UNION SELECT collowner FROM pg_collation WHERE oid >= 16384
    UNION SELECT conowner FROM pg_conversion WHERE oid >= 16384
    UNION SELECT lanowner FROM pg_language WHERE oid >= 16384
    UNION SELECT extowner FROM pg_extension WHERE oid >= 16384
    UNION SELECT fdwowner FROM pg_foreign_data_wrapper UNION SELECT srvowner FROM pg_foreign_server
    UNION SELECT evtowner FROM pg_event_trigger UNION SELECT pubowner FROM pg_publication
    UNION SELECT cfgowner FROM pg_ts_config WHERE oid >= 16384
    UNION SELECT dictowner FROM pg_ts_dict WHERE oid >= 16384
    UNION SELECT stxowner FROM pg_statistic_ext UNION SELECT lomowner FROM pg_largeobject_metadata)
  AND r.rolname !~ '^pg_'
ORDER BY r.rolname COLLATE "C")");
}

std::vector<std::string> ReferencedTablespaces() {
    return Column(R"(
SELECT t.spcname FROM pg_tablespace t
WHERE t.oid IN (SELECT reltablespace FROM pg_class WHERE reltablespace <> 0 AND oid >= 16384)
   OR t.oid IN (SELECT refobjid FROM pg_shdepend
                WHERE dbid = $1::oid AND refclassid = 'pg_tablespace'::regclass)
   OR t.oid = (SELECT dattablespace FROM pg_database WHERE oid = $1::oid)
      AND t.spcname <> 'pg_default'
ORDER BY t.spcname COLLATE "C")");
}

} // namespace lifeboat::pg
