# The extension can be created, dropped and created again, and the command line answers.
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

$node->stop;
done_testing();
