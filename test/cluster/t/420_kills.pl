# Real kills: a worker, the leader, pg_dump, the run, the launcher, the whole server, each in each phase. Afterwards no half backup is listed, the
# run's row says how it ended, the next run succeeds, debris is gone, and the source database is unharmed.
use strict;
use warnings;
use lib 'lib';
use Held;
use LifeboatTest;
use Time::HiRes qw(sleep);

# So that it can be caught at work.
my ($bin, $slow) = slow_pg_dump();

my $node = new_cluster('kills', conf => {
	'lifeboat.workers' => 2, 'lifeboat.segment_size' => "'2MB'", 'lifeboat.bin_directory' => "'$bin'",
	restart_after_crash => 'on' });
make_keys($node);
my $store = make_store($node);
sql($node, 'CREATE DATABASE app');
sql($node, app => q{CREATE TABLE t (id int PRIMARY KEY, filler text);
	INSERT INTO t SELECT n, repeat(md5(n::text), 12) FROM generate_series(1, 500000) n;
	SELECT lo_from_bytea(0, 'a large object')});
my $before = sql($node, app => 'SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM t');
my $good = run_backup($node, 'app');
sql($node, "SELECT backup_schedule('slow', '0 0 1 1 *', 'app', max_rate => 40000000, retries => 0)");

my %reach = (
	# the leader waits for a table that somebody else has locked
	snapshot => {
		begin => sub {
			my $lock = background($node, app => 'BEGIN; LOCK TABLE t; SELECT pg_sleep(60)');
			wait_for($node, q{SELECT count(*) > 0 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 't'::regclass}, database => 'app');
			return $lock;
		},
		ready => q{SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'lifeboat leader' AND wait_event_type = 'Lock'},
	},
	schema => {
		begin => sub { write_file($slow, ''); return },
		run => q{SELECT backup_run('slow')},
		ready => q{SELECT count(*) > 0 FROM backup_progress WHERE phase = 'schema' AND bytes_done > 0},
		child => 1,
	},
	# at a rate that makes it last for seconds
	data => {
		begin => sub { return },
		run => q{SELECT backup_run('slow')},
		ready => q{SELECT count(*) > 0 FROM backup_progress WHERE phase = 'data' AND bytes_done > 0},
	},
);

sub start_phase
{
	my ($phase) = @_;
	my $lock = $reach{$phase}{begin}->();
	my $run = background($node, $reach{$phase}{run} // q{SELECT backup_run(database => 'app')});
	wait_for($node, $reach{$phase}{ready}, timeout => 30);
	return ($run, $lock);
}

sub end_phase
{
	my ($run, $lock) = @_;
	unlink $slow;
	finish_background($run);
	finish_background($lock, signal => 'KILL') if $lock;
	wait_up($node);
	sql($node, q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%LOCK TABLE t%' AND pid <> pg_backend_pid()});
	return;
}

# What must hold after every accident.
sub unharmed
{
	my ($what, $status, $reason) = @_;
	wait_for($node, q{SELECT count(*) = 0 FROM backup_runs WHERE status IN ('running', 'queued')}, timeout => 30);
	my $row = sql($node, 'SELECT status, coalesce(error, \'\') FROM backup_runs ORDER BY id DESC LIMIT 1');
	like($row, qr/^$status\|$reason/, "$what: the row says $status and why");
	is(sql($node, q{SELECT count(*) FROM backup_catalog WHERE status <> 'available'}), '0', "$what: no half backup in the catalog");
	my ($before_ids, $before_list) = stored();
	unlike($before_list, qr/"status"\s*:\s*"damaged"/, "$what: nothing damaged");
	# Killed after the commit mark and before the catalog's row: then the store has one more, and a whole one.
	my $whole = $before_ids > sql($node, 'SELECT count(*) FROM backup_catalog');
	my $dead = sql($node, 'SELECT id FROM backup_runs ORDER BY id DESC LIMIT 1');
	is(sql($node, app => 'SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM t'), $before, "$what: the source is as it was");
	my ($rc, $out, $err) = $node->psql('postgres', q{SELECT backup_run(database => 'app')});
	is($rc, 0, "$what: the next run succeeds") or diag($err);
	is((stored())[0], sql($node, 'SELECT count(*) FROM backup_catalog'), "$what: the catalog knows what is in the store, and no half backup");
	if ($whole)
	{
		is(sql($node, "SELECT status FROM backup_runs WHERE id = $dead"), 'succeeded', "$what: a backup that was complete is found by the next run");
	}
	is(debris(), '', "$what: nothing is left of the run that died");
	return;
}

# How many backups the store lists, and the list.
sub stored
{
	my $list = cli_ok('list', '--store', "file://$store", '--json');
	my $ids = () = $list =~ /"backup_id"\s*:/g;
	return ($ids, $list);
}

# Objects that no committed backup names, run folders without a commit mark, temporary files.
sub debris
{
	my %named;
	my @left;
	for my $folder (glob "$store/backups/*")
	{
		if (!-e "$folder/SHA256SUMS.sig") { push @left, $folder; next; }
		$named{$_} = 1 for map { /^[0-9a-f]{64}  (.*)$/ ? $1 : () } split /\n/, read_file("$folder/SHA256SUMS");
	}
	my @files;
	find_files($store, \@files);
	push @left, grep { !$named{$_} && /^objects/ || /\.tmp-/ } map { substr $_, length("$store/") } @files;
	return join "\n", @left;
}

sub find_files
{
	my ($dir, $found) = @_;
	opendir my $handle, $dir or return;
	for my $name (grep { !/^\.\.?$/ } readdir $handle)
	{
		if (-d "$dir/$name") { find_files("$dir/$name", $found); }
		else { push @$found, "$dir/$name"; }
	}
	return;
}

sub child_of_leader
{
	my ($leader) = worker_pids($node, 'lifeboat leader');
	chomp(my $pid = `pgrep -P $leader | head -n 1`);
	return $pid;
}

# --- kill -9 ---------------------------------------------------------------------------------------

for my $phase (sort keys %reach)
{
	for my $victim ('lifeboat run', 'lifeboat leader', 'lifeboat launcher', ($phase ne 'snapshot' ? 'parallel worker' : ()))
	{
		my ($run, $lock) = start_phase($phase);
		kill_worker($node, $victim, 'KILL');
		end_phase($run, $lock);
		unharmed("kill -9 of the $victim in phase $phase", 'interrupted', '.+');
	}
	my ($run, $lock) = start_phase($phase);
	$node->stop('immediate');
	unlink $slow;
	finish_background($run);
	finish_background($lock, signal => 'KILL') if $lock;
	$node->start;
	unharmed("immediate stop in phase $phase", 'interrupted', '.+');
}
{
	my ($run) = start_phase('schema');
	kill_pid(child_of_leader());
	end_phase($run);
	unharmed('kill -9 of pg_dump', 'failed', '.*pg_dump.*');
}

# --- between the last object and the commit mark -------------------------------------------------------

for my $delay (0, 0.002, 0.01, 0.03)
{
	my $run = background($node, q{SELECT backup_run(database => 'app')});
	wait_for($node, q{SELECT count(*) > 0 FROM backup_progress WHERE bytes_done > 0}, timeout => 30);
	my ($pid) = worker_pids($node, 'lifeboat run');
	kill 'STOP', $pid;
	wait_for($node, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type IN ('parallel worker')}, timeout => 30);
	kill 'CONT', $pid;
	sleep $delay;
	kill 'KILL', $pid;
	finish_background($run);
	wait_up($node);
	wait_for($node, q{SELECT count(*) = 0 FROM backup_runs WHERE status IN ('running', 'queued')}, timeout => 30);
	my $status = sql($node, 'SELECT status FROM backup_runs ORDER BY id DESC LIMIT 1');
	note("killed $delay s after the data: $status");
	if ($status eq 'interrupted') { unharmed("kill -9 of the run near its commit ($delay s)", 'interrupted', '.+'); }
	else { is(debris(), '', "the run was faster than the kill ($delay s): complete"); }
}

# --- polite endings: within two seconds ---------------------------------------------------------------

sub ends_within
{
	my ($what, $seconds) = @_;
	my $took = seconds_for(sub {
		wait_for($node, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type IN ('lifeboat run', 'lifeboat leader', 'parallel worker')
			OR application_name LIKE 'pg_lifeboat%' OR application_name = 'pg_dump'}, timeout => 30);
	});
	cmp_ok($took, '<', $seconds, "$what: gone within $seconds s");
	return;
}

my %polite = (
	'Ctrl-C' => sub { finish_background($_[0], signal => 'INT') },
	'pg_cancel_backend' => sub { sql($node, q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT backup_run%' AND pid <> pg_backend_pid()}) },
	'pg_terminate_backend of the caller' => sub { sql($node, q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT backup_run%' AND pid <> pg_backend_pid()}) },
	'backup_cancel' => sub { is(sql($node, q{SELECT backup_cancel(backup_id) FROM backup_runs WHERE status = 'running'}), 't', 'backup_cancel says true') },
	'pg_terminate_backend of the run' => sub { sql($node, q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'lifeboat run'}) },
	'pg_terminate_backend of the leader' => sub { sql($node, q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'lifeboat leader'}) },
);
for my $phase (sort keys %reach)
{
	for my $how (sort keys %polite)
	{
		my ($run, $lock) = start_phase($phase);
		$polite{$how}->($run);
		ends_within("$how in phase $phase", 2);
		end_phase($run, $lock);
		unharmed("$how in phase $phase", '(cancelled|interrupted|failed)', '.+') if $phase ne 'snapshot';
	}
}
{
	my ($rc, $out, $err) = $node->psql('postgres', q{SET statement_timeout = '250ms'; SELECT backup_run('slow')});
	isnt($rc, 0, 'statement_timeout ends the waiting call');
	ends_within('statement_timeout', 2);
	unharmed('statement_timeout', 'cancelled', '.+');
}

# --- shutdowns ----------------------------------------------------------------------------------------

for my $phase (sort keys %reach)
{
	my ($run, $lock) = start_phase($phase);
	my $took = seconds_for(sub { $node->stop('fast') });
	cmp_ok($took, '<', 5, "fast shutdown in phase $phase is not held up (checkpoint included)");
	unlink $slow;
	my (undef, undef, $err) = finish_background($run);
	finish_background($lock, signal => 'KILL') if $lock;
	$node->start;
	unharmed("fast shutdown in phase $phase", '(interrupted|cancelled|failed)', '.+');
}
{
	my ($run) = start_phase('data');
	my $log = '';
	my $stop = IPC::Run::start([ 'pg_ctl', '-D', $node->data_dir, '-m', 'smart', '-w', '-t', '60', 'stop' ], '>&', \$log);
	my ($rc) = finish_background($run);
	is($rc, 0, 'under smart shutdown a run with a waiting caller finishes');
	$stop->finish;
	$node->_update_pid(0);
	$node->start;
	is(sql($node, 'SELECT status FROM backup_runs ORDER BY id DESC LIMIT 1'), 'succeeded', 'and is complete');
}
{
	write_file($slow, '');
	sql($node, q{SELECT backup_run(database => 'app', wait => false)});
	wait_for($node, $reach{schema}{ready}, timeout => 30);
	my $log = '';
	my $took = seconds_for(sub { IPC::Run::run([ 'pg_ctl', '-D', $node->data_dir, '-m', 'smart', '-w', '-t', '60', 'stop' ], '>&', \$log) });
	cmp_ok($took, '<', 5, 'under smart shutdown a run that nobody waits for ends, its pg_dump too');
	unlink $slow;
	$node->_update_pid(0);
	$node->start;
	unharmed('smart shutdown', '(interrupted|cancelled|failed)', '.+');
}

is(sql($node, qq{SELECT ok FROM backup_verify('$good')}), 't', 'after all this the first backup is still sound');
$node->stop;
done_testing();
