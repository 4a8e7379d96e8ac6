# Locks: a backup waits for them, but not for ever; starts over where it must; gives way when told to; leaves room for others.
use strict;
use warnings;
use lib 'lib';
use LifeboatTest;
use Time::HiRes qw(sleep time);

my $node = new_cluster('locks',
	conf => { 'lifeboat.workers' => 1, max_connections => 20, max_wal_senders => 0, max_locks_per_transaction => 10 });
my $store = make_store($node, encryption => 'none');
sql($node, 'CREATE DATABASE app');
sql($node, app => 'CREATE TABLE t AS SELECT n, md5(n::text) AS x FROM generate_series(1, 200000) AS n; CREATE TABLE u (x int)');

sub schedule
{
	my (%options) = @_;
	my $options = join '', map { ", $_ => $options{$_}" } sort keys %options;
	sql($node, "SELECT backup_schedule('s', '\@yearly', 'app'$options)");
	return;
}

# A session that holds a lock until its `release` is called.
sub hold
{
	my ($database, $statement) = @_;
	my $session = $node->background_psql($database);
	$session->query_safe("BEGIN; $statement;");
	return $session;
}

# --- waiting -------------------------------------------------------------------------------------------

my $holder = hold('app', 'LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
my $run = background($node, "SELECT backup_run(database => 'app')");
wait_for($node, "SELECT count(*) = 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.backend_type LIKE 'lifeboat leader%'");
is(sql($node, 'SELECT phase, relation FROM backup_progress'), 'snapshot|public.t', 'backup_progress says on what a backup waits');
sleep 4;
$holder->query_safe('ALTER TABLE t ADD COLUMN y int DEFAULT 1; COMMIT');
$holder->quit;
my ($rc, $out, $err) = finish_background($run);
is($rc, 0, 'a backup waits for a lock') or diag($err);
like($err, qr/INFO:  app-\S+: waiting for a lock on public\.t, held by process \d+$/m, 'whoever waits for it is told');
chomp $out;
like(`zstd -dcq $store/backups/$out/toc.zst`, qr/COPY public\.t \(n, x, y\) FROM stdin/, 'and reads what was there afterwards');

# --- not for ever ----------------------------------------------------------------------------------------

schedule(lock_patience => "'200 ms'");
$holder = hold('app', 'LOCK TABLE u IN ACCESS EXCLUSIVE MODE');
my $holder_pid = sql($node, "SELECT pid FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation IS NOT NULL AND database = (SELECT oid FROM pg_database WHERE datname = 'app')");
my $start = time;
$err = sql_error($node, "SELECT backup_run('s')");
like($err, qr/^ERROR:  55P03: could not lock public\.u within the lock_patience of 200 ms\nDETAIL:  A conflicting lock is held or waited for by process $holder_pid\. It was tried 5 times, with pauses\.\nHINT:  Let that session end, or give the schedule a longer lock_patience\./m,
	'a lock that is not to be had');
cmp_ok(time - $start, '<', 60, 'after five tries');
$holder->query_safe('ROLLBACK');
$holder->quit;

# --- a deadlock that PostgreSQL cannot see ---------------------------------------------------------------

sql($node, 'CREATE TABLE here (x int)');
$start = time;
like(sql_error($node, "BEGIN; ALTER TABLE here ADD COLUMN y int; SELECT backup_run(database => 'postgres');"),
	qr/^ERROR:  55000: the session that waits for this backup holds a lock on public\.here that the backup needs\n.*\nHINT:  End the transaction first, or call backup_run\(…, wait => false\)\./m,
	'the caller holds a lock that the run needs');
cmp_ok(time - $start, '<', 15, 'which is said at once');

# --- giving way ------------------------------------------------------------------------------------------

# Slow enough to be caught at it.
schedule(lock_patience => "'500 ms'", yield_to_ddl => 'true', max_rate => 1000000);
$run = background($node, "SELECT backup_run('s')");
wait_for($node, "SELECT count(*) = 1 FROM backup_progress WHERE phase = 'data' AND bytes_done > 0");
$start = time;
sql($node, app => 'ALTER TABLE t ADD COLUMN z int');
cmp_ok(time - $start, '<', 10, 'an ALTER TABLE goes before a backup that yields');
($rc, $out, $err) = finish_background($run);
isnt($rc, 0, 'the backup ends');
like($err, qr/the backup gave way to process \d+, which waits for table public\.t/, 'and says why');

schedule(lock_patience => "'500 ms'", max_rate => 2000000);
$run = background($node, "SELECT backup_run('s')");
wait_for($node, "SELECT count(*) = 1 FROM backup_progress WHERE phase = 'data' AND bytes_done > 0");
sql($node, app => 'ALTER TABLE t DROP COLUMN z');
($rc, $out, $err) = finish_background($run);
is($rc, 0, 'one that does not yield is waited for') or diag($err);

# --- a child that could not lock -------------------------------------------------------------------------

# The first pg_dump waits for what the test wants, then says that it met a lock; the second one is the real one.
my $bin = temp_dir();
symlink bin_dir() . "/$_", "$bin/$_" for qw(pg_dumpall pg_restore lifeboat psql);
sub first_pg_dump
{
	my ($waits) = @_;
	unlink "$bin/tried";
	write_file("$bin/pg_dump", <<"SH", 0755);
#!/bin/sh
if [ "\$1" != --version ] && [ ! -e $bin/tried ]; then
    touch $bin/tried
    $waits
    echo "pg_dump: error: query failed: ERROR:  canceling statement due to lock timeout" >&2
    exit 1
fi
exec @{[ bin_dir() ]}/pg_dump "\$@"
SH
	return;
}

# What is in the store and in no backup.
sub unlisted
{
	my %listed = map { $_ => 1 } map { read_file($_) =~ m{^\S+  (objects/\S+)$}mg } glob "$store/backups/*/SHA256SUMS";
	return join ' ', sort grep { !$listed{$_} } map { s/^\Q$store\E\///r } glob "$store/objects/*/*";
}

sub whole_and_once
{
	my ($id, $what) = @_;
	is(sql($node, "SELECT count(*) FROM backup_witness WHERE backup_id = '$id'"), 1, "$what: with a witness of the second snapshot");
	is(sql($node, "SELECT ok FROM backup_verify('$id')"), 't', "$what: it verifies");
	my $toc = `zstd -dcq $store/backups/$id/toc.zst`;
	is(scalar(() = $toc =~ /^\S+\tdata\tCOPY public\.t /mg), 1, "$what: the table is in it once");
	is(unlisted(), '', "$what: what the workers had stored before is gone");
	unlike(read_file($node->logfile), qr/leak|still referenced|was not closed/i, "$what: nothing of the server's was left open");
	return;
}

$node->append_conf('postgresql.conf', "lifeboat.bin_directory = '$bin'");
$node->reload;
my $stored = "find $store/objects -type f -name '*.zst' | wc -l";
first_pg_dump("had=\$($stored); echo \$had >$bin/had; for i in \$(seq 100); do [ \$($stored) -gt \$had ] && break; sleep 0.2; done; $stored >$bin/has");
($rc, $out, $err) = $node->psql('postgres', "SELECT backup_run(database => 'app')");
is($rc, 0, 'pg_dump could not lock a table: everything is given back and begun again') or diag($err);
ok(-e "$bin/tried", 'it was tried twice');
cmp_ok(read_file("$bin/has"), '>', read_file("$bin/had"), 'when workers had stored something');
whole_and_once($out, 'after a try whose objects were stored');

# The heavier table is stored at once, for nothing is left of it; the other one is at work when they are dismissed.
sql($node, app => "CREATE TABLE heavy AS SELECT n, repeat('x', 1000) AS x FROM generate_series(1, 13800) n");
schedule(max_rate => 1000000);
first_pg_dump("had=\$($stored); echo \$had >$bin/had; sleep 1.5; $stored >$bin/has");
($rc, $out, $err) = $node->psql('postgres', "SELECT backup_run('s')");
is($rc, 0, 'workers that are dismissed in the middle of a table') or diag($err);
cmp_ok(read_file("$bin/has"), '>', read_file("$bin/had"), 'when they had stored another');
whole_and_once($out, 'after a try in the middle of a table');

# One heap block whose rows make objects of 256 MiB: the first of them is stored when the worker is dismissed.
sql($node, app => "CREATE TABLE wide AS SELECT n, repeat('x', 2000000) AS x FROM generate_series(1, 220) n");
schedule(workers => 1, max_rate => 60000000, compression => "'none'");
my $parts = "find $store/objects -name '*.zst' -size +250M";
first_pg_dump("for i in \$(seq 200); do $parts | grep -q . && break; sleep 0.1; done; $parts >$bin/has");
($rc, $out, $err) = $node->psql('postgres', "SELECT backup_run('s')");
is($rc, 0, 'a worker that is dismissed between two parts of a table') or diag($err);
isnt(read_file("$bin/has"), '', 'when it had stored the first');
is(unlisted(), '', 'what it had stored is gone');
sql($node, app => 'DROP TABLE wide');

schedule(lock_patience => "'500 ms'", yield_to_ddl => 'true', max_rate => 1000000);
first_pg_dump('sleep 60');
$run = background($node, "SELECT backup_run('s')");
wait_for($node, "SELECT count(*) = 1 FROM backup_progress WHERE phase = 'schema' AND bytes_done > 0");
$start = time;
sql($node, app => 'ALTER TABLE t ADD COLUMN during_schema int');
cmp_ok(time - $start, '<', 10, 'an ALTER TABLE goes before a backup whose pg_dump is at work');
($rc, $out, $err) = finish_background($run);
is($rc, 0, 'which then begins again') or diag($err);
chomp $out;
whole_and_once($out, 'after giving way');
like(`zstd -dcq $store/backups/$out/toc.zst`, qr/COPY public\.t \([^)]*during_schema\) /, 'and sees what it gave way to');

# --- the lock table ---------------------------------------------------------------------------------------

sql($node, app => 'CREATE TABLE many_' . join('(); CREATE TABLE many_', $_ * 50 + 1 .. $_ * 50 + 50) . '()') for 0 .. 5;
my $room = sql($node, q{SELECT current_setting('max_locks_per_transaction')::int
	* (20 + current_setting('autovacuum_max_workers')::int + 1 + current_setting('max_worker_processes')::int
	   + current_setting('max_prepared_transactions')::int)});
like(sql_error($node, "SELECT backup_run(database => 'app')"),
	qr/^ERROR:  53200: too many relations for the lock table: database "app" has 303\nDETAIL:  A backup locks every table and sequence in ACCESS SHARE mode\. The lock table has room for $room locks, and a backup takes at most half of them\.\nHINT:  Set max_locks_per_transaction to \d+ or more in postgresql\.conf and restart the server\./m,
	'more relations than half of the lock table');

$node->stop;
done_testing();
