# docs/reference.md is what the comments in the database say.
use strict;
use warnings;

use LifeboatTest;

my $node = new_cluster('main');
my ($out, $err) = ('', '');
IPC::Run::run([ 'psql', '-X', '-A', '-t', '-q', '-f', source_dir() . '/scripts/reference.sql', '-d', $node->connstr('postgres') ],
	'>', \$out, '2>', \$err);
is($err, '', 'the reference can be made');
is($out, read_file(source_dir() . '/docs/reference.md'), 'docs/reference.md is up to date (scripts/reference.sh makes it)');
$node->stop;
done_testing();
