# Runs: waiting and not, progress, every way to cancel, what is refused, and that nothing is left behind.
use strict;
use warnings;

use LifeboatTest;
use Time::HiRes qw(sleep time);

my $node = new_cluster('main', conf => { 'lifeboat.workers' => 1, 'lifeboat.max_concurrent_runs' => 1 });
make_keys($node);
my $store = make_store($node);
sql($node, 'CREATE DATABASE app');
sql($node, app => 'CREATE TABLE t AS SELECT n, repeat(md5(n::text), 4) AS x FROM generate_series(1, 20000) AS n');

sub files { my @files = grep { -f } split /\n/, `find "$store" -type f`; return scalar @files; }

sub store_is_as_before
{
	my ($before, $name) = @_;
	my $left = '';
	for (1 .. 50)
	{
		$left = files() - $before;
		last if $left == 0;
		sleep 0.1;
	}
	is($left, 0, "$name: nothing is left in the store");
}

# --- well ---------------------------------------------------------------------------------------

my $id = run_backup($node, 'app');
like($id, qr/^app-\d{8}T\d{6}Z-full-[0-9a-f]{8}$/, 'a backup has an id');
is(sql($node, "SELECT status, attempt, tables, rows, requested_by = current_user::regrole FROM backup_runs WHERE backup_id = '$id'"),
	'succeeded|1|1|20000|t', 'its run is recorded');
is(sql($node, "SELECT database, type, store, encrypted, key, status, rows FROM backup_catalog"),
	"app|full|local|t|main|available|20000", 'and its backup');
is(sql($node, "SELECT schema, relation, kind, rows FROM backup_relations WHERE backup_id = '$id' AND rows > 0"),
	'public|t|table|20000', 'and its relations');
is(sql($node, "SELECT ok, problems FROM backup_verify('latest:app')"), 't|{}', 'it verifies');
is(sql($node, "SELECT verified_level FROM backup_catalog"), 'content', 'which is remembered');
is(sql($node, "SELECT string_agg(action, ' ' ORDER BY id) FROM backup_events WHERE action LIKE 'run.%'"),
	'run.start run.succeeded', 'events tell the story');
is(sql($node, "SELECT string_agg(DISTINCT subject, ' ') FROM backup_events WHERE action LIKE 'run.%'"), $id, 'about the backup');
is(sql($node, 'SELECT count(*) FROM backup_progress'), '0', 'nothing is at work any more');

my $files = files();
my $soon = sql($node, "SELECT backup_run(database => 'app', wait => false)");
wait_for($node, "SELECT count(*) = 2 FROM backup_catalog");
is(sql($node, "SELECT count(*) FROM backup_catalog WHERE backup_id = '$soon'"), '1', 'wait => false returns the id of what will be');
cmp_ok(files(), '>', $files, 'a run that nobody waits for ends well, too');
is(sql($node, "SELECT array_agg(sequence ORDER BY sequence) FROM backup_restore_points"), '{1,2}', 'sequence numbers count');

# --- a run that takes as long as we like: a secret command that waits for a file -------------------

my $gate = temp_dir() . '/gate';
my $secret = temp_dir() . '/secret';
write_file($secret, ('ab' x 32) . "\n", 0600);
write_file($gate, '');
sql($node, "SELECT backup_create_key('slow', secret => 'command:while [ ! -e $gate ]; do sleep 0.1; done; cat $secret')");
sub shut { unlink $gate; return; }
sub open_gate { write_file($gate, ''); return; }
my $slow = "backup_run(database => 'app', key => 'slow')";
$files = files();

sub running
{
	return wait_for($node, "SELECT count(*) = 1 FROM backup_runs WHERE status = 'running'");
}

sub ended
{
	my ($status, $name) = @_;
	wait_for($node, "SELECT count(*) = 0 FROM backup_runs WHERE status IN ('queued', 'running')");
	is(sql($node, 'SELECT status FROM backup_runs ORDER BY id DESC LIMIT 1'), $status, "$name: the run is $status");
	is(sql($node, q{SELECT count(*) FROM backup_events e, (SELECT * FROM backup_runs ORDER BY id DESC LIMIT 1) r
		WHERE e.action = 'run.' || r.status AND e.subject = r.backup_id AND (e.detail->>'run')::bigint = r.id}), '1', "$name: an event says so");
	return;
}

shut();
my $waiting = background($node, "SELECT $slow");
running();
like(sql($node, 'SELECT backup_id FROM backup_progress'), qr/^app-/, 'backup_progress shows the run');
my $start = time;
is(sql($node, "SELECT backup_cancel(backup_id) FROM backup_progress"), 't', 'backup_cancel cancels');
my (undef, undef, $err) = finish_background($waiting);
cmp_ok(time - $start, '<', 2, 'within 2 s');
like($err, qr/the run was cancelled/, 'the caller is told');
ended('cancelled', 'backup_cancel');
store_is_as_before($files, 'backup_cancel');
is(sql($node, "SELECT backup_cancel('$id')"), 'f', 'a run that is over cannot be cancelled');
my (undef, undef, $notice) = $node->psql('postgres', "SELECT backup_cancel('$id')");
like($notice, qr/NOTICE:  no run, restore or copy "\Q$id\E" is at work\nHINT:  SELECT run_id, backup_id, phase FROM backup_progress;/, 'and it is said');

$start = time;
like(sql_error($node, "SET statement_timeout = '1s'; SELECT $slow"), qr/57014: canceling statement due to statement timeout/,
	'statement_timeout');
cmp_ok(time - $start, '<', 3.5, 'ends the wait within 2 s');
ended('cancelled', 'statement_timeout');
store_is_as_before($files, 'statement_timeout');

$waiting = background($node, "SELECT $slow");
running();
$start = time;
(undef, undef, $err) = finish_background($waiting, signal => 'INT');
cmp_ok(time - $start, '<', 2, 'Ctrl-C ends the wait within 2 s');
like($err, qr/canceling statement due to user request/, 'Ctrl-C');
ended('cancelled', 'Ctrl-C');
store_is_as_before($files, 'Ctrl-C');

$waiting = background($node, "SELECT $slow");
running();
sql($node, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT backup_run%' AND pid <> pg_backend_pid()");
finish_background($waiting);
ended('cancelled', 'the caller is terminated');
store_is_as_before($files, 'the caller is terminated');

$waiting = background($node, "SELECT $slow");
running();
finish_background($waiting, signal => 'KILL');
wait_for($node, "SELECT count(*) = 0 FROM backup_runs WHERE status = 'running'", timeout => 20);
ended('cancelled', 'the client is killed');

$waiting = background($node, "SELECT $slow");
running();
$start = time;
sql($node, "SELECT pg_terminate_backend(pid) FROM backup_runs WHERE status = 'running'");
(undef, undef, $err) = finish_background($waiting);
cmp_ok(time - $start, '<', 2, 'pg_terminate_backend of the run: within 2 s');
like($err, qr/ended by an administrator or by a shutdown/, 'and the caller is told');
ended('interrupted', 'pg_terminate_backend');
store_is_as_before($files, 'pg_terminate_backend');

# --- the queue ------------------------------------------------------------------------------------

$waiting = background($node, "SELECT $slow");
running();
my $queued = sql($node, "SELECT backup_run(database => 'app', wait => false)");
is(sql($node, "SELECT phase FROM backup_progress ORDER BY run_id DESC LIMIT 1"), 'queued', 'more than max_concurrent_runs wait in state queued');
my $third = sql($node, "SELECT backup_run(database => 'app', wait => false)");
is(sql($node, "SELECT backup_cancel('$queued')"), 't', 'one that waits can be cancelled');
wait_for($node, "SELECT status = 'cancelled' FROM backup_runs WHERE backup_id = '$queued'");
open_gate();
finish_background($waiting);
wait_for($node, "SELECT count(*) = 0 FROM backup_runs WHERE status IN ('queued', 'running')");
is(sql($node, "SELECT count(*) FROM (SELECT status FROM backup_runs WHERE backup_id <> '$queued' ORDER BY id DESC LIMIT 2) r WHERE status = 'succeeded'"), '2',
	'and the others run when there is room');

# --- what cannot be -------------------------------------------------------------------------------

like(sql_error($node, "BEGIN; SELECT backup_schedule('fresh', '\@daily', 'app'); SELECT backup_run('fresh')"),
	qr/55000: schedule "fresh" was created or changed in this transaction, which has not committed\nDETAIL:  A run is another session and cannot see it yet\.\nHINT:  COMMIT first\./,
	'a schedule that is not committed');

like(sql_error($node, "BEGIN; LOCK TABLE backup_witness; SELECT backup_run(database => 'app')"),
	qr/55P03: the run waits for a lock that this session holds, and this session waits for the run\nDETAIL:  It wants RowExclusiveLock on public.backup_witness\.\nHINT:  Commit first, or start the run with wait => false\./,
	'a wait for oneself');
ended('cancelled', 'a wait for oneself');

sql($node, 'CREATE DATABASE closed ALLOW_CONNECTIONS false');
like(sql_error($node, "SELECT backup_run(database => 'closed')"),
	qr/55000: database "closed" does not accept connections\nHINT:  ALTER DATABASE closed ALLOW_CONNECTIONS true;/,
	'a database that accepts no connections');

like(sql_error($node, 'SELECT backup_run()'),
	qr/22023: which database\?\nDETAIL:  This is the control database "postgres", which holds no tables of its own; others are: "app"\.\nHINT:  SELECT backup_run\(database => 'app'\);/,
	'the control database by default');

sql($node, "CREATE ROLE poor LOGIN");
sql($node, "SELECT backup_grant('poor', 'operator')");
like(sql_error($node, "SET ROLE poor; SELECT backup_run(database => 'app')"), qr/42501: .*\bt\b/,
	'a table that the role may not read');
ended('failed', 'a run without rights');

my @odd = ('host=x port=1', 'a/b', '..', "it's \"odd\"");
for my $name (@odd)
{
	(my $quoted = $name) =~ s/"/""/g;
	sql($node, "CREATE DATABASE \"$quoted\"");
	sql($node, "SELECT 1");
	my $odd_id = run_backup($node, $name);
	like($odd_id, qr/^[a-z0-9_]+-\d{8}T\d{6}Z-full-[0-9a-f]{8}$/, "a database named $name");
}

shut();
$waiting = background($node, "SELECT $slow");
running();
kill 'KILL', sql($node, "SELECT pid FROM backup_runs WHERE status = 'running'");
finish_background($waiting);
wait_up($node);
open_gate();
ended('interrupted', 'kill -9');
is(sql($node, 'SELECT error, hint FROM backup_runs ORDER BY id DESC LIMIT 1'),
	"the process of the run is gone: it was killed, or the server ended or crashed|The server's log says why.", 'and its row says what to look at');

$node->stop;

# --- without preload, and with few workers ----------------------------------------------------------

my $bare = new_cluster('bare', preload => 0, conf => { 'lifeboat.max_concurrent_runs' => 1, 'lifeboat.workers' => 1 });
make_keys($bare);
make_store($bare);
sql($bare, 'CREATE DATABASE app');
like(run_backup($bare, 'app'), qr/^app-/, 'without preload a backup can be taken');
is(sql($bare, "SELECT status, hint FROM backup_health WHERE check_name = 'launcher'"),
	"warning|Add to postgresql.conf and restart: shared_preload_libraries = 'pg_lifeboat'", 'and backup_health says what is missing');
sql($bare, "SELECT backup_create_key('slow', secret => 'command:while [ ! -e $gate ]; do sleep 0.1; done; cat $secret')");
shut();
$waiting = background($bare, "SELECT $slow");
wait_for($bare, "SELECT count(*) = 1 FROM backup_runs WHERE status = 'running'");
like(sql_error($bare, "SELECT backup_run(database => 'app')"), qr/53400: 1 runs are at work already/, 'over the limit: an error');
open_gate();
finish_background($waiting);
$bare->stop;

$bare->append_conf('postgresql.conf', "max_worker_processes = 2\n");
$bare->start;
like(sql_error($bare, "SELECT backup_run(database => 'app')"),
	qr/53400: no background worker slot is free for the run's leader\nDETAIL:  max_worker_processes is 2;/, 'too few max_worker_processes for the leader');
$bare->append_conf('postgresql.conf', "max_worker_processes = 1\n");
$bare->restart;
like(sql_error($bare, "SELECT backup_run(database => 'app')"),
	qr/53400: no background worker slot is free for the run\n/, 'too few max_worker_processes for the run');
$bare->stop;

done_testing();
