# Retention from end to end: what backup_prune says and does, who is spared, what a killed prune leaves, and a store that
# lets nobody delete.
use strict;
use warnings;

use Held;
use LifeboatTest;
use Time::HiRes qw(sleep time);

my ($node, $stop) = stoppable_cluster('prune', conf => { 'lifeboat.workers' => 1 });
my $keys = make_keys($node);
our $store = make_store($node);
sql($node, 'CREATE DATABASE app');
sql($node, app => 'CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n');

# --- what the store holds ------------------------------------------------------------------------------

# Files that no backup needs: of folders without a commit mark, objects and keys that no manifest names.
sub debris
{
	my (%named, @left);
	for my $folder (glob "$store/backups/*")
	{
		if (!-e "$folder/SHA256SUMS.sig") { push @left, grep { -f } glob "$folder/* $folder/.[!.]*"; next; }
		$named{$_} = 1 for map { /^[0-9a-f]{64}  (.*)$/ ? $1 : () } split /\n/, read_file("$folder/SHA256SUMS");
		$named{$_} = 1 for key_ids("$folder/manifest.json");
	}
	for my $file (map { substr $_, length("$store/") } glob "$store/objects/*/* $store/keys/*")
	{
		push @left, $file unless $named{ $file =~ m{^keys/([0-9a-f]{32})\.} ? $1 : $file };
	}
	return join "\n", @left;
}

sub key_ids
{
	my ($manifest) = @_;
	my ($list) = read_file($manifest) =~ /"key_ids":\s*\[([^\]]*)\]/ or die "$manifest has no key_ids";
	return $list =~ /"([0-9a-f]{32})"/g;
}

# Objects and keys that a manifest names, committed or not, and that are not there.
sub missing
{
	my @missing;
	for my $manifest (glob "$store/backups/*/manifest.json")
	{
		my $text = read_file($manifest);
		my @keys = map { "keys/$_.1.cms" } key_ids($manifest);
		push @missing, map { "$manifest: $_" } grep { !-e "$store/$_" } $text =~ m{"(objects/[^"]+)"}g, @keys;
	}
	return join "\n", @missing;
}

sub in_store { return join ' ', sort map { s{.*/}{}r } glob "$store/backups/*"; }

sub prune { my ($args) = @_; return sql($node, "SELECT backup_id, action, rule FROM backup_prune($args)"); }

sub scheduled { return sql($node, "SELECT backup_run('nightly')"); }

# --- options of a schedule --------------------------------------------------------------------------------

my $schedule = q{SELECT backup_schedule('nightly', '0 0 1 1 *', 'app', timezone => 'Europe/Berlin', retries => 0};
for my $bad (
	[ 'keep_last => 0', 'keep_last must be between 1 and 2147483647, not 0' ],
	[ 'keep_yearly => -1', 'keep_yearly must be between 1 and 2147483647, not -1' ],
	[ q{keep_within => '-1 day'}, 'keep_within must be more than zero, not -1 days' ])
{
	like(sql_error($node, "$schedule, $bad->[0])"), qr/^ERROR:  22023: \Q$bad->[1]\E$/m, "$bad->[0] is refused");
}
sql($node, "$schedule)");

# --- what it says ---------------------------------------------------------------------------------------

my $ad_hoc = run_backup($node, 'app');
my @ids = map { scheduled() } 1 .. 5;
is(prune(''), join("\n", map { "$_|keep|no_policy" } reverse $ad_hoc, @ids), 'without a rule nothing is deleted');
like(sql($node, q{SELECT detail FROM backup_health WHERE check_name = 'retention'}),
	qr/^6 backups of no schedule with keep rules stay: $ids[4], .*, …$/, 'backup_health lists what no rule applies to');
sql($node, q{SELECT backup_alter_schedule('nightly', keep_last => 2, keep_yearly => 3)});
sql($node, "SELECT ok FROM backup_verify('$ids[2]')");
is(sql($node, "SELECT ok FROM backup_verify('$ids[2]', level => 'present')"), 't', 'a lesser verification');
is(sql($node, "SELECT verified_level FROM backup_catalog WHERE backup_id = '$ids[2]'"), 'content', 'takes nothing from a thorough one');
sql($node, "SELECT backup_pin('$ids[1]', 'the books')");
my $before = in_store();
my $said = join "\n",
  "$ids[4]|keep|keep_last,keep_yearly,floor_complete",
  "$ids[3]|keep|keep_last",
  "$ids[2]|keep|floor_verified",
  "$ids[1]|keep|pinned",
  "$ids[0]|keep|keep_yearly (oldest)",
  "$ad_hoc|keep|no_policy";
is(prune(''), $said, 'each backup has the rules that keep it');
is(sql($node, 'SELECT backup_id, keep_rule FROM backup_catalog ORDER BY taken_at DESC'), $said =~ s/\|keep\|/|/gr,
	'backup_catalog shows the same');
sql($node, q{SELECT backup_alter_schedule('nightly', reset => '{keep_yearly}')});
$said =~ s/keep_last,keep_yearly/keep_last/;
$said =~ s/keep\|keep_yearly \(oldest\)/delete|expired/;
is(prune(''), $said, 'a dry run says what would go');
is(in_store(), $before, 'and deletes nothing');
is(sql($node, "SELECT keep_rule FROM backup_catalog WHERE backup_id = '$ids[0]'"), 'expired', 'backup_catalog says so, too');
is(sql($node, 'SELECT DISTINCT store FROM backup_prune()'), 'local', 'of which store');
is(sql($node, q{SELECT bool_and(p.bytes = c.stored_bytes) FROM backup_prune('local') p JOIN backup_catalog c USING (backup_id)}), 't',
	'and how many bytes were new in it');
like(sql_error($node, q{SELECT * FROM backup_prune('nowhere')}), qr/^ERROR:  42704: store "nowhere" does not exist/m, 'an unknown store');

for my $within ([ '1 hour', 5 ], [ '2 years 1 mon 3 days 04:05:06.7', 5 ], [ '0.001 seconds', 1 ])
{
	sql($node, "SELECT backup_alter_schedule('nightly', keep_within => '$within->[0]', reset => '{keep_last}')");
	is(sql($node, q{SELECT count(*) FROM backup_catalog WHERE keep_rule LIKE '%keep_within%'}), $within->[1], "keep_within $within->[0]");
}
sql($node, q{SELECT backup_alter_schedule('nightly', keep_last => 2, reset => '{keep_within}')});
like(sql_error($node, q{BEGIN READ ONLY; SELECT count(*) FROM backup_prune(); SELECT * FROM backup_prune(dry_run => false)}),
	qr/^ERROR:  25006: cannot execute backup_prune\(dry_run => false\) in a read-only transaction$/m, 'only a dry run may be read-only');
like(sql_error($node, q{BEGIN; SELECT * FROM backup_prune(dry_run => false)}),
	qr/^ERROR:  25001: backup_prune\(dry_run => false\) cannot run inside a transaction block$/m, 'what it deletes no rollback brings back');
like(sql_error($node, q{SET default_transaction_isolation = 'repeatable read'; SELECT * FROM backup_prune(dry_run => false)}),
	qr/^ERROR:  55000: backup_prune\(dry_run => false\) needs isolation level read committed$/m, 'it must see what others do');
my $pinning = background($node, "BEGIN; SELECT backup_pin('$ids[0]', 'for a while'); SELECT pg_sleep(60)");
wait_for($node, q{SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
is(sql($node, q{SET statement_timeout = '20s'; SELECT backup_id FROM backup_prune(dry_run => false) WHERE action = 'postponed'}), $ids[0],
	'it waits for nobody who pins');
sql($node, q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
finish_background($pinning);
# A copy or a restore at work reads it.
sql($node, "INSERT INTO backup_copies (backup_id, store, database, status, retry) VALUES ('$ids[0]', 'local', 'app', 'running', false)");
is(sql($node, q{SELECT backup_id FROM backup_prune(dry_run => false) WHERE action = 'postponed'}), $ids[0], 'what is being copied stays');
sql($node, 'DELETE FROM backup_copies');

# --- what it does ---------------------------------------------------------------------------------------

(my $done = $said) =~ s/^(.*)\n(.*delete.*)\n(.*)$/$1\n$3\n$2/s;
is(prune('dry_run => false'), $done, 'it does what it said');
unlike(in_store(), qr/$ids[0]/, 'nothing is left of the backup');
is(debris(), '', 'nor of its objects and keys');
is(missing(), '', 'all others have theirs');
is(sql($node, "SELECT status, keep_rule FROM backup_catalog WHERE backup_id = '$ids[0]'"), 'deleted|', 'its row says deleted');
is(sql($node, q{SELECT actor = current_user, action, subject, detail - 'bytes' FROM backup_events WHERE action LIKE '%.prune' ORDER BY id}),
	qq(t|backup.prune|$ids[0]|{"rule": "expired", "store": "local", "schedule": "nightly"}\n)
	  . 't|store.prune|local|{"backups": "1", "objects": "6", "postponed": "0"}', 'events tell');
is(prune('dry_run => false'), $said =~ s/^.*delete.*\n//mr, 'the next one has nothing to do');
for my $id (grep { $_ ne $ids[0] } $ad_hoc, @ids)
{
	is(sql($node, "SELECT ok FROM backup_verify('$id')"), 't', "$id is sound");
}

# --- who is spared ---------------------------------------------------------------------------------------

# All but the two newest were verified just now: the newest of them is a floor, as is the newest of all.
sql($node, "SELECT backup_unpin('$ids[1]')");
is(sql($node, "SELECT keep_rule FROM backup_catalog WHERE backup_id = '$ids[1]'"), 'expired', 'not pinned any more');
my $object = (split ' ', (grep { /objects/ } split /\n/, read_file("$store/backups/$ids[1]/SHA256SUMS"))[0])[1];
rename "$store/$object", "$store/../$$.object" or die $!;
is(sql($node, "SELECT ok FROM backup_verify('$ids[1]')"), 'f', 'an object is lost');
is(sql($node, "SELECT keep_rule FROM backup_catalog WHERE backup_id = '$ids[1]'"), 'damaged', 'a damaged backup is not deleted');
rename "$store/../$$.object", "$store/$object" or die $!;
is(sql($node, "SELECT ok FROM backup_verify('$ids[1]')"), 't', 'it is found');
is(sql($node, "SELECT keep_rule FROM backup_catalog WHERE backup_id = '$ids[1]'"), 'expired', 'then the rules apply again');

# A copy of the cluster: by its data directory, or by the system identifier of a dumped catalog.
sub rule { my ($id) = @_; return sql($node, "SELECT keep_rule FROM backup_catalog WHERE backup_id = '$id'"); }
sql($node, q{UPDATE backup_installation SET data_directory = data_directory || '/elsewhere'});
is(sql($node, q{SELECT DISTINCT rule FROM backup_prune()}), 'no_policy', 'nothing is pruned where the catalog is not at home');
sql($node, q{UPDATE backup_installation SET data_directory = (SELECT data_directory FROM backup_this_cluster())});
is(rule($ids[1]), 'expired', 'but where it is');
sql($node, q{UPDATE backup_restore_points SET system_identifier = '1'});
is(sql($node, q{SELECT DISTINCT rule FROM backup_prune()}), 'no_policy', 'nothing that another cluster has taken');
is(sql($node, q{SELECT backup_adopt('nightly')}), '0', 'not by a schedule that was adopted');
is(rule($ids[1]), 'no_policy', 'alone');
sql($node, q{SELECT backup_adopt()});
is(rule($ids[1]), 'expired', 'but by the adoption of the whole cluster');
sql($node, q{UPDATE backup_installation SET adopted = '{}'});
sql($node, qq{UPDATE backup_restore_points SET system_identifier = c.system_identifier FROM backup_this_cluster() c WHERE backup_id <> '$ids[4]'});
is(rule($ids[3]), 'keep_last,floor_complete,floor_verified', "another cluster's backup is no floor for ours");
sql($node, q{UPDATE backup_restore_points SET system_identifier = c.system_identifier FROM backup_this_cluster() c});
sql($node, 'ALTER DATABASE app RENAME TO app_old; CREATE DATABASE app');
sql($node, q{SELECT backup_alter_schedule('nightly', keep_last => 1)});
my $of_new = scheduled();
is(sql($node, "SELECT keep_rule FROM backup_catalog WHERE backup_id = '$ids[4]'"), 'floor_complete,floor_verified',
	'a renamed database has a floor of its own');
sql($node, 'DROP DATABASE app; ALTER DATABASE app_old RENAME TO app');
sql($node, q{SELECT backup_unschedule('nightly')});
is(sql($node, q{SELECT DISTINCT rule FROM backup_prune()}), 'no_policy', 'a dropped schedule has no rules');
sql($node, "$schedule, keep_last => 1)" =~ s/'app'/'template1'/r);
is(sql($node, q{SELECT DISTINCT rule FROM backup_prune()}), 'no_policy', 'nor has one that is of another database now');

# --- the run prunes ----------------------------------------------------------------------------------------

sql($node, "$schedule, keep_last => 1, verify => 'content')");
my $newest = scheduled();
is(prune(''), "$newest|keep|keep_last,floor_complete,floor_verified\n$ad_hoc|keep|no_policy", 'a run prunes when it has succeeded');
like(sql($node, "SELECT notes FROM backup_runs WHERE backup_id = '$newest'"), qr/^\{"pruned \d+ backups and [0-9.]+ [kM]B in store \\"local\\""\}$/,
	'and says so');
is(debris(), '', 'nothing is left of them');
is(in_store(), join(' ', sort $ad_hoc, $newest), 'but the newest');
my $lock = background($node, app => 'BEGIN; LOCK TABLE t; SELECT pg_sleep(60)');
wait_for($node, q{SELECT count(*) > 0 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 't'::regclass}, database => 'app');
sql_error($node, q{SET statement_timeout = '1s'; SELECT backup_run('nightly')});
finish_background($lock, signal => 'KILL');
sql($node, q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%LOCK TABLE t%' AND pid <> pg_backend_pid()});
is(sql($node, 'SELECT status FROM backup_runs ORDER BY id DESC LIMIT 1'), 'cancelled', 'a run that does not succeed');
is(in_store(), join(' ', sort $ad_hoc, $newest), 'deletes nothing');

# --- killed before each file that it removes ------------------------------------------------------------

# Whether the prune comes to where it is to stop.
sub reaches
{
	my ($prune) = @_;
	my $until = time + 30;
	while (!-e "$stop.reached" && time < $until && $prune->{handle}->pumpable)
	{
		$prune->{handle}->pump_nb;
		sleep 0.02;
	}
	return -e "$stop.reached";
}

# One that has not been verified expires with the next: the newest verified one is a floor.
sub expire_one
{
	sql($node, q{SELECT backup_alter_schedule('nightly', reset => '{keep_last}')});
	my ($old, $next) = (sql($node, q{SELECT backup_id FROM backup_catalog ORDER BY taken_at DESC LIMIT 1}), scheduled());
	sql($node, q{SELECT backup_alter_schedule('nightly', keep_last => 1)});
	return ($old, $next);
}

sql($node, q{SELECT backup_alter_schedule('nightly', reset => '{verify}')});
scheduled();
my ($killed, $finished) = (0, 0);
for my $step (1 .. 40)
{
	my ($old, $next) = expire_one();
	write_file($stop, $step, 0644);
	my $prune = background($node, q{SELECT backup_id, action FROM backup_prune(dry_run => false)});
	if (!reaches($prune))
	{
		unlink $stop;
		finish_background($prune);
		$finished = 1;
		last;
	}
	kill_pid(sql($node, q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT backup_id, action FROM backup_prune%' AND pid <> pg_backend_pid()}), 'KILL');
	unlink $stop, "$stop.reached";
	finish_background($prune);
	wait_up($node);
	++$killed;
	is(missing(), '', "killed before file $step: no manifest names what is gone");
	sql($node, q{SELECT count(*) FROM backup_prune(dry_run => false)});
	is(debris(), '', "killed before file $step: the next prune leaves nothing");
	is(in_store(), join(' ', sort $ad_hoc, $newest, $next), "killed before file $step: and the newest");
	is(sql($node, q{SELECT string_agg(backup_id, ' ' ORDER BY backup_id) FROM backup_catalog WHERE status <> 'deleted'}), in_store(),
		"killed before file $step: the catalog knows");
}
ok($finished, 'once it was not reached');
cmp_ok($killed, '>=', 11, 'signature, sums, manifest, toc, objects, keys, started');

# What was decided is decided again before each backup: rules may change while it is at work.
my ($first_old) = expire_one();
sql($node, q{SELECT backup_alter_schedule('nightly', reset => '{keep_last}')});
my $second_old = sql($node, q{SELECT backup_id FROM backup_catalog ORDER BY taken_at DESC LIMIT 1});
scheduled();
sql($node, q{SELECT backup_alter_schedule('nightly', keep_last => 1)});
write_file($stop, '1', 0644);
my $at_work = background($node, q{SELECT backup_id, action FROM backup_prune(dry_run => false) WHERE action <> 'keep' ORDER BY action});
ok(reaches($at_work), 'a prune of two backups');
sql($node, q{SELECT backup_alter_schedule('nightly', keep_last => 3)});
unlink $stop, "$stop.reached";
my ($rc, $out, $err) = finish_background($at_work);
is($out, "$second_old|delete\n$first_old|postponed\n", 'asks the rules again for the second');
is(rule($first_old), 'keep_last', 'which it keeps');
sql($node, q{SELECT backup_alter_schedule('nightly', keep_last => 1)});
sql($node, q{SELECT count(*) FROM backup_prune(dry_run => false)});

# Nor is a backup deleted by hand that was pinned while that waited.
sql($node, "UPDATE backup_restore_points SET status = 'damaged' WHERE backup_id = '$newest'");
$pinning = background($node, "BEGIN; SELECT backup_pin('$newest', 'for good'); SELECT pg_sleep(3); COMMIT");
wait_for($node, q{SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
like(sql_error($node, "SELECT backup_delete('$newest')"), qr/^ERROR:  55000: backup $newest is pinned$/m, 'a backup that is pinned meanwhile');
finish_background($pinning);
sql($node, "UPDATE backup_restore_points SET status = 'available' WHERE backup_id = '$newest'; SELECT backup_unpin('$newest')");
is(sql($node, "SELECT ok FROM backup_verify('$newest')"), 't', 'is there');

# Rows of the catalog restore nothing: what is going to be left is looked at first.
my ($doomed, $last) = expire_one();
($object) = map { (split ' ')[1] } grep { /objects/ } split /\n/, read_file("$store/backups/$last/SHA256SUMS");
rename "$store/$object", "$store/../$$.object" or die $!;
(undef, undef, $err) = $node->psql('postgres', q{SELECT count(*) FROM backup_prune(dry_run => false)});
like($err, qr/NOTICE:  store "local" could not be pruned: backup $last in store "local" is not whole, and others would be deleted because it is kept$/m,
	'what is kept is not whole: nothing is deleted');
is(sql($node, "SELECT status FROM backup_catalog WHERE backup_id = '$doomed'"), 'available', 'the other one is there');
rename "$store/../$$.object", "$store/$object" or die $!;
sql($node, q{SELECT count(*) FROM backup_prune(dry_run => false)});
is(sql($node, "SELECT status FROM backup_catalog WHERE backup_id = '$doomed'"), 'deleted', 'until it is whole again');

# Cancelled it ends at once, and the next one finishes.
expire_one();
write_file($stop, '8', 0644);
my $cancelled = background($node, q{SELECT backup_id, action FROM backup_prune(dry_run => false)});
ok(reaches($cancelled), 'a prune at work');
sql($node, q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT backup_id, action FROM backup_prune%' AND pid <> pg_backend_pid()});
unlink $stop, "$stop.reached";
($rc, $out, $err) = finish_background($cancelled);
like($err, qr/canceling statement due to user request/, 'is cancelled');
is(missing(), '', 'no manifest names what is gone');
sql($node, q{SELECT count(*) FROM backup_prune(dry_run => false)});
is(debris(), '', 'the next one finishes');

# A run that is killed while it prunes has succeeded all the same, and the next one finishes.
for my $file (qw(SHA256SUMS manifest.json started))
{
	expire_one();
	write_file($stop, "-$file", 0644);
	my $run = background($node, q{SELECT backup_run('nightly')});
	ok(reaches($run), "a run prunes, before it removes $file");
	kill_worker($node, 'lifeboat run', 'KILL');
	unlink $stop, "$stop.reached";
	finish_background($run);
	wait_up($node);
	is(sql($node, 'SELECT status FROM backup_runs ORDER BY id DESC LIMIT 1'), 'succeeded', 'killed there, it has succeeded');
	is(missing(), '', 'no manifest names what is gone');
	my $next = scheduled();
	is(debris(), '', 'the next run leaves nothing');
	is(in_store(), join(' ', sort $ad_hoc, $newest, $next), 'but what the rules keep');
}

# --- a store that lets nobody delete ---------------------------------------------------------------------

my ($old, $kept) = expire_one();
my $system = sql($node, 'SELECT system_identifier FROM backup_this_cluster()');
SKIP:
{
	skip 'root may do anything', 15 if $> == 0;
	chmod 0300, "$store/backups" or die $!;
	is(sql($node, q{SELECT backup_id, action FROM backup_prune(dry_run => false) WHERE action <> 'keep'}), "$old|refused", 'nor be looked at');
	chmod 0700, "$store/backups" or die $!;
	chmod 0500, "$store/backups/$old" or die $!;
	my ($rc, $out, $err) = $node->psql('postgres', 'SELECT backup_id, action, rule FROM backup_prune(dry_run => false)');
	is($rc, 0, 'an append-only store is no error');
	is($out, "$kept|keep|keep_last,floor_complete\n$newest|keep|floor_verified\n$ad_hoc|keep|no_policy\n$old|refused|expired", 'it says what it would delete');
	like($err, qr/NOTICE:  store "local" refuses to delete: could not remove "backups\/$old\/started".*Permission denied/, 'why not');
	my ($command) = $err =~ /^HINT:  Whoever may delete there types: (lifeboat prune .*)$/m;
	is($command, "lifeboat prune --store 'file://$store' --schedule 'nightly' --timezone Europe/Berlin --keep-last 1 --system-identifier $system --keep $kept --keep $newest --delete",
		'and what whoever may delete has to type');
	is(sql($node, "SELECT status FROM backup_catalog WHERE backup_id = '$old'"), 'available', 'the backup is one still');
	is(missing(), '', 'with all it needs');
	like(sql($node, q{SELECT status, detail FROM backup_health WHERE check_name = 'retention' AND status <> 'ok'}),
		qr/^warning\|the last prune failed at .*: could not remove/, 'backup_health says so');
	my $run = scheduled();
	like(sql($node, "SELECT status, notes FROM backup_runs WHERE backup_id = '$run'"),
		qr/^succeeded\|\{"store \\"local\\" could not be pruned: could not remove/, 'a run succeeds all the same, and says it');
	chmod 0700, "$store/backups/$old" or die $!;
	my (undef, @words) = map { s{^'(.*)'$}{$1}r } split ' ', $command;
	($rc, $out, $err) = cli(@words, '--signer-public', "$keys/signer.pub");
	is($rc, 0, 'what was to be typed is typed');
	like($err, qr/^lifeboat: warning: there is no backup "$kept" to keep\nlifeboat: note: deleted 1 backup, 6 objects with [0-9.]+ kB$/, 'it says what it did');
	is(in_store(), join(' ', sort $ad_hoc, $newest, $run), 'the command line deletes');
	is(debris(), '', 'all of it');
	sql($node, q{SELECT count(*) FROM backup_prune(dry_run => false)});
	is(sql($node, q{SELECT string_agg(backup_id, ' ' ORDER BY backup_id) FROM backup_catalog WHERE status <> 'deleted'}), in_store(),
		'and the next prune tells the catalog');
	is(sql($node, q{SELECT count(*) FROM backup_health WHERE check_name = 'retention' AND status <> 'ok'}), '0', 'all is well again');
}

# --- copies in another store -------------------------------------------------------------------------------

# Everything is copied there but the newest backup.
sql($node, q{SELECT backup_alter_schedule('nightly', reset => '{keep_last}')});
my @copied = reverse map { scheduled() } 1 .. 2;
my $away = make_store($node, name => 'away');
sql($node, "SELECT backup_copy(backup_id, 'away') FROM backup_catalog WHERE store = 'local' AND status = 'available' ORDER BY taken_at");
my $only_here = scheduled();
sql($node, q{SELECT backup_alter_schedule('nightly', keep_last => 2)});
is(sql($node, q{SELECT store, backup_id, rule FROM backup_prune() WHERE rule LIKE '%keep_last%' OR rule LIKE '%floor_complete%' ORDER BY store, rule DESC}),
	join("\n", "away|$copied[0]|keep_last,floor_complete", "local|$only_here|keep_last,floor_complete", "local|$copied[0]|keep_last"),
	'a rule keeps all copies of a backup, and the floor is of each store');
is(sql($node, "SELECT string_agg(store || ' ' || action, ', ' ORDER BY store) FROM backup_prune() WHERE backup_id = '$copied[1]'"),
	'away delete, local delete', 'or none of them');
scheduled();
is(sql($node, "SELECT string_agg(DISTINCT status, ' ') FROM backup_restore_points WHERE backup_id = '$copied[1]'"), 'deleted',
	'a run prunes both stores');
is(join(' ', glob "{$store,$away}/backups/$copied[1]*/*"), '', 'nothing is left in either');
is(sql($node, "SELECT store FROM backup_catalog WHERE backup_id = '$copied[0]' AND status = 'available'"), 'away', 'but for the floor');
is(debris(), '', 'no debris here');
{
	local $store = $away;
	is(debris(), '', 'nor there');
	is(missing(), '', 'and the copy has all it needs');
}
sql($node, q{SELECT backup_alter_schedule('nightly', keep_last => 1)});
rename $away, "$away.off" or die $!;
($rc, $out, $err) = $node->psql('postgres', q{SELECT store, action FROM backup_prune(dry_run => false) WHERE action = 'delete'});
is("$rc $out", '0 local|delete', 'a store that is away does not keep the others from being pruned');
like($err, qr/NOTICE:  store "away" could not be pruned: store directory ".*" does not exist/, 'it is said');
like(sql_error($node, q{SELECT * FROM backup_prune('away', dry_run => false)}), qr/^ERROR:  58P01: store directory ".*" does not exist/m,
	'named it is an error');
rename "$away.off", $away or die $!;
sql($node, q{SELECT count(*) FROM backup_prune('away', dry_run => false)});
is(sql($node, q{SELECT count(*) FROM backup_health WHERE check_name = 'retention' AND status <> 'ok'}), '0', 'until it is back');

# --- the launcher's runs -------------------------------------------------------------------------------------

sql($node, q{SELECT backup_schedule('often', '1 seconds', 'app', keep_last => 1)});
wait_for($node, q{SELECT count(*) >= 2 FROM backup_events WHERE actor = 'launcher' AND action = 'backup.prune'}, timeout => 60);
sql($node, q{SELECT backup_pause('often')});
wait_for($node, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'lifeboat run'}, timeout => 30);
is(sql($node, q{SELECT count(*) FROM backup_catalog WHERE schedule = 'often' AND status = 'available'}), '1', 'runs of the launcher prune');
is(sql($node, q{SELECT count(*) FROM backup_runs WHERE schedule = 'often' AND status NOT IN ('succeeded', 'missed')}), '0', 'and succeed');
is(debris(), '', 'and leave nothing');

# --- rights -------------------------------------------------------------------------------------------------

sql($node, q{CREATE ROLE operator LOGIN; SELECT backup_grant('operator', 'operator')});
like(sql_error($node, 'SET ROLE operator; SELECT backup_prune()'), qr/^ERROR:  42501: permission denied for function backup_prune$/m,
	'an operator may not prune');
is(sql($node, q{SET ROLE operator; SELECT count(*) > 0 FROM backup_catalog WHERE keep_rule IS NOT NULL}), 't', 'but see the rules');

$node->stop;
done_testing();
