#!/bin/bash
# dev.sh: psql on a throw-away server with the extension created; server and data are gone when psql ends.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
make_workdir dev
trap remove_workdir EXIT
trap 'exit 130' INT TERM HUP
private_tree "$work/tree"
start_cluster "$work/server"
as_server_user mkdir -m 700 "$work/store"
export PATH=$server_path:$PATH
psql -X -q -v ON_ERROR_STOP=1 -d postgres -c 'CREATE EXTENSION pg_lifeboat' -c 'CREATE DATABASE app'
if [ -t 0 ]; then
    cat >&2 <<EOF
A throw-away server: gone when you leave psql. The control database is postgres, an empty database app is there too.
    \\i and \\! work; a directory for a store:  file://$work/store
    server log:                               $PGHOST/server.log
EOF
fi
trap '' INT # psql handles it
psql -d postgres "$@"
