#!/bin/bash
# throwaway.sh start DIR [SETTING=VALUE ...]: a server in DIR (new or empty) from a private tree in DIR/tree, with the
#                                             extension loaded; prints the lines that point psql and lifeboat to it.
# throwaway.sh stop DIR:                      stops it and removes DIR.
# Sockets only (DIR/server); TCP too with listen_addresses=127.0.0.1 port=21433. PGPORT chooses the port.
set -euo pipefail
usage() { sed -n '2,5s/^# //p' "$0" >&2; exit 1; }
[ $# -ge 2 ] || usage
. "$(dirname "$0")/lib.sh"
verb=$1 dir=$2
shift 2
case $verb in
    start)
        mkdir -p "$dir"
        work=$(cd "$dir" && pwd)
        if [ "$(id -u)" -eq 0 ]; then chown "$server_user" "$work"; fi
        private_tree "$work/tree"
        start_cluster "$work/server" "$@"
        printf 'export PGHOST=%q PGPORT=%q PGUSER=%q PATH=%q:"$PATH"\n' "$PGHOST" "$PGPORT" "$PGUSER" "$tree_bin"
        ;;
    stop)
        [ -d "$dir/tree" ] || die "$dir: not made by throwaway.sh start"
        work=$(cd "$dir" && pwd)
        use_tree "$work/tree"
        remove_workdir
        ;;
    *) usage ;;
esac
