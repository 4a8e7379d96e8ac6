# The whole road in small: extension, key, store, backup, verify, restore, from SQL and from the command line.
use strict;
use warnings;

use LifeboatTest;

my $node = new_cluster('main');
is(sql($node, "SELECT extversion FROM pg_extension WHERE extname = 'pg_lifeboat'"), '0.1.0', 'extension is created');

sql($node, 'DROP EXTENSION pg_lifeboat');
is(sql($node, "SELECT count(*) FROM pg_proc WHERE proname LIKE 'backup\\_%'"), '0', 'nothing is left after DROP EXTENSION');
sql($node, 'CREATE EXTENSION pg_lifeboat');

my ($rc, $out, $err) = cli('--version');
is($rc, 0, 'lifeboat --version succeeds');
like($out, qr/0\.1\.0/, 'and names its version');

sql($node, 'CREATE DATABASE a');
sql($node, a => 'CREATE TABLE t AS SELECT generate_series(1, 10) AS n');
sql($node, 'CREATE DATABASE b TEMPLATE a');
same_database($node, 'a', $node, 'b', 'equal databases compare equal');

like(sql_error($node, 'SELECT 1/0'), qr/^ERROR:  22012: division by zero/, 'errors come with their SQLSTATE');

my $keys = make_keys($node);
my $store = make_store($node);
my $id = run_backup($node, 'a');
like($id, qr/^a-\d{8}T\d{6}Z-full-[0-9a-f]{8}$/, 'a backup has an id that a person can read');
is(last_backup($node, 'a'), $id, 'and is in the catalog');
is(sql($node, "SELECT ok FROM backup_verify('$id')"), 't', 'it verifies');

my @open = ('--store', "file://$store", '--secret', "file:$keys/server.secret", '--signer-public', "$keys/signer.pub");
($rc, $out, $err) = cli('verify', $id, @open);
is($rc, 0, 'from the command line, too') or diag($err);

sql($node, "SELECT backup_restore('$id', 'a_restored')");
same_database($node, 'a', $node, 'a_restored', 'restored without a difference');
($rc, $out, $err) =
  cli('restore', $id, @open, '--target', $node->connstr('postgres'), '--target-database', 'a_again');
is($rc, 0, 'lifeboat restore succeeds') or diag($err);
same_database($node, 'a', $node, 'a_again', 'and restores the same');

$node->stop;
done_testing();
