# shellcheck shell=bash
# lib.sh: what the scripts share: a private server tree, an ordinary user to run servers as, throw-away clusters.
# Sourced, not run. Everything it makes lies in one working directory that the caller removes.
#
# PostgreSQL does not run as root: as root, servers run as the user postgres that Debian's packages bring.
# PG_CONFIG names the server, BUILD the directory where things are built.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$repo/$BUILD ;; esac

if [ -z "${PG_CONFIG:-}" ]; then
    PG_CONFIG=/usr/lib/postgresql/${PG_MAJOR:-15}/bin/pg_config
    [ -x "$PG_CONFIG" ] || PG_CONFIG=$(command -v pg_config || true)
fi
export PG_CONFIG BUILD

if [ "$(id -u)" -eq 0 ]; then server_user=postgres; else server_user=$(id -un); fi

say() { echo "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# Runs a command as the user who owns the servers, in a small environment of its own plus the NAME=VALUE given first.
as_server_user() {
    local clean=(env -i "PATH=${server_path:-/usr/local/bin:/usr/bin:/bin}" "HOME=${work:-/tmp}" "TMPDIR=${TMPDIR:-/tmp}"
        LC_ALL=C.UTF-8 "TERM=${TERM:-dumb}")
    if [ "$(id -u)" -eq 0 ]; then runuser -u "$server_user" -- "${clean[@]}" "$@"; else "${clean[@]}" "$@"; fi
}

# Makes the working directory $work: short path (sockets live in it), owned by the server's user.
make_workdir() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/lifeboat-$1.XXXXXX")
    chmod 755 "$work"
    if [ "$(id -u)" -eq 0 ]; then chown "$server_user" "$work"; fi
}

# Copies the server's programs and links the rest of it into $1, then installs extension and command line there, so that
# the server's own directories stay untouched. A server finds its directories relative to its own real path, hence the
# copy. Sets $tree_bin; $server_path begins with it.
private_tree() {
    local tree=$1 bin lib share entry
    bin=$("$PG_CONFIG" --bindir) lib=$("$PG_CONFIG" --pkglibdir) share=$("$PG_CONFIG" --sharedir)
    mkdir -p "$tree$bin" "$tree$lib" "$tree$share/extension"
    cp -a "$bin/." "$tree$bin"
    for entry in "$lib"/* "$share"/* "$share"/extension/*; do
        case $entry in
            "$share/extension" | */pg_lifeboat | */pg_lifeboat.* | */pg_lifeboat--*) ;;
            *) ln -sfn "$entry" "$tree$entry" ;;
        esac
    done
    (unset PGHOST PGPORT MAKEFLAGS MAKELEVEL
        make -s -C "$repo" install PG_CONFIG="$PG_CONFIG" BUILD="$BUILD" DESTDIR="$tree" with_llvm=no) >"$tree/install.log" 2>&1 ||
        { cat "$tree/install.log" >&2; die "could not install into the private server tree $tree"; }
    use_tree "$tree"
}

use_tree() {
    tree_bin=$1$("$PG_CONFIG" --bindir)
    server_path=$tree_bin:/usr/local/bin:/usr/bin:/bin
}

# start_cluster DIR [SETTING=VALUE ...]: initdb and start in DIR/data, socket in DIR, extension preloaded. Settings go to
# postgresql.conf as they are. The superuser is named as the operating system's user; local connections are trusted
# because DIR is closed to others. Exports PGHOST, PGPORT, PGUSER.
start_cluster() {
    local dir=$1 setting
    shift
    mkdir -p "$dir"
    if [ "$(id -u)" -eq 0 ]; then chown "$server_user" "$dir"; fi
    chmod 700 "$dir"
    PGHOST=$(cd "$dir" && pwd) PGPORT=${PGPORT:-21432} PGUSER=$server_user
    export PGHOST PGPORT PGUSER
    as_server_user initdb -D "$PGHOST/data" --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$dir.initdb.log" 2>&1 ||
        { cat "$dir.initdb.log" >&2; die "initdb failed"; }
    {
        echo "unix_socket_directories = '$PGHOST'"
        echo "listen_addresses = ''"
        echo "port = $PGPORT"
        echo "shared_preload_libraries = 'pg_lifeboat'"
        echo "log_line_prefix = '%m [%p] %b %q%u@%d '"
        for setting in "$@"; do echo "${setting%%=*} = ${setting#*=}"; done
    } | as_server_user sh -c 'cat >>"$1"' sh "$PGHOST/data/postgresql.conf"
    as_server_user pg_ctl -D "$PGHOST/data" -l "$PGHOST/server.log" -w -t 60 start >/dev/null 2>&1 ||
        { tail -n 20 "$PGHOST/server.log" >&2; die "the server in $PGHOST did not start"; }
}

stop_cluster() {
    [ -e "$1/data/postmaster.pid" ] || return 0
    as_server_user pg_ctl -D "$1/data" -m fast -w -t 30 stop >/dev/null 2>&1 ||
        as_server_user pg_ctl -D "$1/data" -m immediate -w -t 10 stop >/dev/null 2>&1 || true
}

# Stops every server below $work, whoever started it, and removes $work.
remove_workdir() {
    local pidfile
    [ -n "${work:-}" ] && [ -d "$work" ] || return 0
    while IFS= read -r pidfile; do
        stop_cluster "$(dirname "$(dirname "$pidfile")")"
        [ ! -e "$pidfile" ] || kill -QUIT "$(head -n 1 "$pidfile")" 2>/dev/null || true
    done < <(find "$work" -name postmaster.pid 2>/dev/null)
    rm -rf --one-file-system "$work"
}
