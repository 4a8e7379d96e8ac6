// The settings `lifeboat.*` (gucs.cpp), as the rest of the module reads them.
#pragma once

#include "pg/postgres.h"

namespace lifeboat::pg {

void DefineSettings();

std::string ControlDatabase();
int MaxConcurrentRuns();
int DefaultWorkers();
uint64_t SegmentBytes();
// 0 to 19, for nice(2).
int WorkerNice();
// Where pg_dump, pg_restore, psql and lifeboat are: the setting, or the server's own directory.
std::string BinDirectory();
// For children, without dbname, user and secrets on a command line: the setting, or this server's
// first socket directory (else localhost) and port.
std::string ChildConnection();
// Whether the setting names a user; the default connection leaves it to the caller.
bool ChildConnectionIsSet();
// URL prefixes, as written.
std::vector<std::string> AllowedStores();

} // namespace lifeboat::pg
