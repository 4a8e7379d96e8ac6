// How children (pg_dump, pg_dumpall, …) are told where to connect: by environment variables made
// from nothing, never on the command line, and with the database's name as a plain name: one called
// "host=x port=1" must not redirect them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lifeboat::pg {

// A connection string of keywords and values as libpq reads it ("host=/tmp port=5432
// password='it''s'" with backslash escapes). Throws Error(InvalidValue) for what is malformed, a
// URI, or `dbname`.
std::map<std::string, std::string> ParseConnection(std::string_view connection);

// NAME=value for the child: libpq's variables for `connection`, PGDATABASE, PGAPPNAME, LC_ALL=C and
// nothing inherited. `session_options`: more startup options for its session.
std::vector<std::string> ChildEnvironment(std::string_view connection, std::string_view database,
                                          std::string_view session_options = {});

// dbname='…' for programs that only take a name which libpq may expand (pg_dumpall -l).
std::string QuotedDatabase(std::string_view database);

} // namespace lifeboat::pg
