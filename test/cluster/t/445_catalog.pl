# What SQL does with backups that are there: verify, pin, plan, and the catalog rebuilt from a store.
use strict;
use warnings;

use LifeboatTest;

my $node = new_cluster('catalog', conf => { 'lifeboat.workers' => 1 });
my $keys = make_keys($node);
my $store = make_store($node);
sql($node, 'CREATE ROLE app_owner LOGIN');
sql($node, 'CREATE DATABASE app OWNER app_owner');
sql($node, app => q{
	CREATE TABLE people (id int PRIMARY KEY, name text);
	ALTER TABLE people OWNER TO app_owner;
	INSERT INTO people SELECT n, 'name ' || n FROM generate_series(1, 1000) n;
	CREATE TABLE "Größe" (wert numeric);
	INSERT INTO "Größe" VALUES (1.5), (2.5);
});
my $id = run_backup($node, 'app');

# --- verify -------------------------------------------------------------------------------------

for my $level ('present', 'checksum', 'content')
{
	is(sql($node, "SELECT backup_id, level, ok, objects > 3, bytes > 1000, problems, elapsed > '0' FROM backup_verify('$id', '$level')"),
		"$id|$level|t|t|t|{}|t", "verify at level $level");
}
is(sql($node, "SELECT backup_id FROM backup_verify('latest:app')"), $id, 'latest:<database> is accepted');
like(sql_error($node, 'SELECT backup_verify()'), qr/^ERROR:  22023: which database\?/m,
	'latest of an empty control database asks which');
like(sql_error($node, "SELECT backup_verify('$id', 'restore')"),
	qr/^ERROR:  0A000: verify level "restore" is not supported by this version of pg_lifeboat$/m, 'level restore comes later');
like(sql_error($node, "SELECT backup_verify('$id', 'deep')"),
	qr/^ERROR:  22023: verify level "deep" is not known\nHINT:  The levels are present, checksum and content\.$/m, 'an unknown level');
like(sql_error($node, "SELECT backup_verify('app-20200101T000000Z-full-00000000')"),
	qr/^ERROR:  42704: backup "app-20200101T000000Z-full-00000000" does not exist\nDETAIL:  The newest are: $id\.$/m, 'an unknown backup');
my ($rc, $out, $err) = $node->psql('postgres', "SET default_transaction_read_only = on; SELECT ok FROM backup_verify('$id', 'present')");
is("$rc $out", '0 t', 'verify works in a read-only transaction');
like($err, qr/NOTICE:  the result is not recorded: the transaction is read-only/, 'and says that nothing is recorded');

# A backup that is damaged is not "no backup".
my ($object) = glob "$store/backups/$id/manifest.json";
my $sound = read_file($object);
unlink $object or die $!;
is(sql($node, "SELECT ok FROM backup_verify('$id')"), 'f', 'a backup without manifest is damaged');
like(sql_error($node, "SELECT backup_verify('latest:app')"),
	qr/^ERROR:  42704: database "app" has no sound backup\nDETAIL:  The newest, \Q$id\E, is damaged\.\nHINT:  See what is damaged, or that it is mended: SELECT \* FROM backup_verify\('\Q$id\E'\); tables that are sound: SELECT backup_restore\('\Q$id\E', tables => '\{…\}'\);$/m,
	'which latest says');
write_file($object, $sound, 0400);
is(sql($node, "SELECT ok FROM backup_verify('$id')"), 't', 'mended it is sound');
is(sql($node, "SELECT backup_id FROM backup_verify('latest:app')"), $id, 'and the latest again');

# --- a write-only server --------------------------------------------------------------------------

sql($node, qq{SELECT backup_create_key('writeonly', recipients => ARRAY['file:$keys/recovery.crt'])});
my $sealed = run_backup($node, 'app', key => "'writeonly'");
like(sql_error($node, "SELECT backup_verify('$sealed')"),
	qr/^ERROR:  55000: this server cannot read the backup: key "writeonly" has no server secret\n.*level => 'checksum'/ms,
	'a server without secret cannot verify content, and says what can');
is(sql($node, "SELECT ok FROM backup_verify('$sealed', 'checksum')"), 't', 'it verifies checksums');
like(sql_error($node, "SELECT backup_restore_plan('$sealed')"), qr/^ERROR:  55000: this server cannot read the backup/m,
	'and cannot plan');

# --- pin ----------------------------------------------------------------------------------------

sql($node, "SELECT backup_pin('$id', 'audit of 2026')");
is(sql($node, "SELECT pinned, keep_rule FROM backup_catalog WHERE backup_id = '$id'"), 't|pinned', 'pinned');
is(sql($node, "SELECT pin_reason, pinned_by FROM backup_restore_points WHERE pinned"), 'audit of 2026|' . sql($node, 'SELECT current_user'),
	'with reason and role');
sql($node, "SELECT backup_unpin('$id')");
is(sql($node, "SELECT count(*) FROM backup_catalog WHERE pinned"), '0', 'unpinned');
like(sql_error($node, "SELECT backup_pin('$id', '')"), qr/^ERROR:  22023: reason must not be empty/m, 'a pin has a reason');

# --- the plan -------------------------------------------------------------------------------------

my $plan = sql($node, "SELECT step, phase, action, object, rows, status FROM backup_restore_plan('$id')");
like($plan, qr/^1\|preflight\|check access\|$id\|0\|ready$/m, 'the plan begins with the rights');
like($plan, qr/^\d+\|preflight\|check signature\|$id\|0\|ready$/m, 'and the signature');
like($plan, qr/^\d+\|preflight\|check database name\|app_restored_\d{8}T\d{6}Z\|0\|ready$/m, 'it has a name for the new database');
like($plan, qr/^\d+\|data\|load table\|public\.people\|1000\|ready$/m, 'it loads the tables');
like($plan, qr/^\d+\|data\|load table\|public\."Größe"\|2\|ready$/m, 'whatever their names');
unlike($plan, qr/blocked/, 'nothing stands in the way');
is(sql($node, "SELECT array_agg(DISTINCT phase ORDER BY phase) FROM backup_restore_plan('$id')"), '{data,finish,indexes,preflight,schema}',
	'it has all phases');
is(sql($node, "SELECT status, detail FROM backup_restore_plan('$id', 'app') WHERE action = 'check database name'"),
	'blocked|database "app" already exists: choose another name, or drop it first', 'a target that is there blocks');
is(sql($node, "SELECT string_agg(object, ' ') FROM backup_restore_plan('$id', tables => '{people}') WHERE action = 'load table'"),
	'public.people', 'chosen tables');
is(sql($node, "SELECT status FROM backup_restore_plan('$id', tables => '{nothing}') WHERE action = 'check tables'"), 'blocked',
	'a pattern that matches nothing blocks');
like(sql_error($node, "SELECT backup_restore_plan('$id', mode => 'merge')"),
	qr/^ERROR:  0A000: restore mode "merge" is not supported by this version of pg_lifeboat$/m, 'other modes come later');
like(sql_error($node, "SELECT backup_restore_plan('$id', mode => 'mrege')"), qr/^ERROR:  22023: restore mode "mrege" is not known$/m,
	'unknown modes never');
like(sql_error($node, "SELECT backup_restore_plan('$id', jobs => 0)"), qr/^ERROR:  22023: jobs must be between 1 and 64, not 0$/m,
	'jobs are bounded');

# --- who may ----------------------------------------------------------------------------------------

sql($node, q{CREATE ROLE operator LOGIN; SELECT backup_grant('operator', 'operator')});
my $as = sub { "SET ROLE operator; $_[0]" };
is(sql($node, $as->("SELECT ok FROM backup_verify('$id')")), 't', 'an operator verifies');
is(sql($node, $as->("SELECT status FROM backup_restore_plan('$id') WHERE action = 'check access'")), 'blocked',
	'may not restore what another role took, and the plan says so');
like(sql($node, $as->("SELECT detail FROM backup_restore_plan('$id') WHERE action = 'check access'")),
	qr/^role "operator" may not restore backup $id: It was taken as "\w+", a superuser: the privileges of that role are needed\./, 'with the reason');
like(sql($node, $as->("SELECT status || ' ' || detail FROM backup_restore_plan('$id') WHERE action = 'check rights'")),
	qr/^blocked role "operator" may not create databases/, 'nor create a database');
like(sql_error($node, $as->("SELECT backup_pin('$id', 'mine')")), qr/^ERROR:  42501: permission denied for function backup_pin$/m,
	'nor pin');
like(sql_error($node, $as->("SELECT backup_import('local')")), qr/^ERROR:  42501: permission denied for function backup_import$/m,
	'nor import');
like(sql_error($node, $as->("SELECT backup_delete('$id')")), qr/^ERROR:  42501: permission denied for function backup_delete$/m,
	'nor delete');

# --- import -----------------------------------------------------------------------------------------

is(sql($node, q{SELECT string_agg(DISTINCT action, ' ') FROM backup_import('local')}), 'known', 'import finds what is known');
my $catalog = q{SELECT c.backup_id, c.database, c.type, c.taken_at, c.lsn, c.tables, c.rows, c.raw_bytes, c.stored_bytes, c.encrypted,
	c.system_identifier, c.status FROM backup_catalog c ORDER BY 1};
my $relations = "SELECT * FROM backup_relations WHERE backup_id = '$id' ORDER BY schema, relation";
my ($catalog_before, $relations_before) = (sql($node, $catalog), sql($node, $relations));

sql($node, 'DROP EXTENSION pg_lifeboat');
sql($node, 'CREATE EXTENSION pg_lifeboat');
sql($node, "SELECT backup_create_store('found', 'file://$store')");
is(sql($node, q{SELECT string_agg(DISTINCT action, ' ') FROM backup_import('found')}), 'imported',
	'a new catalog is rebuilt from the store, without any key');
is(sql($node, $catalog), $catalog_before, 'it is the same catalog');
is(sql($node, $relations), '', 'but for the tables, which are encrypted');
like(sql($node, "SELECT notes FROM backup_restore_points WHERE backup_id = '$id'"), qr/not signed by a signer that this server trusts/,
	'no signer came with it');
is(sql($node, "SELECT ok FROM backup_verify('$id', 'checksum')"), 't', 'it verifies');

sql($node, 'DROP EXTENSION pg_lifeboat');
sql($node, 'CREATE EXTENSION pg_lifeboat');
sql($node,
	"SELECT backup_create_key('main', recipients => ARRAY['file:$keys/recovery.crt'], "
	  . "secret => 'file:$keys/server.secret', signer => 'file:$keys/signer.key', make_default => true)");
sql($node, "SELECT backup_create_store('local', 'file://$store')");
sql($node, q{SELECT backup_import('local')});
is(sql($node, $catalog), $catalog_before, 'with the keys: the same catalog');
is(sql($node, $relations), $relations_before, 'and the same tables');
is(sql($node, "SELECT key FROM backup_catalog WHERE backup_id = '$id'"), 'main', 'the key is recognised by its recipients');
is(sql($node, "SELECT ok FROM backup_verify('$id')"), 't', 'it is sound');
is(sql($node, "SELECT status FROM backup_restore_plan('$id') WHERE action = 'check signature'"), 'ready', 'and trusted');

# What is gone, and what is damaged.
system('rm', '-rf', "$store/backups/$sealed") == 0 or die;
sql($node, "DELETE FROM backup_restore_points WHERE backup_id = '$id'");
my $toc = "$store/backups/$id/toc";
my $bytes = read_file($toc);
unlink $toc;
write_file($toc, substr($bytes, 0, -1) . chr(ord(substr($bytes, -1)) ^ 1), 0400);
is(sql($node, q{SELECT string_agg(action, ' ' ORDER BY action) FROM backup_import('local')}), 'damaged missing',
	'import tells what is damaged and what is missing');
is(sql($node, "SELECT string_agg(status, ' ') FROM backup_catalog"), 'damaged damaged', 'both are marked');
unlink $toc;
write_file($toc, $bytes, 0400);
is(sql($node, "SELECT ok FROM backup_verify('$id')"), 't', 'the mended one verifies');
is(sql($node, "SELECT status FROM backup_catalog WHERE backup_id = '$id'"), 'available', 'and is available again');
sql($node, "SELECT backup_delete('$sealed')");
is(sql($node, "SELECT status FROM backup_catalog WHERE backup_id = '$sealed'"), 'deleted', 'the missing one can be deleted');
like(sql_error($node, "SELECT backup_import('nowhere')"), qr/^ERROR:  42704: store "nowhere" does not exist/m, 'an unknown store');

# --- whose backup one may restore -----------------------------------------------------------------

sql($node, q{CREATE ROLE guest LOGIN CREATEDB; GRANT pg_read_server_files TO guest; SELECT backup_grant('guest', 'admin')});
sql($node, q{CREATE ROLE keeper LOGIN; GRANT pg_read_all_data TO keeper; SELECT backup_grant('keeper', 'operator')});
my ($own, $kept) = map { sql($node, "SET ROLE $_; SELECT backup_run(database => 'app')") } sql($node, 'SELECT quote_ident(current_user)'), 'keeper';
like(sql_error($node, "SET ROLE guest; SELECT backup_restore('$own', 'mine')"),
	qr/^ERROR:  42501: role "guest" may not restore backup $own\nDETAIL:  It was taken as "\w+", a superuser: .*\nHINT:  Let a superuser restore it\. For backups to come, give the schedule to a weaker role: SELECT backup_alter_schedule\(name => '…', owner => 'role'\);$/m,
	'nobody is advised to make a superuser of a role');
like(sql_error($node, "SET ROLE guest; SELECT backup_restore('$kept', 'mine')"),
	qr/^ERROR:  42501: role "guest" may not restore backup $kept\nDETAIL:  It was taken as "keeper": the privileges of that role are needed\.\nHINT:  GRANT keeper TO guest;$/m,
	'privileges of an ordinary role may be given');

$node->stop;
done_testing();
