#!/bin/bash
# reference.sh [FILE]: writes docs/reference.md (or FILE) from the comments in the extension, on a throw-away server.
# `make build` comes first.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
target=${1:-$repo/docs/reference.md}
make_workdir reference
trap remove_workdir EXIT
private_tree "$work/tree"
start_cluster "$work/server"
as_server_user PGHOST="$PGHOST" PGPORT="$PGPORT" psql -X -q -d postgres -c 'CREATE EXTENSION pg_lifeboat'
as_server_user PGHOST="$PGHOST" PGPORT="$PGPORT" psql -X -A -t -q -d postgres -f - <"$repo/scripts/reference.sql" >"$target"
say "written: $target"
