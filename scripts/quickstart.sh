#!/bin/bash
# quickstart.sh: the whole road once, on a throw-away server: sample database, keys, store, schedule, backup, verify, plan,
# restore, compare. `make build` comes first. KEEP=1 leaves the server running and says how to reach it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
started=$(date +%s)
make_workdir quickstart
cleanup() { if [ -n "${KEEP:-}" ] && [ -n "${finished:-}" ]; then :; else remove_workdir; fi; }
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

bold='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; fi
step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
# Statements are shown as they are typed.
run_sql() { printf 'postgres=# %s\n' "$1"; psql -X -q -v ON_ERROR_STOP=1 -d postgres -P footer=off -c "$1"; }
value() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d "${2:-postgres}" -c "$1"; }

step '1  A private server: yours are not touched'
private_tree "$work/tree"
extensions=$work/tree$("$PG_CONFIG" --sharedir)/extension
cp "$repo"/scripts/sample-extension/* "$extensions/"
start_cluster "$work/server" max_wal_size=2GB 'log_min_messages=warning'
export PATH=$server_path:$PATH
as_server_user mkdir -m 700 "$work/store"
value "SELECT split_part(version(), ' on ', 1) || ', data directory ' || current_setting('data_directory')"

step '2  A sample shop: foreign keys, partitions, views, jsonb, large objects, domain, enum, an extension with tables of its own'
psql -X -q -d postgres -c 'CREATE DATABASE shop'
psql -X -q -d shop -f "$repo/scripts/sample.sql" >/dev/null
value "SELECT 'database shop: ' || pg_size_pretty(pg_database_size('shop')) || ', ' || count(*) || ' tables'
         FROM pg_class WHERE relkind = 'r' AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^(pg_|information_schema)')" shop

step '3  Keys, a store, a schedule'
as_server_user "$tree_bin/lifeboat" keygen "$work/keys" --no-passphrase | sed -n '1,3p'
run_sql 'CREATE EXTENSION pg_lifeboat'
run_sql "SELECT backup_create_store('local', 'file://$work/store')"
run_sql "SELECT backup_create_key('main', recipients => '{file:$work/keys/recovery.crt}', secret => 'file:$work/keys/server.secret', signer => 'file:$work/keys/signer.key')"
run_sql "SELECT run_at, note FROM backup_next_runs('30 2 * * *', 'Europe/Berlin', 3, '2026-03-28')"
run_sql "SELECT backup_schedule('nightly', '2 seconds', database => 'shop')"

step '4  The schedule fires: a background worker does the rest'
deadline=$((SECONDS + 60))
until [ "$(value "SELECT count(*) FROM backup_runs WHERE status <> 'queued'")" -gt 0 ]; do
    [ $SECONDS -lt $deadline ] || die "the schedule did not fire: $(value 'SELECT string_agg(detail, chr(10)) FROM backup_health')"
    sleep 0.1
done
value "SELECT backup_pause('nightly')" >/dev/null
shown=''
while [ "$(value "SELECT count(*) FROM backup_runs WHERE status IN ('queued', 'running')")" -gt 0 ]; do
    line=$(value "SELECT format('%-9s %-24s %5s %%  %8s/s  workers %s', phase, relation, round(percent::numeric, 1), pg_size_pretty(bytes_per_second::bigint), workers) FROM backup_progress")
    [ -z "$line" ] || [ "$line" = "$shown" ] || echo "   $line"
    shown=$line
    sleep 0.25
done
run_sql "SELECT backup_id, status, rows, pg_size_pretty(raw_bytes) AS raw, pg_size_pretty(stored_bytes) AS stored, finished_at - started_at AS took, error FROM backup_runs ORDER BY id LIMIT 1"
backup=$(value "SELECT backup_id FROM backup_runs WHERE status = 'succeeded' ORDER BY id LIMIT 1")
[ -n "$backup" ] || { tail -n 20 "$PGHOST/server.log" >&2; die 'the backup did not succeed'; }

step '5  Shown to restore: verified, planned, restored'
run_sql "SELECT ok, level, objects, pg_size_pretty(bytes) AS bytes, problems, elapsed FROM backup_verify('latest:shop')"
run_sql "SELECT phase, action, object, pg_size_pretty(bytes) AS bytes, rows, status FROM backup_restore_plan('latest:shop', 'shop_restored') ORDER BY step LIMIT 14"
restore_started=$(date +%s.%N)
run_sql "SELECT backup_restore('latest:shop', 'shop_restored')"
restore_seconds=$(awk -v a="$restore_started" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')

step '6  Both databases compared'
mkdir -p "$work/compare"
# Rows have no order, so tables are compared by count and by a sum of hashes; everything else as pg_dump prints it.
for database in shop shop_restored; do
    value "SELECT format('SELECT %L, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM %I.%I t;', c.oid::regclass::text, n.nspname, c.relname)
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^(pg_|information_schema)' ORDER BY 1" "$database" |
        psql -X -q -A -t -d "$database" >"$work/compare/$database.rows"
    value "SELECT loid, pageno, md5(data) FROM pg_largeobject ORDER BY 1, 2" "$database" >"$work/compare/$database.blobs"
    pg_dump -s "$database" | sed '/^\\\(un\)\?restrict /d' >"$work/compare/$database.schema"
done
for what in schema rows blobs; do
    diff "$work/compare/shop.$what" "$work/compare/shop_restored.$what" >&2 || die "the restored database differs: $what"
    printf '   %-7s identical (%s lines)\n' "$what" "$(wc -l <"$work/compare/shop.$what")"
done

step "Done in $(($(date +%s) - started)) s"
value "SELECT format(E'   backup    %s\n   %s rows, %s of text stored as %s encrypted (%sx), in %s s: %s/s',
                     backup_id, rows, pg_size_pretty(raw_bytes), pg_size_pretty(stored_bytes), round(ratio::numeric, 1),
                     round(extract(epoch FROM duration), 1), pg_size_pretty((raw_bytes / greatest(extract(epoch FROM duration), 0.01))::bigint))
         FROM backup_catalog WHERE backup_id = '$backup'"
echo "   restored and compared in $restore_seconds s (restore alone), nothing differed"
finished=1
if [ -n "${KEEP:-}" ]; then
    echo
    echo "   The server is still there:   psql -h $PGHOST -p $PGPORT -U $PGUSER postgres"
    echo "   Stop and remove it:          scripts/throwaway.sh stop $work"
fi
cat <<EOF

What to type next, on a server of your own:
   make install PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config        # extension and command line
   shared_preload_libraries = 'pg_lifeboat'                           # in postgresql.conf, then restart
   install -d -m 700 -o postgres /backups                             # best on another machine's disk
   install -d -m 700 -o postgres /etc/lifeboat
   runuser -u postgres -- lifeboat keygen /etc/lifeboat/keys          # take recovery.key, signer.pub and the sheet away from here
   CREATE EXTENSION pg_lifeboat;                                      -- in the database postgres
   SELECT backup_create_store('local', 'file:///backups');
   SELECT backup_create_key('main', recipients => '{file:/etc/lifeboat/keys/recovery.crt}',
       secret => 'file:/etc/lifeboat/keys/server.secret', signer => 'file:/etc/lifeboat/keys/signer.key');
   SELECT backup_schedule('nightly', '30 2 * * *', database => 'app');
   SELECT * FROM backup_status;                                       -- or make dev, to play
EOF
