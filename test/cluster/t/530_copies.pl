# Second copies: the launcher makes them and tries until it succeeds, damage stays where it is, and verify, restore and the
# command line read from whatever copy is sound. (Copies of whole clusters: t/427.)
use strict;
use warnings;

use File::Path qw(make_path);
use LifeboatTest;

my $node = new_cluster('main', conf => { 'lifeboat.workers' => 1 });
my $keys = make_keys($node);
my $local = make_store($node);
my $offsite = make_store($node, name => 'offsite');
sql($node, 'CREATE DATABASE app');
# Several objects of some size, each table in one: loaded in parallel, several would change the order of the rows.
sql($node, app => qq{CREATE TABLE noise$_ AS SELECT n, string_agg(sha256((n * 100 + i + $_ * 1000000)::text::bytea)::text, '' ORDER BY i) AS filler
	  FROM generate_series(1, 100) n, generate_series(1, 60) i GROUP BY n}) for 1 .. 6;
sql($node, app => q{SELECT lo_from_bytea(0, 'a large object')});

sub copy_status { return sql($node, "SELECT copies->0->>'$_[0]' FROM backup_status WHERE schedule = 'nightly'"); }
sub await_copy
{
	return wait_for($node, "SELECT coalesce(copies->0->>'status' = '$_[0]', false) FROM backup_status WHERE schedule = 'nightly'");
}
sub listed { return join ' ', map { /^(app-\S+)/ ? $1 : () } split /\n/, cli_ok('list', '--store', "file://$_[0]"); }
sub objects_of
{
	my ($store, $id) = @_;
	return map { m{  (objects/\S+)$} ? $1 : () } split /\n/, read_file("$store/backups/$id/SHA256SUMS");
}
# Flips a bit in the largest object of a backup in one store; returns its name.
sub damage
{
	my ($store, $id) = @_;
	my ($object) = sort { -s "$store/$b" <=> -s "$store/$a" } objects_of($store, $id);
	my $bytes = read_file("$store/$object");
	substr($bytes, length($bytes) / 2, 1) ^= "\x01";
	chmod 0600, "$store/$object";
	write_file("$store/$object", $bytes);
	return $object;
}

# --- what a schedule may name -----------------------------------------------------------------------

make_store($node, name => 'clear', encryption => 'none');
sub refused { return sql_error($node, "SELECT backup_schedule('nightly', '\@yearly', 'app', copies => '$_[0]')"); }
like(refused('{nowhere}'), qr/^ERROR:  42704: store "nowhere" does not exist\n/, 'an unknown store');
like(refused('{local}'), qr/^ERROR:  22023: copies names store "local", which the backups go to anyway\n/, 'the same store');
like(refused('{offsite,offsite}'), qr/^ERROR:  22023: copies names store "offsite" twice\n/, 'one twice');
like(refused('{clear}'), qr/^ERROR:  22023: store "clear" cannot hold copies of backups in store "local"\nDETAIL:  One has encryption/, 'one of another encryption');
sql($node, "SELECT backup_schedule('nightly', '\@yearly', 'app', copies => '{offsite}', retry_delay => '1 second')");
is(copy_status('status'), 'none', 'no backup, no copy');

# --- the launcher fills them ------------------------------------------------------------------------

my $first = sql($node, "SELECT backup_run('nightly')");
await_copy('complete');
is(copy_status('newest'), $first, 'the launcher copies what a run made');
is(copy_status('waiting'), '0', 'nothing waits');
is(sql($node, "SELECT string_agg(store || ' ' || status, ', ' ORDER BY store) FROM backup_catalog WHERE backup_id = '$first'"),
	'local available, offsite available', 'the catalog shows both');
is(sql($node, "SELECT count(*) FROM backup_relations WHERE backup_id = '$first' AND relation = 'noise3'"), '1', 'and its tables once');
is(sql($node, "SELECT status, attempts, objects, retry FROM backup_copies WHERE backup_id = '$first'"),
	'succeeded|1|' . (1 + scalar objects_of($local, $first)) . '|t', 'backup_copies says what was sent');
is(sql($node, "SELECT actor, detail->>'store', detail->>'from' FROM backup_events WHERE action = 'copy.succeeded'"), 'launcher|offsite|local', 'an event says so');
is(system("cd '$local' && find objects keys backups -type f ! -name started -exec cmp {} '$offsite/{}' \\;"), 0, 'every file is the original');
is(sql($node, "SELECT ok, store FROM backup_verify('$first', store => 'offsite')"), 't|offsite', 'the copy verifies with the server\'s secret');
my $sums = sql($node, "SELECT store_id FROM backup_stores WHERE name = 'local'");
ok(-e "$offsite/origins/$sums", 'the store accepts the origin by a file');
like(sql($node, "SELECT string_agg(store || ' ' || scope || ' ' || backups || ' ' || (bytes > 0) || ' ' || coalesce(reachable::text, '-'), ', ' ORDER BY store, scope DESC) FROM backup_storage WHERE store <> 'clear'"),
	qr/\Alocal store 1 true true, local schedule 1 true -, offsite store 1 true true, offsite schedule 1 true -\z/, 'backup_storage shows what lies where');
is(sql($node, "SELECT latency > '0' AND free_bytes > 0 AND checked_at > now() - interval '1 hour' FROM backup_storage WHERE store = 'offsite' AND scope = 'store'"), 't', 'and how the stores were found');

# --- a store that is away ---------------------------------------------------------------------------

rename $offsite, "$offsite.away" or die $!;
my $second = sql($node, "SELECT backup_run('nightly')");
like($second, qr/^app-/, 'the backup succeeds while the copy\'s store is away');
wait_for($node, "SELECT attempts >= 2 FROM backup_copies WHERE backup_id = '$second' AND status = 'failed'");
is(copy_status('status'), 'failed', 'backup_status shows that the copy failed');
like(copy_status('last_error'), qr/^store directory "\Q$offsite\E" does not exist/, 'and why');
is(copy_status('newest'), $first, 'and what lies there');
is(sql($node, "SELECT status FROM backup_health WHERE check_name = 'copy' AND subject = 'offsite'"), 'warning', 'backup_health warns');
sql($node, "UPDATE backup_copies SET wanted_at = wanted_at - interval '25 hours' WHERE backup_id = '$second'");
is(sql($node, "SELECT status FROM backup_health WHERE check_name = 'copy' AND subject = 'offsite'"), 'critical', 'after a day it is critical');
is(sql($node, "SELECT reachable, error ~ 'does not exist' FROM backup_storage WHERE store = 'offsite' AND scope = 'store'"), 'f|t', 'backup_storage says that it is not reachable');
is(sql($node, "SELECT count(*) > 0 FROM backup_events WHERE action = 'copy.failed' AND subject = '$second'"), 't', 'there is an event');
rename "$offsite.away", $offsite or die $!;
await_copy('complete');
is(copy_status('newest'), $second, 'it is tried until it succeeds');
is(sql($node, "SELECT count(*) FROM backup_health WHERE check_name = 'copy'"), '0', 'then all is well');

# --- killed while copying ---------------------------------------------------------------------------

sql($node, q{SELECT backup_alter_store('offsite', options => '{"max_rate": "100kB"}')});
my $third = sql($node, "SELECT backup_run('nightly')");
wait_for($node, "SELECT bytes_done > 0 FROM backup_progress WHERE phase = 'copy'");
is(sql($node, "SELECT backup_id FROM backup_progress WHERE phase = 'copy'"), $third, 'backup_progress shows the copy');
unlike(listed($offsite), qr/$third/, 'half a copy is not listed');
kill_worker($node, 'lifeboat run%', 'TERM');
wait_for($node, "SELECT status = 'interrupted' OR attempts > 1 FROM backup_copies WHERE backup_id = '$third'");
wait_for($node, "SELECT bytes_done > 0 FROM backup_progress WHERE phase = 'copy'");
kill_worker($node, 'lifeboat run%', 'KILL');
wait_up($node);
unlike(listed($offsite), qr/$third/, 'nor after it was killed');
sql($node, q{SELECT backup_alter_store('offsite', options => '{"max_rate": null}')});
# An attempt that is at work keeps its rate.
sql($node, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type LIKE 'lifeboat run%'");
await_copy('complete');
is(copy_status('newest'), $third, 'the next attempt completes it');
cmp_ok(sql($node, "SELECT objects FROM backup_copies WHERE backup_id = '$third'"), '<', 1 + scalar objects_of($local, $third), 'and sends only what was missing');
is(sql($node, "SELECT ok FROM backup_verify('$third', store => 'offsite')"), 't', 'whole');

# --- by hand ----------------------------------------------------------------------------------------

my $far = make_store($node, name => 'far');
is(sql($node, "SELECT backup_id, store, objects > 0, bytes > 0 FROM backup_copy('latest:app', 'far')"), "$third|far|t|t", 'backup_copy waits and says what it sent');
is(sql($node, "SELECT objects, bytes FROM backup_copy('$third', 'far')"), '0|0', 'again: nothing');
is(sql($node, "SELECT retry, status FROM backup_copies WHERE store = 'far'"), 'f|succeeded', 'its row');
like(sql_error($node, "SELECT backup_copy('$third', 'clear')"), qr/^ERROR:  55000: backup \Q$third\E is encrypted, and store "clear" has encryption "none"\n/, 'not into a clear store');
like(sql_error($node, "SELECT backup_copy('$third', 'nowhere')"), qr/^ERROR:  42704: store "nowhere" does not exist\n/, 'not into one that is unknown');
my $alone = run_backup($node, 'app', store => "'local'");
like(sql_error($node, "SELECT backup_copy('$alone', 'local')"), qr/^ERROR:  55000: backup \Q$alone\E lies in store "local" only\n/, 'not into its own');
sql($node, 'CREATE ROLE clerk LOGIN');
sql($node, "SELECT backup_grant('clerk', 'operator')");
like(sql_error($node, "SET ROLE clerk; SELECT backup_copy('$alone', 'far')"), qr/^ERROR:  42501: role "clerk" may not copy backup \Q$alone\E\n/, 'an operator copies only what it may restore');
sql($node, q{SELECT backup_alter_store('far', options => '{"max_rate": "100kB"}')});
my $waiting = background($node, "SELECT backup_copy('$alone', 'far')");
wait_for($node, "SELECT count(*) = 1 FROM backup_progress WHERE phase = 'copy'");
is(sql($node, "SELECT backup_cancel('$alone')"), 't', 'backup_cancel cancels a copy');
my ($rc, $out, $err) = finish_background($waiting);
like($err, qr/ERROR:  the run was cancelled/, 'whose caller hears of it');
is(sql($node, "SELECT status, retry FROM backup_copies WHERE backup_id = '$alone'"), 'cancelled|f', 'its row says so');
my ($at, $deadline) = read_file("$far/backups/$alone/started") =~ /"at": "([^"]+)".*"deadline": "([^"]+)"/s;
is($deadline, $at, 'and the store is told that nobody is at work any more');
sql($node, q{SELECT backup_alter_store('far', options => '{"max_rate": null}')});
my $odd = run_backup($node, 'app', store => "'local'");
my $object = (objects_of($local, $odd))[0];
make_path("$far/" . ($object =~ s{/[^/]+$}{}r), { mode => 0700 });
write_file("$far/$object", 'something else', 0600);
sql($node, "SELECT backup_copy('$odd', 'far')");
is(sql($node, "SELECT ok FROM backup_verify('$odd', 'checksum', 'far')"), 't', 'an object that is there and does not fit is replaced');

# --- damage in one copy -----------------------------------------------------------------------------

my $object_name = damage($local, $third);
my $answer = sql_error($node, "DO \$\$ BEGIN PERFORM backup_restore('$third', 'from_copies'); END \$\$; SELECT 1/0");
like($answer, qr/NOTICE:  00000: \Q$object_name\E is read from another copy than that in file:\/\/\Q$local\E: object \Q$object_name\E is damaged: Its SHA-256 is/,
	'a restore reads a damaged object from another copy, and says so');
same_database($node, 'app', $node, 'from_copies', 'restored without a difference');
is(sql($node, "SELECT status, cardinality(notes) > 0 FROM backup_restores WHERE target_database = 'from_copies'"), 'succeeded|t', 'its row says so, too');
is(sql($node, "SELECT store, ok FROM backup_verify('$third', 'checksum')"), "local|f\nfar|t", 'verify shows the damaged copy and goes on to a sound one');
is(sql($node, "SELECT string_agg(store || ' ' || status, ', ' ORDER BY store) FROM backup_catalog WHERE backup_id = '$third'"),
	'far available, local damaged, offsite available', 'only that copy is damaged');
is(sql($node, "SELECT detail FROM backup_health WHERE check_name = 'backup' AND subject = '$third'"),
	'its copy in store "local" is damaged; sound in "far", "offsite"', 'backup_health says where');
is(sql($node, "SELECT store, ok FROM backup_verify('$third')"), 'far|t', 'from now on the sound one comes first');
is(sql($node, "SELECT bool_and(status <> 'blocked') FROM backup_restore_plan('$third', 'planned')"), 't', 'it can be restored');
sql($node, "SELECT backup_delete('$third')");
cmp_ok(sql($node, "SELECT objects FROM backup_copy('$third', 'local')"), '>', 0, 'deleted there, it is copied back');
is(sql($node, "SELECT store, ok FROM backup_verify('$third', store => 'local')"), 'local|t', 'sound again');

damage($offsite, $third);
is(sql($node, "SELECT ok FROM backup_verify('$third', 'checksum', 'offsite')"), 'f', 'now the copy is damaged');
is(copy_status('status'), 'damaged', 'which backup_status shows');
sql($node, "SELECT backup_delete('$third')");
await_copy('complete');
is(sql($node, "SELECT ok FROM backup_verify('$third', store => 'offsite')"), 't', 'deleted there, the launcher makes it anew');

# While somebody else copies into that store, no object of what is deleted goes: the damaged one must not count as there.
my $busy = "$offsite/backups/web-20261120T021500Z-full-00000001";
my $still = damage($offsite, $third);
is(sql($node, "SELECT ok FROM backup_verify('$third', 'checksum', 'offsite')"), 'f', 'damaged once more');
mkdir $busy, 0700 or die $!;
write_file("$busy/started", read_file("$offsite/backups/$third/started") =~ s/\Q$third\E/web-20261120T021500Z-full-00000001/r, 0600);
sql($node, "SELECT backup_delete('$third')");
ok(-e "$offsite/$still", 'deleted while somebody copies into that store, its objects stay');
await_copy('complete');
is(sql($node, "SELECT ok FROM backup_verify('$third', 'checksum', 'offsite')"), 't', 'and the damaged one is replaced');
unlink "$busy/started";
rmdir $busy;

# The copying itself finds damage and reads on elsewhere.
damage($local, $first);
sql($node, "SELECT backup_copy('$first', 'far')");
is(sql($node, "SELECT string_agg(store || ' ' || status, ', ' ORDER BY store) FROM backup_catalog WHERE backup_id = '$first'"),
	'far available, local damaged, offsite available', 'what copying finds damaged is marked, and the copy is sound');
is(sql($node, "SELECT ok FROM backup_verify('$first', store => 'far')"), 't', 'sound');

# --- a whole store away -----------------------------------------------------------------------------

rename $local, "$local.away" or die $!;
$answer = sql_error($node, "DO \$\$ BEGIN PERFORM backup_restore('$second', 'from_offsite'); END \$\$; SELECT 1/0");
like($answer, qr/NOTICE:  00000: store "local" is passed over: store directory "\Q$local\E" does not exist/, 'a restore passes over a store that is away');
same_database($node, 'app', $node, 'from_offsite', 'restored from the copy alone');
is(sql($node, "SELECT store, ok FROM backup_verify('$second')"), 'offsite|t', 'verify, too');
like(sql_error($node, "SELECT backup_verify('$second', store => 'local')"), qr/^ERROR:  58P01: /, 'unless that very copy was named');
like(sql_error($node, "SELECT backup_verify('$alone')"), qr/^ERROR:  58P01: /, 'what has no copy cannot be verified');
($rc, $out, $err) = cli('restore', $second, '--store', "file://$local", '--copy', "file://$offsite", '--secret', "$keys/server.secret",
	'--signer-public', "$keys/signer.pub", '--target', $node->connstr('postgres'), '--target-database', 'by_cli');
is($rc, 0, 'the command line, too') or diag($err);
like($err, qr/lifeboat: warning: file:\/\/\Q$local\E is passed over: /, 'with a warning');
same_database($node, 'app', $node, 'by_cli', 'without a difference');

# --- the original lost for good, a new server ---------------------------------------------------------

my $new = new_cluster('new');
sql($new, "SELECT backup_create_key('main', recipients => ARRAY['file:$keys/recovery.crt'], secret => 'file:$keys/server.secret', signer => 'file:$keys/signer.key')");
sql($new, "SELECT backup_create_store('offsite', 'file://$offsite')");
is(sql($new, "SELECT DISTINCT action FROM backup_import('offsite')"), 'foreign', 'a store that the catalog does not know is foreign');
sql($new, "SELECT backup_accept_origin('offsite', '$sums')");
is(sql($new, "SELECT DISTINCT action FROM backup_import('offsite')"), 'imported', 'until it is said to be known');
is(sql($new, "SELECT ok FROM backup_verify('$second')"), 't', 'the copy is as good as the original');
like(sql_error($new, "SELECT backup_accept_origin('offsite', 'x')"), qr/^ERROR:  22023: "x" is not a store id\n/, 'ids are checked');
$new->stop;
rename "$local.away", $local or die $!;

# --- without a server -------------------------------------------------------------------------------

my $third_store = temp_dir() . '/third';
mkdir $third_store, 0700 or die $!;
like(cli_ok('copy', $second, '--from', "file://$offsite", '--to', "file://$third_store", '--signer-public', "$keys/signer.pub"),
	qr/\A\Q$second\E: copied \d+ objects, [0-9.]+ [kM]B\n\z/, 'lifeboat copy makes a copy of the copy');
is(listed($third_store), $second, 'in a store of its own');
my $conninfo = $node->connstr('postgres');
IPC::Run::run([ source_dir() . '/scripts/recover.sh', $third_store, $second, "$keys/recovery.key", "$keys/signer.pub", $conninfo, 'recovered' ],
	'>', \$out, '2>', \$err);
is($?, 0, 'which the recovery script restores') or diag($err);
same_database($node, 'app', $node, 'recovered', 'without a difference');
my $back = temp_dir() . '/back';
mkdir $back, 0700 or die $!;
cli_ok('copy', $second, '--from', "file://$third_store", '--to', "file://$back", '--signer-public', "$keys/signer.pub");
is(system("cd '$offsite' && for f in \$(sed 's/^.*  //' backups/$second/SHA256SUMS); do cmp \$f '$back/'\$f || exit 1; done"), 0, 'and back again, the same bytes');
sql($node, "SELECT backup_create_store('third', 'file://$third_store')");
is(sql($node, "SELECT action FROM backup_import('third')"), 'imported', 'a copy made by hand can be imported');
is(sql($node, "SELECT copied_from IS NOT NULL AND NOT imported FROM backup_restore_points WHERE store = 'third'"), 't', 'and is known as a copy');

# --- what is wanted no longer -----------------------------------------------------------------------

rename $offsite, "$offsite.away" or die $!;
sql($node, "SELECT backup_run('nightly')");
wait_for($node, "SELECT count(*) > 0 FROM backup_copies WHERE retry AND status = 'failed'");
my $last = sql($node, "SELECT backup_id FROM backup_copies WHERE retry AND status = 'failed'");
wait_for($node, "SELECT backup_cancel('$last')");
wait_for($node, "SELECT NOT retry AND status = 'cancelled' FROM backup_copies WHERE backup_id = '$last' AND store = 'offsite'");
pass('a copy that waits can be cancelled');
sql($node, "SELECT backup_run('nightly')");
wait_for($node, "SELECT count(*) > 0 FROM backup_copies WHERE retry AND status = 'failed'");
sql($node, "SELECT backup_alter_schedule('nightly', copies => '{}')");
is(sql($node, "SELECT count(*) FROM backup_copies WHERE retry AND status <> 'succeeded'"), '0', 'a store that the schedule no longer names is tried no more');
is(sql($node, "SELECT copies FROM backup_status WHERE schedule = 'nightly'"), '[]', 'and no longer shown');

$node->stop;
done_testing();
