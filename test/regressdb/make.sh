#!/bin/bash
# make.sh: PostgreSQL's own regression database, a database that nobody here designed: 693 tables of every kind.
#
#   make.sh fetch          downloads PostgreSQL's source package, compiles regress.so; prints the directory (kept, reused)
#   make.sh load [DIR]     fills database regression of the running server that PGHOST, PGPORT, PGUSER name from that
#                          directory: 30 s. Any user who may read it. Output goes to OUT (a new temporary directory).
#
# The directory is LIFEBOAT_REGRESSDB, or regressdb in BUILD. Package lists of its own are used for the source package:
# the machine's apt configuration stays as it is, and no rights are needed.
set -euo pipefail
. "$(dirname "$0")/../../scripts/lib.sh"
major=$("$PG_CONFIG" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
cache=${LIFEBOAT_REGRESSDB:-$BUILD/regressdb}/$major

fetch() {
    [ -e "$cache/complete" ] && return
    local mirror codename lists=$cache/apt source
    mkdir -p "$lists/state" "$lists/archives/partial" "$cache/source"
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
    [ -n "$mirror" ] || die "apt knows no package archive to take postgresql-$major's source from"
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $codename main" >"$lists/sources.list"
    local apt=(apt-get -q -o "Dir::Etc::SourceList=$lists/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$lists/state" -o "Dir::Cache=$lists" -o APT::Sandbox::User=root)
    (cd "$cache" && "${apt[@]}" update && "${apt[@]}" source --download-only --only-source "postgresql-$major") \
        >"$cache/apt.log" 2>&1 || { cat "$cache/apt.log" >&2; die "no source package of postgresql-$major"; }
    source=$(ls "$cache"/postgresql-"$major"_*.orig.tar.*[!c])
    tar -xf "$source" -C "$cache/source" --strip-components=1 --wildcards '*/src/test/regress/*'
    mkdir -p "$cache/lib"
    gcc -shared -fPIC -O2 -w -I"$("$PG_CONFIG" --includedir-server)" -o "$cache/lib/regress.so" \
        "$cache/source/src/test/regress/regress.c"
    ln -sfn "$("$PG_CONFIG" --pkglibdir)/refint.so" "$cache/lib/refint.so"
    ln -sfn "$("$PG_CONFIG" --pkglibdir)/autoinc.so" "$cache/lib/autoinc.so"
    rm -rf "$lists" "$cache"/postgresql-*
    touch "$cache/complete"
}

load() {
    local dir=$1 out tables
    [ -e "$dir/complete" ] || die "$dir is not there: run $0 fetch"
    out=${OUT:-$(mktemp -d)}
    # Some tests differ, in psql's output and where the server's minor version is newer than the source; the database counts.
    "$(dirname "$("$PG_CONFIG" --pgxs)")/../test/regress/pg_regress" --bindir="$("$PG_CONFIG" --bindir)" \
        --inputdir="$dir/source/src/test/regress" --outputdir="$out" --dlpath="$dir/lib" --max-concurrent-tests=20 \
        --schedule="$dir/source/src/test/regress/parallel_schedule" >"$out/pg_regress.log" 2>&1 || true
    tables=$(psql -X -A -t -d regression -c "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p', 'm')") || tables=0
    [ "$tables" -ge 690 ] || { tail -n 20 "$out/pg_regress.log" >&2; die "the regression database is not complete, see $out"; }
    echo "regression database: $tables tables, $(grep -c '^ok\|\.\.\. ok' "$out/pg_regress.log") tests as expected, $(grep -c '^not ok\|FAILED  ' "$out/pg_regress.log" || true) not"
}

case ${1:-} in
    fetch) fetch && echo "$cache" ;;
    load) load "${2:-$cache}" ;;
    *) sed -n '2,10s/^# \?//p' "$0" >&2; exit 1 ;;
esac
