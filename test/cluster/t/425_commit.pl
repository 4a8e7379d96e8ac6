# The last steps of a run, one by one: the run is killed before each file of the commit gets its name and before the catalog
# learns of the backup. Before the commit mark nothing has happened; after it the backup is there, and the next run says so.
use strict;
use warnings;

use Held;
use LifeboatTest;
use Digest::SHA qw(sha256_hex);
use Time::HiRes qw(sleep time);

my ($node, $stop) = stoppable_cluster('commit', conf => { 'lifeboat.workers' => 1 });
my $keys = make_keys($node);
my $store = make_store($node);
sql($node, 'CREATE DATABASE app');
sql($node, app => 'CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n');
my $good = run_backup($node, 'app');

sub newest_run { return sql($node, "SELECT $_[0] FROM backup_runs ORDER BY id DESC LIMIT 1"); }

sub in_store
{
	my ($id) = @_;
	return scalar(() = cli_ok('list', '--store', "file://$store", '--json') =~ /"\Q$id\E"/g);
}

# Files of no backup that is committed.
sub debris
{
	my (%named, @left);
	for my $folder (glob "$store/backups/*")
	{
		if (!-e "$folder/SHA256SUMS.sig") { push @left, grep { -f } glob "$folder/* $folder/.[!.]*"; next; }
		$named{$_} = 1 for map { /^[0-9a-f]{64}  (.*)$/ ? $1 : () } split /\n/, read_file("$folder/SHA256SUMS");
	}
	push @left, grep { !$named{$_} } map { substr $_, length("$store/") } glob "$store/objects/*/*";
	return join "\n", @left;
}

sub kill_run
{
	my ($run) = @_;
	kill_worker($node, 'lifeboat run', 'KILL');
	unlink $stop, "$stop.reached";
	finish_background($run);
	wait_up($node);
	wait_for($node, q{SELECT count(*) = 0 FROM backup_runs WHERE status IN ('running', 'queued')}, timeout => 30);
	return;
}

sub wait_file
{
	my ($file) = @_;
	my $until = time + 30;
	while (!-e $file && time < $until) { sleep 0.02; }
	return ok(-e $file, "$file is there");
}

# --- before the commit mark: nothing has happened ------------------------------------------------------

# [what has been written when it is killed, how to stop there]
my @steps = (
	[ 'its started file', 'started' ],
	[ 'its objects', undef ],
	[ 'its toc', 'manifest.json' ],
	[ 'its manifest', 'SHA256SUMS' ],
	[ 'its sums', 'SHA256SUMS.sig' ]);
for my $step (@steps)
{
	my ($written, $file) = @$step;
	my $what = defined $file ? "killed before $file" : "killed after $written";
	my ($lock, $run);
	if (defined $file)
	{
		write_file($stop, $file, 0644);
		$run = background($node, q{SELECT backup_run(database => 'app')});
		wait_file("$stop.reached");
	}
	else
	{
		$lock = background($node, 'BEGIN; LOCK TABLE backup_chains; SELECT pg_sleep(60)');
		wait_for($node, q{SELECT count(*) > 0 FROM pg_locks WHERE relation = 'backup_chains'::regclass AND mode = 'AccessExclusiveLock' AND granted});
		$run = background($node, q{SELECT backup_run(database => 'app')});
		wait_for($node, q{SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'lifeboat run' AND wait_event_type = 'Lock'});
	}
	my $id = newest_run('backup_id');
	kill_run($run);
	finish_background($lock) if $lock;
	like(newest_run("status || ': ' || error"), qr/^interrupted: the process of the run is gone/, "$what: interrupted");
	is(in_store($id), 0, "$what: not in the store's list");
	my $next = run_backup($node, 'app');
	is(debris(), '', "$what: the next run leaves nothing of it");
	is(sql($node, "SELECT status FROM backup_runs WHERE backup_id = '$id'"), 'interrupted', "$what: it stays interrupted");
	is(sql($node, "SELECT count(*) FROM backup_catalog WHERE backup_id = '$id'"), '0', "$what: it is no backup");
	is(sql($node, "SELECT ok FROM backup_verify('$next')"), 't', "$what: the next backup is sound");
}

# Files of a store are read-only for their owner, too.
sub overwrite
{
	my ($path, $text) = @_;
	unlink $path or die "$path: $!";
	return write_file($path, $text);
}

# --- after the commit mark: the backup is there ----------------------------------------------------------

# Ends a run after its commit mark and before its row; returns the backup's id.
sub kill_after_mark
{
	my (%opts) = @_;
	my $lock = background($node, 'BEGIN; LOCK TABLE backup_restore_points IN SHARE MODE; SELECT pg_sleep(60)');
	wait_for($node, q{SELECT count(*) > 0 FROM pg_locks WHERE relation = 'backup_restore_points'::regclass AND mode = 'ShareLock' AND granted});
	my $run = background($node, $opts{run} // q{SELECT backup_run(database => 'app')});
	wait_for($node, q{SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'lifeboat run' AND wait_event_type = 'Lock'}, timeout => 30);
	my $id = newest_run('backup_id');
	kill_run($run);
	finish_background($lock);
	return $id;
}

my $whole = kill_after_mark();
is(newest_run('status'), 'interrupted', 'killed after its commit mark: interrupted, as far as anybody knows');
is(in_store($whole), 1, 'but the backup is complete');
my $next = run_backup($node, 'app');
is(sql($node, "SELECT status, error, sqlstate, tables, rows, stored_bytes > 0, notes FROM backup_runs WHERE backup_id = '$whole'"),
	'succeeded|||1|1000|t|{"its process was gone before it could say so: found complete in the store"}', 'the next run finds it: succeeded');
is(sql($node, "SELECT p.imported, p.status, p.role_name = r.acting_role::text, p.run_id = r.id, p.key FROM backup_restore_points p JOIN backup_runs r USING (backup_id) WHERE backup_id = '$whole'"),
	'f|available|t|t|main', 'it is in the catalog as a backup of this server');
is(sql($node, "SELECT schema, relation, rows FROM backup_relations WHERE backup_id = '$whole'"), 'public|t|1000', 'with its tables');
like(sql($node, "SELECT actor, action, detail FROM backup_events WHERE subject = '$whole' AND action = 'run.recovered'"),
	qr/^\w+\|run\.recovered\|\{"run": "\d+", "found_by_run": "\d+"\}$/, 'and an event says how');
is(sql($node, "SELECT ok FROM backup_verify('$whole')"), 't', 'it is sound');
is(sql($node, "SELECT (SELECT sequence FROM backup_restore_points WHERE backup_id = '$next') - sequence FROM backup_restore_points WHERE backup_id = '$whole'"),
	'1', 'and the predecessor of the next');

my $imported = kill_after_mark();
is(sql($node, "SELECT action FROM backup_import('local') WHERE backup_id = '$imported'"), 'imported', 'backup_import finds it too');
is(newest_run('status'), 'succeeded', 'and mends its row');

# What nobody has signed could be anybody's.
my $changed = kill_after_mark();
my $folder = "$store/backups/$changed";
my $manifest = read_file("$folder/manifest.json");
$manifest =~ s/"role": "[^"]*"/"role": "mallory"/ or die;
my $sums = read_file("$folder/SHA256SUMS");
my $digest = sha256_hex($manifest);
$sums =~ s/^[0-9a-f]{64}(  backups\/\Q$changed\E\/manifest\.json)$/$digest$1/m or die;
overwrite("$folder/manifest.json", $manifest);
overwrite("$folder/SHA256SUMS", $sums);
run_backup($node, 'app');
is(sql($node, "SELECT status FROM backup_runs WHERE backup_id = '$changed'"), 'interrupted', 'one that was changed meanwhile stays interrupted');
is(sql($node, "SELECT count(*) FROM backup_catalog WHERE backup_id = '$changed'"), '0', 'and out of the catalog');

# --- unsigned: what the run committed is what it verifies ---------------------------------------------

my $clear = make_store($node, name => 'clear', encryption => 'none');
sql($node, "SELECT backup_create_key('unsigned', secret => 'file:$keys/server.secret')");
sql($node, "SELECT backup_schedule('checked', '0 3 1 1 *', 'app', store => 'clear', key => 'unsigned', verify => 'checksum', timezone => 'UTC', retries => 0)");

sub rewrite
{
	my ($dir, $from, $to) = @_;
	my $text = read_file("$dir/manifest.json");
	$text =~ s/$from/$to/ or die "no $from in $dir/manifest.json";
	my $list = read_file("$dir/SHA256SUMS");
	my $hash = sha256_hex($text);
	$list =~ s/^[0-9a-f]{64}(  \S*\/manifest\.json)$/$hash$1/m or die;
	overwrite("$dir/manifest.json", $text);
	overwrite("$dir/SHA256SUMS", $list);
	return sha256_hex($list);
}

{
	my $lock = background($node, 'BEGIN; LOCK TABLE backup_restore_points IN SHARE MODE; SELECT pg_sleep(60)');
	wait_for($node, q{SELECT count(*) > 0 FROM pg_locks WHERE relation = 'backup_restore_points'::regclass AND mode = 'ShareLock' AND granted});
	my $run = background($node, q{SELECT backup_run('checked')});
	wait_for($node, q{SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'lifeboat run' AND wait_event_type = 'Lock'}, timeout => 30);
	my $id = newest_run('backup_id');
	my $committed = sha256_hex(read_file("$clear/backups/$id/SHA256SUMS"));
	my $forged = rewrite("$clear/backups/$id", qr/"role": "[^"]*"/, '"role": "mallory"');
	sql($node, q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK TABLE%' AND pid <> pg_backend_pid()});
	finish_background($lock);
	my ($rc, $out, $err) = finish_background($run);
	isnt($rc, 0, 'an unsigned backup that was replaced between commit and verification is noticed');
	is($err, "ERROR:  backup $id was stored, and its verification found 1 problems\n"
		. "DETAIL:  backups/$id/SHA256SUMS is damaged: Its SHA-256 is $forged, the backup was taken with $committed.\n"
		. "HINT:  SELECT * FROM backup_verify('$id');\n", 'in these words');
	sql($node, "SELECT backup_delete('$id')");
}

# --- a forged predecessor ------------------------------------------------------------------------------

my $genuine = sql($node, q{SELECT backup_run('checked')});
(my $planted = $genuine) =~ s/-full-.*/-full-0badc0de/;
system('cp', '-r', "$clear/backups/$genuine", "$clear/backups/$planted") == 0 or die;
{
	my $list = read_file("$clear/backups/$planted/SHA256SUMS");
	my $text = read_file("$clear/backups/$planted/manifest.json");
	s/\Q$genuine\E/$planted/g for $list, $text;
	$text =~ s/"sequence": "\d+"/"sequence": "50"/;
	overwrite("$clear/backups/$planted/manifest.json", $text);
	overwrite("$clear/backups/$planted/SHA256SUMS", $list);
}
my $after = sql($node, q{SELECT backup_run('checked')});
my $head = read_file("$clear/backups/$after/manifest.json");
like($head, qr/"sequence": "51"/, 'its number is above all that are there');
my $genuine_sums = sha256_hex(read_file("$clear/backups/$genuine/SHA256SUMS"));
like($head, qr/"previous": \{"backup_id":"\Q$genuine\E","sums_sha256":"$genuine_sums"\}/, 'but a predecessor is only what is known');

$node->stop;
done_testing();
