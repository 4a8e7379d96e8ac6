# Where the extension lives: a standby, a clone, another schema, a dump of the control database, pg_hba, stores that fail.
use strict;
use warnings;

use LifeboatTest;
use PostgreSQL::Test::Utils ();
use Time::HiRes qw(sleep);

my $node = new_cluster('main', streaming => 1, conf => { 'lifeboat.workers' => 1 });
make_keys($node);
my $store = make_store($node);
sql($node, 'CREATE DATABASE app');
sql($node, app => 'CREATE TABLE t AS SELECT generate_series(1, 100) AS n');
run_backup($node, 'app');
sql($node, "SELECT backup_schedule('nightly', '0 2 * * *', 'app', timezone => 'Europe/Berlin')");

# --- a standby ---------------------------------------------------------------------------------------

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
wait_for($standby, "SELECT status = 'warning' FROM backup_health WHERE check_name = 'launcher'");
is(sql($standby, "SELECT detail FROM backup_health WHERE check_name = 'launcher'"),
	'this server is a standby: the launcher sleeps until it is promoted', 'on a standby the launcher sleeps, and backup_health says so');
like(sql_error($standby, "SELECT backup_run(database => 'app')"), qr/25006: cannot take a backup on a standby/, 'no backup on a standby');

# --- promoted it is a clone: same system identifier, another data directory --------------------------------

$standby->promote;
wait_for($standby, "SELECT status = 'ok' FROM backup_health WHERE check_name = 'launcher'");
pass('promotion wakes the launcher');
like(sql($standby, "SELECT status, hint FROM backup_health WHERE check_name = 'schedule'"),
	qr/^warning\|If this copy takes over: SELECT backup_adopt\('nightly'\);$/, 'a clone does not write to the store of production');
like(sql_error($standby, "SELECT backup_run('nightly')"), qr/55000: schedule "nightly" belongs to another cluster/, 'nor by hand');
is(sql($standby, 'SELECT backup_adopt()'), '1', 'backup_adopt takes the schedule over');
is(sql($standby, "SELECT count(*) FROM backup_health WHERE check_name = 'schedule' AND hint LIKE '%backup_adopt%'"), '0', 'which backup_health sees');
like(sql($standby, "SELECT backup_run('nightly')"), qr/^app-/, 'it runs');
is(sql($standby, 'SELECT backup_adopt()'), '0', 'nothing is left to adopt');
$standby->stop;

# --- a dump of the control database ------------------------------------------------------------------------

my $dump = temp_dir() . '/dump.sql';
PostgreSQL::Test::Utils::system_or_bail('pg_dump', '-f', $dump, '-d', $node->connstr('postgres'));
sql($node, 'CREATE DATABASE copy');
PostgreSQL::Test::Utils::system_or_bail('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('copy'));
for my $table (qw(stores keys schedules runs restores events restore_points restore_point_relations chains))
{
	is(sql($node, copy => "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM backup_$table t"),
		sql($node, "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM backup_$table t"), "backup_$table survives pg_dump");
}
is(sql($node, copy => 'SELECT count(*) FROM backup_witness'), '0', 'the witness belongs to this history only');
like(sql_error($node, copy => 'SELECT backup_run()'), qr/55000: pg_lifeboat works in database "postgres" only, this is "copy"/,
	'outside the control database nothing runs');
sql($node, 'DROP DATABASE copy');

# --- pg_hba --------------------------------------------------------------------------------------------------

sql($node, "CREATE ROLE app_owner LOGIN CREATEDB");
sql($node, "GRANT pg_read_all_data, pg_read_server_files TO app_owner");
sql($node, "SELECT backup_grant('app_owner', 'admin')");
sql($node, app => 'ALTER DATABASE app OWNER TO app_owner; ALTER TABLE t OWNER TO app_owner');
sql($node, "SET ROLE app_owner; SELECT backup_run(database => 'app')");
is(sql($node, "SELECT acting_role FROM backup_runs ORDER BY id DESC LIMIT 1"), 'app_owner', 'a run acts as its caller');
my $hba = $node->data_dir . '/pg_hba.conf';
my $rules = read_file($hba);
write_file($hba, "local all app_owner reject\n$rules");
$node->reload;
like(sql($node, "SET ROLE app_owner; SELECT detail FROM backup_restore_plan('latest:app') WHERE status = 'blocked'"),
	qr/the server does not let role "app_owner" log in for a restore.*pg_hba\.conf.*pg_ident\.conf/, 'a plan says what pg_hba.conf lacks');
like(sql_error($node, "SET ROLE app_owner; SELECT backup_restore('latest:app', 'app_back')"),
	qr/42501: the server does not let role "app_owner" log in for a restore/, 'and a restore is refused');
is(sql($node, "SELECT status, sqlstate FROM backup_restores ORDER BY id DESC LIMIT 1"), 'failed|42501', 'which its row says');
write_file($hba, $rules);
$node->reload;
my ($rc, undef, $said) = $node->psql('postgres', "SET ROLE app_owner; SELECT backup_restore('latest:app', 'app_back')");
is($rc, 0, 'it restores');
like($said, qr/NOTICE:  backup app-\S+ is restored into database "app_back"$/m, 'and is told where to');
like(sql_error($node, "SET ROLE app_owner; SELECT backup_restore('latest:app', 'app_none', tables => '{nosuch}')"),
	qr/42704: no table in the backup matches "nosuch"\nHINT:  SELECT schema, relation FROM backup_relations WHERE backup_id = 'app-\S+';$/m,
	'hints of a restore from SQL are SQL');
is(sql($node, app_back => 'SELECT count(*) FROM t'), '100', 'with the login the restore runs as its caller');
is(sql($node, "SELECT datdba::regrole FROM pg_database WHERE datname = 'app_back'"), 'app_owner', 'who owns it');

sql($node, 'CREATE ROLE stranger LOGIN CREATEDB');
sql($node, "GRANT pg_read_server_files TO stranger; SELECT backup_grant('stranger', 'admin')");
like(sql_error($node, "SET ROLE stranger; SELECT backup_restore('latest:app', 'stolen')"), qr/42501: /,
	'who lacks the privileges of the role that took a backup does not restore it');

# --- children ------------------------------------------------------------------------------------------------

my $bin = temp_dir();
$node->append_conf('postgresql.conf', "lifeboat.bin_directory = '$bin'\n");
$node->reload;
wait_for($node, "SELECT current_setting('lifeboat.bin_directory') = '$bin'");
like(sql_error($node, "SELECT backup_run(database => 'app')"), qr/58P01: could not find "pg_dump" in directory "\Q$bin\E"/, 'a missing pg_dump is named');
write_file("$bin/$_", "#!/bin/sh\necho '$_ (PostgreSQL) 9.6.24'\nexit 0\n", 0755) for qw(pg_dump pg_dumpall);
like(sql_error($node, "SELECT backup_run(database => 'app')"), qr/9\.6/, 'and so is one that is older than the server');
$node->append_conf('postgresql.conf', "lifeboat.bin_directory = ''\n");
$node->reload;

# --- stores that fail ------------------------------------------------------------------------------------------

# Without superuser: the rights on files, and the places an administrator allows.
my $open = temp_dir();
sql($node, "SELECT backup_grant('stranger', 'admin')");
my $create = "SET ROLE stranger; SELECT backup_create_store('open', 'file://$open')";
like(sql_error($node, $create), qr{42501: role "stranger" may not use store file://\Q$open\E\nDETAIL:  A store in a directory needs the rights of pg_write_server_files\.\nHINT:  GRANT pg_write_server_files TO stranger;},
	'a store in a directory needs rights on files');
sql($node, 'GRANT pg_write_server_files TO stranger');
$node->append_conf('postgresql.conf', "lifeboat.allowed_stores = 'file:///srv/backups, file://${open}er'\n");
$node->reload;
wait_for($node, "SELECT current_setting('lifeboat.allowed_stores') LIKE '%srv%'");
like(sql_error($node, $create), qr{42501: role "stranger" may not use store file://\Q$open\E\nDETAIL:  Without superuser the URL must lie below one of lifeboat\.allowed_stores\.},
	'and a place that is allowed');
$node->append_conf('postgresql.conf', "lifeboat.allowed_stores = 'file://$open'\n");
$node->reload;
wait_for($node, "SELECT current_setting('lifeboat.allowed_stores') NOT LIKE '%srv%'");
sql($node, $create);
pass('there a role without superuser makes a store');

# What a new store finds in its directory.
my $full = temp_dir();
write_file("$full/$_", 'x') for qw(a b c d);
($rc, undef, $said) = $node->psql('postgres', "SELECT backup_create_store('full', 'file://$full')");
like("$rc $said", qr/^0 .*WARNING:  store directory "\Q$full\E" is not empty\nDETAIL:  It holds "a", "b", "c" and 1 more\.\nHINT:  A store is best alone in its directory\./s,
	'a directory that is not empty is worth a warning');
my $private = make_keys();
like(sql_error($node, "SELECT backup_create_store('private', 'file://$private')"),
	qr/22023: store directory "\Q$private\E" holds the private key recovery\.key\nDETAIL:  Who can read the store must not find there what opens or signs its backups\.\nHINT:  Choose an empty directory: install -d -m 700 -o \S+ DIR$/m,
	'private keys do not lie in a store');
ok(!-e "$private/repo.json", 'which is not made');

my $dir = temp_dir();
chmod 0500, $dir;
like(sql_error($node, "SELECT backup_create_store('locked', 'file://$dir')"),
	qr/ERROR:  58030: could not create "repo\.json" in store directory "\Q$dir\E": Permission denied\nDETAIL:  "\Q$dir\E" belongs to user "(\w+)" and has mode 0500; this process runs as user "\1"\.\nHINT:  Run: chmod u\+rwX "\Q$dir\E"$/m,
	'an unwritable directory');
chmod 0700, $dir;
sql($node, "SELECT backup_create_store('locked', 'file://$dir')");
is(sql($node, "SELECT bool_and(ok) FROM backup_check_store('locked')"), 't', 'backup_check_store is content');
chmod 0500, $dir;
like(sql($node, "SELECT detail FROM backup_check_store('locked') WHERE NOT ok"), qr/Permission denied/, 'and finds what is wrong');
like(sql_error($node, "SELECT backup_run(database => 'app', store => 'locked')"), 
	qr/ERROR:  58030: could not create "backups" in store directory "\Q$dir\E": Permission denied\nDETAIL:  "\Q$dir\E" belongs to user "(\w+)" and has mode 0500; this process runs as user "\1"\.\nHINT:  Run: chmod u\+rwX "\Q$dir\E"$/m,
	'a run fails in words');
chmod 0700, $dir;
unlink "$dir/repo.json" or die $!;
like(sql_error($node, "SELECT backup_run(database => 'app', store => 'locked')"), qr/58P01: there is no backup store at .*\nDETAIL:  It has no file repo\.json\.\nHINT:  Is it mounted\?/,
	'a store that is not mounted is not made anew');
PostgreSQL::Test::Utils::system_or_bail('cp', "$store/repo.json", "$dir/repo.json");
like(sql_error($node, "SELECT backup_run(database => 'app', store => 'locked')"), qr/58P01: store "locked" at .* is another store/, 'nor is another one taken for it');
my $secret = temp_dir() . '/secret';
write_file($secret, ('00' x 32) . "\n", 0644);
like(sql_error($node, "SELECT backup_create_key('open', secret => 'file:$secret')"), qr/42501: .*\n?.*0644.*\n?.*chmod 600/s, 'a secret that everybody can read');
like(sql_error($node, "SELECT backup_drop_store('local')"), qr/55000: store "local" is used by schedules\nDETAIL:  Schedules: "nightly"\./, 'a store in use is not dropped');
like(sql_error($node, "SELECT backup_drop_key('main')"), qr/55000: key "main" is needed by \d+ backups\nDETAIL:  .*\nHINT:  SELECT backup_id FROM backup_catalog WHERE key = 'main';$/m, 'nor a key');

# --- another schema, and DROP EXTENSION --------------------------------------------------------------------------

sql($node, 'DROP EXTENSION pg_lifeboat');
sql($node, 'CREATE SCHEMA "odd schema"');
sql($node, 'CREATE EXTENSION pg_lifeboat SCHEMA "odd schema"');
my $in = 'SET search_path = "odd schema"; SET client_min_messages = error;';
sql($node, "$in SELECT backup_create_store('local', 'file://$store')");
sql($node, "$in SELECT backup_create_key('k', secret => 'command:echo " . ('cd' x 32) . "')");
like(sql($node, "$in SELECT backup_run(database => 'app')"), qr/^app-/, 'it works in any schema');
is(sql($node, "$in SELECT count(*) FROM backup_health WHERE status = 'critical'"), '0', 'health too');
my $gate = temp_dir() . '/gate';
write_file($gate, '');
sql($node, "$in SELECT backup_create_key('slow', secret => 'command:while [ ! -e $gate ]; do sleep 0.1; done; echo " . ('ef' x 32) . "')");
unlink $gate;
sql($node, "$in SELECT backup_run(database => 'app', key => 'slow', wait => false)");
wait_for($node, 'SELECT count(*) = 1 FROM "odd schema".backup_runs WHERE status = \'running\'');
sql($node, 'DROP EXTENSION pg_lifeboat');
write_file($gate, '');
wait_for($node, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'lifeboat run%'");
like(read_file($node->logfile),
	qr/lifeboat run \d+ failed: extension pg_lifeboat was dropped during the run\n.* DETAIL:  It failed with: .+\n.* HINT:  What it stored belongs to no backup; a later run into that store removes it\.$/m,
	'DROP EXTENSION during a run ends it in words');
is(sql($node, "SELECT count(*) FROM pg_class WHERE relname LIKE 'backup\\_%'"), '0', 'and leaves nothing');
is(sql($node, 'SELECT 1'), '1', 'the server lives');

$node->stop;
done_testing();
