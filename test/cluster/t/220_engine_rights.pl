# A backup acts as its caller: what that role may not read is an error that names it, never a smaller backup.
use strict;
use warnings;
use lib 'lib';
use LifeboatTest;

my $node = new_cluster('rights', conf => { 'lifeboat.workers' => 1 });
my $store = make_store($node, encryption => 'none');
sql($node, 'CREATE DATABASE app');
sql($node, "CREATE ROLE reader LOGIN; CREATE ROLE keeper LOGIN PASSWORD 'hidden'");
sql($node, "SELECT backup_grant('reader', 'operator')");
sql($node, app => <<'SQL');
CREATE TABLE open_table (x int);
INSERT INTO open_table VALUES (1);
CREATE TABLE closed (x int);
CREATE SEQUENCE counter;
SELECT lo_from_bytea(200 + n, 'x') FROM generate_series(1, 7) AS n;
GRANT SELECT ON open_table TO reader;
SQL

my $run = "SET ROLE reader; SELECT backup_run(database => 'app');";

like(sql_error($node, $run),
	qr/^ERROR:  42501: role "reader" may not read table public\.closed\nDETAIL:  A backup acts as the role that owns its schedule, and needs SELECT on everything it stores\.\nHINT:  GRANT SELECT ON TABLE public\.closed TO reader; or GRANT pg_read_all_data TO reader;/m,
	'a table');
sql($node, app => 'GRANT SELECT ON closed TO reader');
like(sql_error($node, $run), qr/^ERROR:  42501: role "reader" may not read sequence public\.counter\n.*\nHINT:  GRANT SELECT ON SEQUENCE public\.counter TO reader;/m, 'a sequence');
sql($node, app => 'GRANT SELECT ON counter TO reader');
like(sql_error($node, $run),
	qr/^ERROR:  42501: role "reader" may not read 7 large objects: 201, 202, 203, 204, 205, …\n/m, 'large objects');
sql($node, app => 'GRANT SELECT ON LARGE OBJECT 201, 202, 203, 204, 205, 206, 207 TO reader');

my ($rc, $out, $err) = $node->psql('postgres', $run);
is($rc, 0, 'with the rights it needs it succeeds') or diag($err);
my $toc = `zstd -dcq $store/backups/$out/toc.zst`;
like($toc, qr/large_objects/, 'large objects and all');
my ($globals) = $toc =~ /^(\S+)\tglobals\t/m;
my $roles = `zstd -dcq $store/$globals`;
like($roles, qr/^CREATE ROLE keeper;/m, 'roles are stored');
unlike($roles, qr/PASSWORD/, 'without passwords, which it may not read');

sql($node, app => 'CREATE POLICY few ON closed USING (x > 1); ALTER TABLE closed ENABLE ROW LEVEL SECURITY');
like(sql_error($node, $run), qr/^ERROR:  42501: query would be affected by row-level security policy for table "closed"$/m,
	'row security that would hide rows');
sql($node, app => 'ALTER TABLE closed DISABLE ROW LEVEL SECURITY');

sql($node, 'GRANT pg_read_all_data TO reader');
sql($node, app => 'REVOKE ALL ON LARGE OBJECT 201, 202, 203, 204, 205, 206, 207 FROM reader; CREATE TABLE later (x int)');
($rc, $out, $err) = $node->psql('postgres', $run);
is($rc, 0, 'pg_read_all_data serves') or diag($err);

my $mine = run_backup($node, 'app');
($globals) = `zstd -dcq $store/backups/$mine/toc.zst` =~ /^(\S+)\tglobals\t/m;
like(`zstd -dcq $store/$globals`, qr/^ALTER ROLE keeper .* PASSWORD 'SCRAM-SHA-256/m, 'a superuser stores the passwords');

sql($node, app => 'ALTER TABLE closed ENABLE ROW LEVEL SECURITY');
($rc, $out, $err) = $node->psql('postgres', "SELECT backup_run(database => 'app')");
is($rc, 0, 'row security does not bind a superuser') or diag($err);

$node->stop;
done_testing();
