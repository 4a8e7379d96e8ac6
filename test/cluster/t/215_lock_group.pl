# pg_dump's session belongs to the leader's lock group: DDL that queues behind the backup does not stand in its way, nobody else gets in, and
# whichever of the two ends first, nothing is left of the other.
use strict;
use warnings;
use lib 'lib';
use LifeboatTest;
use Time::HiRes qw(sleep time);

my $bin = temp_dir();
symlink bin_dir() . "/$_", "$bin/$_" for qw(pg_dumpall pg_restore lifeboat psql);
my $node = new_cluster('lock_group', conf => {
	'lifeboat.workers' => 2, 'lifeboat.bin_directory' => "'$bin'", max_worker_processes => 8, restart_after_crash => 'off' });
my $store = make_store($node, encryption => 'none');
sql($node, 'CREATE DATABASE app');
sql($node, app => 'CREATE TABLE t AS SELECT n FROM generate_series(1, 100000) AS n; CREATE VIEW v AS SELECT n FROM t');
sql($node, q{SELECT backup_schedule('s', '@yearly', 'app')});

# A pg_dump that does something else before it, or in its place.
sub with_pg_dump
{
	my ($before) = @_;
	write_file("$bin/pg_dump.new", <<"SH", 0755);
#!/bin/sh
if [ "\$1" != --version ]; then
    echo tried >>$bin/tries
$before
fi
exec @{[ bin_dir() ]}/pg_dump "\$@"
SH
	rename "$bin/pg_dump.new", "$bin/pg_dump" or die $!;
	unlink "$bin/tries", "$bin/ready", "$bin/go", "$bin/session", "$bin/options";
	return;
}

sub tries { return -e "$bin/tries" ? scalar(() = read_file("$bin/tries") =~ /tried/g) : 0; }

sub wait_file
{
	my ($file) = @_;
	for (1 .. 300) { return 1 if -s $file; sleep 0.1; }
	return fail("$file does not appear");
}

sub psql_as
{
	my ($user, $database, $options, $text) = @_;
	local $ENV{PGOPTIONS} = $options;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-X', '-A', '-t', '-q', '-U', $user, '-d', $node->connstr($database), '-c', $text ], '<', \undef, '>', \$out, '2>', \$err);
	chomp($out, $err);
	return $out ne '' ? $out : $err;
}

my $hold = "    echo \$PGOPTIONS >$bin/options; echo >>$bin/ready
    while [ ! -e $bin/go ]; do sleep 0.1; done";
my $in_group = q{SELECT coalesce((SELECT l.backend_type FROM pg_stat_activity l WHERE l.pid = a.leader_pid), 'none') FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()};

# --- DDL that queues behind the leader ----------------------------------------------------------------

with_pg_dump($hold);
my $run = background($node, q{SELECT backup_run('s')});
wait_file("$bin/ready");
my $alter = background($node, app => 'ALTER TABLE t ADD COLUMN more int');
wait_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted});
write_file("$bin/go", "\n");
my ($rc, $out, $err) = finish_background($run);
is($rc, 0, 'a backup whose pg_dump comes after an ALTER TABLE that waits for the leader') or diag($err);
is(tries(), 1, 'needs no second try');
($rc, undef, $err) = finish_background($alter);
is($rc, 0, 'and the ALTER TABLE goes on') or diag($err);

# A transaction that has a view and waits for its table: nobody can be let past, so the deadlock is found and pg_dump starts over.
with_pg_dump("    if [ ! -e $bin/go ]; then\n$hold\n    fi");
$run = background($node, q{SELECT backup_run('s')});
wait_file("$bin/ready");
my $swap = background($node, app => 'BEGIN; DROP VIEW v; ALTER TABLE t DROP COLUMN more; CREATE VIEW v AS SELECT n FROM t; COMMIT');
wait_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted});
sleep 1.5;    # the deadlock_timeout of the other one has passed: it is for pg_dump to find the deadlock
write_file("$bin/go", "\n");
($rc, $out, $err) = finish_background($run);
is($rc, 0, 'a backup beside a transaction that has dropped a view and waits for its table') or diag($err);
($rc, undef, $err) = finish_background($swap);
is($rc, 0, 'which goes on, too') or diag($err);
is(tries(), 2, 'before the second try');

# --- who gets in -------------------------------------------------------------------------------------------

sql($node, 'CREATE ROLE somebody LOGIN IN ROLE pg_monitor; CREATE ROLE boss LOGIN SUPERUSER');
with_pg_dump("    psql -X -A -t -q -c \"$in_group\" -c 'SHOW lifeboat.lock_group' -c \"SELECT count(*) FROM pg_settings WHERE name = 'lifeboat.lock_group'\" \\
      -c 'SHOW client_connection_check_interval' -c 'SET max_parallel_workers_per_gather = 2' \\
      -c 'SET max_parallel_maintenance_workers = 2' >$bin/session 2>&1\n$hold");
$run = background($node, q{SELECT backup_run('s')});
wait_file("$bin/ready");
is(read_file("$bin/session"), <<'END', 'a session that pg_dump would have: in the group, its token not to be seen, parallel workers out of reach');
lifeboat leader

0
1s
ERROR:  2 is outside the valid range for parameter "max_parallel_workers_per_gather" (0 .. 0)
ERROR:  2 is outside the valid range for parameter "max_parallel_maintenance_workers" (0 .. 0)
END
chomp(my $options = read_file("$bin/options"));
my ($value) = $options =~ /-c (lifeboat\.lock_group=\d+:[0-9a-f]{64}) /;
ok($value, 'the token is in the startup options of pg_dump') or diag($options);
my $none = '-c max_parallel_workers_per_gather=0 -c max_parallel_maintenance_workers=0';
is(psql_as('somebody', 'app', "-c $value $none", $in_group), 'lifeboat leader', 'which are what it takes');
is(psql_as('boss', 'app', "-c $value", $in_group), 'none', 'and not without giving up parallel workers');
is(psql_as('somebody', 'postgres', "-c $value $none", $in_group), 'none', 'not in another database');

my ($leader) = worker_pids($node, 'lifeboat leader');
(my $changed = $value) =~ s/(.)$/$1 eq '0' ? '1' : '0'/e;
my $refused = qr/LOG:  lifeboat\.lock_group names no backup that is at work in this database\n.*DETAIL:  The session goes on as any other\./;
for my $forged ($changed, "lifeboat.lock_group=$leader", "lifeboat.lock_group=$leader:", "lifeboat.lock_group=$leader:" . '0' x 64,
	substr($value, 0, -1), "${value}0", "lifeboat.lock_group=$leader:" . 'f' x 5000, 'lifeboat.lock_group=x', 'lifeboat.lock_group=-1:0',
	'lifeboat.lock_group=0:' . '0' x 64, 'lifeboat.lock_group=99999999999999999999:0')
{
	for my $user ('somebody', 'boss')
	{
		my $at = -s $node->logfile;
		is(psql_as($user, 'app', "-c $forged $none", $in_group), 'none', "$user does not get in with " . substr($forged, 0, 60));
		my $log = substr(read_file($node->logfile), $at);
		like($log, $refused, 'which the log says');
		unlike($log, qr/[0-9a-f]{64}/, 'without the token');
	}
}
(my $quoted = $value) =~ s/=(.*)/='$1'/;
like(psql_as('boss', 'app', '', "SET $quoted"), qr/^ERROR:  parameter "lifeboat\.lock_group" cannot be set after connection start/, 'not later');
like(psql_as('boss', 'app', '', "ALTER ROLE boss SET $quoted"), qr/^ERROR:  parameter "lifeboat\.lock_group" cannot be set after connection start/, 'nor for a role');

# What it is about: the lock of one that is not in the group waits behind the ALTER TABLE.
$alter = background($node, app => 'ALTER TABLE t ADD COLUMN more int');
wait_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted});
my $lock = q{SET lock_timeout = '1s'; SELECT count(*) FROM t};
is(psql_as('boss', 'app', "-c $value $none", $lock), '100000', 'a member of the group goes before an ALTER TABLE that waits for the leader');
like(psql_as('boss', 'app', "-c $changed $none", $lock), qr/lock timeout/, 'a session with a forged token does not');
write_file("$bin/go", "\n");
is((finish_background($run))[0], 0, 'the backup succeeds');
finish_background($alter);
is(psql_as('somebody', 'app', "-c $value $none", $in_group), 'none', 'afterwards the token is worth nothing');

# --- whichever ends first ------------------------------------------------------------------------------------

my $sessions = q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_lifeboat child' AND state = 'active' AND leader_pid IS NOT NULL};
my $gone = q{SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'pg_lifeboat child' OR backend_type LIKE 'lifeboat leader%'};
for my $how ('in a query', 'idle')
{
	my $command = $how eq 'idle' ? q{(echo 'SELECT 1;'; sleep 60) | psql -X} : q{psql -X -c 'SELECT pg_sleep(60)'};
	with_pg_dump("    $command >/dev/null; exit 1");
	(my $there = $sessions) =~ s/ AND state = 'active'/ AND state = 'idle'/ if $how eq 'idle';
	$there //= $sessions;
	for my $round (1 .. 10)    # more often than there are PGPROCs of workers
	{
		$run = background($node, q{SELECT backup_run(database => 'app')});
		wait_for($node, $there, expected => 1) or last;
		my $start = time;
		sql($node, q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'lifeboat leader'});
		wait_for($node, $gone, timeout => 20) or last;
		my $took = time - $start;
		finish_background($run);
		cmp_ok($took, '<', 2, "the leader is terminated while pg_dump is $how ($round): both are gone soon");
	}
}
{
	with_pg_dump("    psql -X -c 'SELECT pg_sleep(60)' >/dev/null; exit 1");
	$run = background($node, q{SELECT backup_run(database => 'app')});
	wait_for($node, $sessions, expected => 1);
	my ($pid) = split /\n/, sql($node, q{SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_lifeboat child'});
	kill 'STOP', $pid;
	sql($node, q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'lifeboat leader'});
	sleep 2;
	my @still = worker_pids($node, 'lifeboat leader');
	kill 'CONT', $pid;
	is(scalar @still, 1, 'the leader does not go before the last of its group');
	wait_for($node, $gone, timeout => 20);
	finish_background($run);
}
with_pg_dump("    psql -X -c 'SELECT pg_terminate_backend(pg_backend_pid())'; exit 1");
isnt((finish_background(background($node, q{SELECT backup_run(database => 'app')})))[0], 0, "a backup fails when its pg_dump's session is terminated");
with_pg_dump('');
run_backup($node, 'app') for 1 .. 3;
pass('after all this backups succeed');
unlike(read_file($node->logfile), qr/PANIC|was terminated by signal|TRAP/, 'and the server was never in danger');

# A leader that is killed takes the server through a restart, and the group with it.
$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->reload;
with_pg_dump("    psql -X -c 'SELECT pg_sleep(60)' >/dev/null; exit 1");
$run = background($node, q{SELECT backup_run(database => 'app')});
wait_for($node, $sessions, expected => 1);
kill_worker($node, 'lifeboat leader', 'KILL');
finish_background($run);
wait_up($node);
is(sql($node, $gone), 't', 'kill -9 of the leader while pg_dump is at work: nobody is left');
with_pg_dump('');
run_backup($node, 'app');
pass('and the next backup succeeds');

$node->stop;
done_testing();
