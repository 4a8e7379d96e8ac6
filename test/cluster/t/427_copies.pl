# A copy of the cluster shares a store with the original: it does nothing there until it is adopted, and then never removes
# what the original is making. What a run has left is removed in the end, whoever's it was and whatever it says of itself.
use strict;
use warnings;

use Held;
use LifeboatTest;

my ($bin, $slow) = slow_pg_dump();
my $real = bin_dir();

my $node = new_cluster('original', streaming => 1, conf => { 'lifeboat.workers' => 1, 'lifeboat.bin_directory' => "'$bin'" });
make_keys($node);
my $store = make_store($node);
sql($node, 'CREATE DATABASE app');
sql($node, app => 'CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n');
run_backup($node, 'app');
$node->backup('base');
my $copy = PostgreSQL::Test::Cluster->new('copy');
$copy->init_from_backup($node, 'base');
$copy->append_conf('postgresql.conf', "lifeboat.bin_directory = '$real'\n");
$copy->start;

# --- until it is adopted it writes to no store ---------------------------------------------------------

my $was = $node->data_dir;
my $is = $copy->data_dir;
my $system = sql($node, 'SELECT system_identifier FROM pg_control_system()');
chomp(my $refusal = sql_error($copy, "SELECT backup_run(database => 'app')"));
is($refusal, "ERROR:  55000: this cluster is a copy that was not adopted\n"
	. "DETAIL:  The catalog belongs to system identifier $system in data directory \"$was\"; this is $system in \"$is\".\n"
	. "HINT:  If this copy takes over: SELECT backup_adopt();", 'a copy takes no backup of its own accord');
is(sql($copy, "SELECT status, detail, hint FROM backup_health WHERE check_name = 'cluster'"),
	"warning|The catalog belongs to system identifier $system in data directory \"$was\"; this is $system in \"$is\".|If this copy takes over: SELECT backup_adopt();",
	'backup_health says so');
is(sql($node, "SELECT count(*) FROM backup_health WHERE check_name = 'cluster' AND status <> 'ok'"), '0', 'the original is what it was');
is(sql($copy, 'SELECT backup_adopt()'), '0', 'it is adopted, and has no schedule to take over');
is(sql($copy, "SELECT actor = current_user, action, detail ->> 'from_data_directory' FROM backup_events ORDER BY id DESC LIMIT 1"),
	"t|cluster.adopt|$was", 'which is an event');

# --- the original's run at work ----------------------------------------------------------------------------

sub start_slow
{
	write_file($slow, '');
	my $run = background($node, q{SELECT backup_run(database => 'app')});
	wait_for($node, q{SELECT count(*) > 0 FROM backup_progress WHERE phase = 'schema'}, timeout => 30);
	return $run;
}

sub age_files
{
	my ($days, @files) = @_;
	my $when = time - $days * 86400;
	utime $when, $when, @files or die $!;
	return;
}

# Something for a cleaner to do: a run of the original that died.
sub leave_debris
{
	my $run = start_slow();
	my $id = sql($node, 'SELECT backup_id FROM backup_runs ORDER BY id DESC LIMIT 1');
	kill_worker($node, 'lifeboat run', 'KILL');
	unlink $slow;
	finish_background($run);
	wait_up($node);
	wait_for($node, q{SELECT count(*) = 0 FROM backup_runs WHERE status IN ('running', 'queued')}, timeout => 30);
	return $id;
}

my $run = start_slow();
my $live = sql($node, 'SELECT backup_id FROM backup_runs ORDER BY id DESC LIMIT 1');
my $beside = run_backup($copy, 'app');
like($beside, qr/^app-/, 'the copy takes a backup beside it');
ok(-e "$store/backups/$live/started", "and lets the original's run be");
unlink $slow;
my ($rc, $out, $err) = finish_background($run);
is($rc, 0, "the original's run ends well") or diag($err);
is(sql($node, "SELECT ok FROM backup_verify('$live')"), 't', 'and its backup is sound');

# --- what is left is removed when its deadline has passed ----------------------------------------------

my $dead = leave_debris();
run_backup($copy, 'app');
ok(-e "$store/backups/$dead/started", "another's dead run is not known to be dead before its deadline");
my $started = read_file("$store/backups/$dead/started");
(my $late = $started) =~ s/"deadline": "[^"]*"/"deadline": "2999-01-01T00:00:00.000000Z"/ or die;
unlink "$store/backups/$dead/started" or die $!;
write_file("$store/backups/$dead/started", $late);
age_files(8, "$store/backups/$dead/started");
run_backup($copy, 'app');
ok(!-e "$store/backups/$dead", 'no run is longer than a week, whatever its file says');

# A stranger's file with a far deadline holds nothing up for ever, nor does one that nobody can read.
my $stranger = 'app-20260101T000000Z-full-00000001';
my $broken = 'app-20260101T000000Z-full-00000002';
mkdir "$store/backups/$_" or die for $stranger, $broken;
$late =~ s/\Q$dead\E/$stranger/;
$late =~ s/"system_identifier": "\d+"/"system_identifier": "1"/ or die;
write_file("$store/backups/$stranger/started", $late);
write_file("$store/backups/$broken/started", 'nothing');
age_files(6, "$store/backups/$_/started") for $stranger, $broken;
my $second = leave_debris();
run_backup($node, 'app');
ok(-e "$store/backups/$second/started", 'what may be at work somewhere keeps everything younger');
age_files(8, "$store/backups/$_/started") for $stranger, $broken;
run_backup($node, 'app');
ok(!-e "$store/backups/$second", 'for a week');
ok(-e "$store/backups/$stranger/started", "a stranger's file is not ours to remove");

# --- a catalog made anew does not know the runs of the old one ------------------------------------------

write_file($slow, '');
sql($node, q{SELECT backup_run(database => 'app', wait => false)}); # a caller who waits would keep the extension from being dropped
wait_for($node, q{SELECT count(*) > 0 FROM backup_progress WHERE phase = 'schema'}, timeout => 30);
$live = sql($node, 'SELECT backup_id FROM backup_runs ORDER BY id DESC LIMIT 1');
my $keys_sql = sql($node, q{SELECT format('SELECT backup_create_key(''main'', recipients => %L, secret => %L, signer => %L)', recipients, secret, signer) FROM backup_keys});
sql($node, 'DROP EXTENSION pg_lifeboat CASCADE; CREATE EXTENSION pg_lifeboat');
sql($node, $keys_sql);
sql($node, "SELECT backup_create_store('local', 'file://$store')");
is(sql($node, q{SELECT count(*) FROM backup_runs}), '0', 'the new catalog knows no run');
$node->append_conf('postgresql.conf', "lifeboat.bin_directory = '$real'\n");
$node->reload;
wait_for($node, "SELECT current_setting('lifeboat.bin_directory') = '$real'");
run_backup($node, 'app');
ok(-e "$store/backups/$live/started", 'and lets the one at work be');
unlink $slow;
wait_for($node, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'lifeboat run'}, timeout => 30);

$copy->stop;
$node->stop;
done_testing();
