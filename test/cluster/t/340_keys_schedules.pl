# Keys that rotate, schedules that change, limits of a run, and a control database that is not there yet.
use strict;
use warnings;

use LifeboatTest;
use Time::HiRes qw(sleep time);

my $node = new_cluster('main', conf => { 'lifeboat.workers' => 1 });
my $keys = make_keys($node);
my $store = make_store($node);
sql($node, 'CREATE DATABASE app');
sql($node, app => 'CREATE TABLE t AS SELECT n, md5(n::text) AS x FROM generate_series(1, 50000) AS n');
my $first = run_backup($node, 'app');

# --- keys ---------------------------------------------------------------------------------------------

is(sql($node, "SELECT string_agg(step || ' ' || ok, ', ') FROM backup_check_key('main')"),
	'recipients true, secret true, signer true', 'backup_check_key proves a round trip');
my $new = make_keys();
sql($node, "SELECT backup_rotate_key('main', recipients => ARRAY['file:$new/recovery.crt'], secret => 'file:$new/server.secret', signer => 'file:$new/signer.key')");
my @files = map { s/.*\.(\d+\.\w+)$/$1/r } glob "$store/keys/*";
is("@{[sort @files]}", '2.cms 2.srv', 'rotation rewrites the key files and removes the older ones');
unlink "$keys/server.secret" or die $!;
is(sql($node, "SELECT ok FROM backup_verify('$first')"), 't', 'a backup from before is read with the new secret');
my ($rc) = cli('verify', $first, '--store', "file://$store", '--recovery-key', "$new/recovery.key", '--signer-public', "$keys/signer.pub");
is($rc, 0, 'and with the new recovery key; its signer stays what it was');
($rc) = cli('verify', $first, '--store', "file://$store", '--recovery-key', "$keys/recovery.key", '--signer-public', "$keys/signer.pub");
is($rc, 5, 'no longer with the old one');
my $second = run_backup($node, 'app');
is(sql($node, "SELECT bool_and(ok) FROM (SELECT (backup_verify(backup_id)).ok FROM backup_catalog) v"), 't', 'both signers are trusted');
is(sql($node, "SELECT count(DISTINCT signer_id) FROM backup_restore_points"), '2', 'of which there are two');
my ($signer, $secret) = map { read_file("$new/$_") } qw(signer.key server.secret);
write_file("$new/signer.key", read_file("$keys/signer.key"), 0600);
like(sql($node, "SELECT detail FROM backup_check_key('main') WHERE NOT ok"), qr/is another key than the catalog knows/, 'an exchanged signer is noticed');

# What no run could use, backup_health says.
my $health = sub { sql($node, "SELECT status, detail, hint FROM backup_health WHERE check_name = 'key' AND subject = 'main'") };
like($health->(), qr{^critical\|signer file:\Q$new\E/signer\.key is another key than the catalog knows\|SELECT backup_rotate_key\('main', signer => 'file:\Q$new\E/signer\.key'\);$},
	'backup_health, too');
write_file("$new/signer.key", $signer, 0600);
is($health->(), 'ok|1 recovery certificate, server secret, signed|', 'which is content with what fits');
chmod 0644, "$new/server.secret" or die $!;
like($health->(), qr{^critical\|file "\Q$new\E/server\.secret" given as "secret" has mode 0644, which others may read.*\|chmod 600 \Q$new\E/server\.secret$},
	'a secret that no run would read is critical');
write_file("$new/server.secret", ('ee' x 32) . "\n", 0600);
like($health->(), qr{^critical\|secret file:\Q$new\E/server\.secret does not open backup \Q$second\E\. .*\|Put the secret back},
	'and so is one that opens no backup');
write_file("$new/server.secret", $secret, 0600);

# A write-only server.
my $offline = make_keys();
sql($node, "SELECT backup_create_key('offline', recipients => ARRAY['file:$offline/recovery.crt'], signer => 'file:$offline/signer.key')");
my $sealed = run_backup($node, 'app', key => "'offline'");
is(sql($node, "SELECT ok FROM backup_verify('$sealed', 'checksum')"), 't', 'a write-only server checks hashes and signature');
like(sql_error($node, "SELECT * FROM backup_verify('$sealed')"), qr/^ERROR:  55000: this server cannot read the backup.*\n(DETAIL.*\n)?HINT:  .*use level => 'checksum'/,
	'but does not read its own backups');
like(sql_error($node, "SELECT backup_restore('$sealed')"), qr/^ERROR:  55000: /, 'nor restore them');
like(sql_error($node, "SELECT backup_rotate_key('offline', recipients => ARRAY['file:$new/recovery.crt'])"), qr/55000: this server cannot rewrite the key files/,
	'nor rotate their key');
($rc) = cli('verify', $sealed, '--store', "file://$store", '--recovery-key', "$offline/recovery.key", '--signer-public', "$offline/signer.pub");
is($rc, 0, 'the recovery key does');
sql($node, "SELECT backup_schedule('sealed', '0 2 * * *', 'app', store => 'local', key => 'offline', verify => 'content')");
my $checked = sql($node, "SET client_min_messages = warning; SELECT backup_run('sealed')");
is(sql($node, "SELECT status, notes[1] FROM backup_runs WHERE backup_id = '$checked'"),
	'succeeded|the schedule asks for verification of the content, but key "offline" has no server secret here: only hashes are verified',
	'a run that cannot verify as its schedule asks says so');
is(sql($node, "SELECT verified_level FROM backup_catalog WHERE backup_id = '$checked'"), 'checksum', 'and what it did instead');
sql($node, "SELECT backup_unschedule('sealed')");

# A store without encryption.
make_store($node, name => 'clear', encryption => 'none');
my $clear = run_backup($node, 'app', store => "'clear'");
is(sql($node, "SELECT encrypted, key FROM backup_catalog WHERE backup_id = '$clear'"), 'f|', 'a clear store holds clear backups');
is(sql($node, "SELECT ok FROM backup_verify('$clear')"), 't', 'which verify');

# --- schedules -----------------------------------------------------------------------------------------

sql($node, "SELECT backup_schedule('s', '0 2 * * *', 'app', timezone => 'europe/berlin', workers => 3, tags => '{a,b}', timeout => '2 hours', compression => 'zstd')");
is(sql($node, "SELECT cron, timezone, database, store, workers, timeout, compression, retries, enabled, tags FROM backup_schedules WHERE name = 's'"),
	'0 2 * * *|Europe/Berlin|app|local|3|02:00:00|zstd:1|2|t|{a,b}', 'a schedule');
sql($node, "SELECT backup_alter_schedule('s', workers => 1, retries => 5, reset => '{timeout,tags}')");
is(sql($node, "SELECT cron, timezone, workers, timeout, retries, tags FROM backup_schedules WHERE name = 's'"), '0 2 * * *|Europe/Berlin|1||5|{}', 'is altered');
like(sql_error($node, "SELECT backup_alter_schedule('s', reset => '{cron}')"), qr/22023: schedule option "cron" has no default to reset to/, 'not everything has a default');
like(sql_error($node, "SELECT backup_alter_schedule('s', reset => '{color}')"), qr/22023: schedules have no option "color"/, 'nor is everything an option');
sql($node, "SELECT backup_schedule('s', '30 3 * * *', 'app', timezone => 'UTC')");
is(sql($node, "SELECT cron, timezone, workers, retries FROM backup_schedules WHERE name = 's'"), '30 3 * * *|UTC||2', 'replaced it has its defaults again');
sql($node, 'CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN');
sql($node, "SELECT backup_grant('alice', 'admin'); SELECT backup_grant('bob', 'admin')");
sql($node, "SELECT backup_alter_schedule('s', owner => 'alice')");
is(sql($node, "SELECT owner FROM backup_schedules"), 'alice', 'it can be given away');
like(sql_error($node, "SET ROLE bob; SELECT backup_pause('s')"), qr/42501: must be owner of schedule "s"\nDETAIL:  It belongs to "alice"\./, 'its owner alone changes it');
sql($node, "SET ROLE alice; SELECT backup_pause('s')");
is(sql($node, "SELECT enabled, next_run_at FROM backup_status"), 'f|', 'paused it has no next run');
like(sql_error($node, "SET ROLE bob; SELECT backup_run('s', store => 'clear')"), qr/42501: must be owner of schedule "s"/, 'who runs it with other options needs its owner\'s privileges');
like(sql_error($node, "SET ROLE bob; SELECT backup_drop_store('clear')"), qr/42501: must have created store "clear" or be superuser/, 'stores belong to who created them');
like(sql_error($node, "SET ROLE bob; SELECT backup_drop_key('offline')"), qr/42501: must have created key "offline" or be superuser/, 'so do keys');
sql($node, "SELECT backup_schedule('nightly', '0 2 * * *', 'app', timezone => 'UTC')");
like(sql_error($node, "SELECT backup_run('nigtly')"),
	qr/42704: schedule "nigtly" does not exist\nDETAIL:  There are: "nightly", "s"\.\nHINT:  Did you mean "nightly"\?$/m, 'a slip of the pen');
unlike(sql_error($node, "SELECT backup_pause('weekly')"), qr/HINT/, 'no hint rewrites a schedule that is there');
like(sql_error($node, "SELECT backup_drop_store('locl')"), qr/42704: store "locl" does not exist\n.*\nHINT:  Did you mean "local"\?$/m, 'of a store');
sql($node, "SELECT backup_unschedule('nightly')");
sql($node, "SELECT backup_unschedule('s')");

# --- limits --------------------------------------------------------------------------------------------

my $gate = temp_dir() . '/gate';
my $count = sub { sql($node, 'SELECT count(*) FROM backup_catalog') };
my $before = $count->();
write_file($gate, '');
sql($node, "SELECT backup_create_key('slow', secret => 'command:while [ ! -e $gate ]; do sleep 0.1; done; echo " . ('ab' x 32) . "')");
unlink $gate;
sql($node, "SELECT backup_schedule('short', '\@yearly', 'app', key => 'slow', timeout => '1 second', retries => 0)");
my $start = time;
like(sql_error($node, "SELECT backup_run('short')"), qr/57014: the run took longer than its timeout of 1 s/, 'timeout');
cmp_ok(time - $start, '<', 4, 'ends the run in time');
is(sql($node, 'SELECT status, sqlstate FROM backup_runs ORDER BY id DESC LIMIT 1'), 'failed|57014', 'which is a failure');
sql($node, "SELECT backup_schedule('small', '\@yearly', 'app', max_stored_bytes => 1000, retries => 0)");
like(sql_error($node, "SELECT backup_run('small')"), qr/53400: the backup has grown beyond max_stored_bytes \(1000\)/, 'max_stored_bytes');
sql($node, "SELECT backup_schedule('thin', '\@yearly', 'app', max_rate => 200000000, exclude_table_data => '{t}')");
my $thin = sql($node, "SELECT backup_run('thin')");
is(sql($node, "SELECT rows FROM backup_catalog WHERE backup_id = '$thin'"), '0', 'exclude_table_data leaves rows out');
is($count->() - $before, 1, 'what failed is not listed');
is(sql($node, "SELECT count(*) FROM backup_run(database => '*')"), '2', '* by hand: every database that is no template');

# --- smart shutdown ---------------------------------------------------------------------------------------

sql($node, "SELECT backup_run(database => 'app', key => 'slow', wait => false)");
wait_for($node, "SELECT count(*) = 1 FROM backup_runs WHERE status = 'running'");
$start = time;
$node->stop('smart');
cmp_ok(time - $start, '<', 3, 'a smart shutdown ends a run that nobody waits for');
$node->start;
is(sql($node, 'SELECT status, error FROM backup_runs ORDER BY id DESC LIMIT 1'), 'interrupted|the run was ended by an administrator or by a shutdown of the server', 'and its row says so');
$node->stop;

# --- a control database that is not there yet -----------------------------------------------------------------

my $late = new_cluster('late', extension => 0, conf => { 'lifeboat.database' => 'control' });
sleep 1;
sql($late, 'CREATE DATABASE control');
sql($late, control => 'CREATE EXTENSION pg_lifeboat');
wait_for($late, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'lifeboat launcher' AND datname = 'control'");
pass('the launcher waits for its database');
my $fatal = () = read_file($late->logfile) =~ /database "control" does not exist/g;
cmp_ok($fatal, '<=', 1, 'without filling the log');
$late->stop;

done_testing();
