# A database that nobody here designed, PostgreSQL's own regression database: backed up encrypted with two workers, restored in three
# ways (backup_restore, the command line, the recovery script that knows nothing of us); dumps of original and restored are identical, and
# the stored segments of every table are byte for byte what COPY ... TO STDOUT prints.
use strict;
use warnings;
use lib 'lib';
use LifeboatTest;

my $node = new_cluster('regression', conf => { max_locks_per_transaction => 128, 'lifeboat.workers' => 2 });
regression_database($node);
my $keys = make_keys($node);
my $store = make_store($node);
my $url = "file://$store";
my @trust = ('--signer-public', "$keys/signer.pub");
my @read = ('--store', $url, '--secret', "file:$keys/server.secret");

my $seconds = seconds_for(sub { run_backup($node, 'regression') });
my $id = last_backup($node, 'regression');
like($id, qr/^regression-\d{8}T\d{6}Z-full-[0-9a-f]{8}$/, 'the backup has an id');
measured(sprintf('regression database backed up in %.1f s', $seconds));

# --- every table, byte for byte -------------------------------------------------------------------

# As pg_dump prints it: live columns that are not generated, only this table, the session's formats pinned.
my $tables = sql($node, regression => q{
	SELECT n.nspname, c.relname, format('%I.%I', n.nspname, c.relname),
	       coalesce((SELECT '(' || string_agg(quote_ident(attname), ', ' ORDER BY attnum) || ')'
	                   FROM pg_attribute
	                  WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''), '')
	  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	 WHERE c.relkind = 'r' AND c.relpersistence <> 't'
	   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 3});
my $pinned = 'SET DateStyle = ISO; SET IntervalStyle = postgres; SET extra_float_digits = 3; SET TimeZone = UTC;'
  . " SET synchronize_seqscans = off; SET search_path = '';";
my ($same, @different) = (0);
my $copies = temp_dir();
my @rows = map { [ split /\|/, $_, 4 ] } split /\n/, $tables;
my $script = $pinned . "\n";
for my $i (0 .. $#rows)
{
	$script .= "\\copy $rows[$i][2] $rows[$i][3] TO '$copies/$i'\n";
}
sql($node, regression => $script);
for my $i (0 .. $#rows)
{
	my ($schema, $name) = @{ $rows[$i] };
	my ($rc, $out, $err) = cli('cat', $id, '--table', qq{"$schema"."$name"}, @trust, @read);
	if ($rc == 0 && $out eq read_file("$copies/$i")) { $same++; }
	else { push @different, "$schema.$name: exit $rc $err"; }
}
is_deeply(\@different, [], "segments of all " . scalar(@rows) . " tables are what COPY TO prints");
cmp_ok($same, '>', 450, 'there were many of them');

# --- three ways back -------------------------------------------------------------------------------

# Where a child's columns were reordered by restoring (pg_dump's own doing), as AdjustDump.pm does for the same database.
my $adjust = sub { adjust_regression() };

sql($node, "SELECT backup_restore('$id', 'back_sql')");
same_database($node, 'regression', $node, 'back_sql', 'restored by backup_restore: no difference', adjust => $adjust);
sql($node, 'DROP DATABASE back_sql');

cli_ok('restore', $id, @read, @trust, '--target', $node->connstr('postgres'),
	'--target-database', 'back_cli', '--jobs', '2', '--quiet');
same_database($node, 'regression', $node, 'back_cli', 'restored by the command line: no difference', adjust => $adjust);
sql($node, 'DROP DATABASE back_cli');

my ($out, $err) = ('', '');
ok(IPC::Run::run(
		[ source_dir() . '/scripts/recover.sh', $store, $id, "$keys/recovery.key", "$keys/signer.pub",
			$node->connstr('postgres'), 'back_script' ],
		'>', \$out, '2>', \$err),
	'the recovery script, with stock tools alone') or diag($err);
same_database($node, 'regression', $node, 'back_script', 'restored by the recovery script: no difference', adjust => $adjust);

# --- and it verifies -------------------------------------------------------------------------------

is(sql($node, "SELECT ok, level, problems FROM backup_verify('$id')"), 't|content|{}', 'backup_verify finds nothing');
$node->stop;
done_testing();

# What restoring a dump changes, pg_dump's own road included. The tables are those that adjust_regress_dumpfile of
# src/test/perl/PostgreSQL/Test/AdjustDump.pm (PostgreSQL 18) names for the same database, used by its pg_upgrade/t/002_pg_upgrade.pl:
# children that were created with their columns in another order than their parents' have them in the parents' order afterwards, in
# CREATE TABLE; and children of parents that got a column later have it before their own afterwards, in COPY. Where that module drops
# such a COPY, here the columns are put in one order and the rows compared. Nothing else is let through.
# Rows have no order: they are sorted, since several streams may load one table. With one stream the order can still change, and for
# brintest_bloom it does (fillfactor 10): COPY puts a small row on an earlier page where the free space map knows room for it. pg_dump and
# pg_restore of the same database give the same row the same ctid as the recovery script does.
sub adjust_regression
{
	my %created = map { $_ => 1 } qw(gtestxx_4 test_type_diff2_c1 test_type_diff2_c2);
	my %copied = map { $_ => 1 } qw(b_star c_star cc2 d_star e_star f_star renamecolumnanother renamecolumnchild
	  test_type_diff2_c1 test_type_diff2_c2 test_type_diff_c);
	s{^(CREATE TABLE (?:\w+\.)?(\w+) \(\n)(.*?)^\)}{ $1 . ($created{$2} ? sorted_columns($3) : $3) . ')' }gmes;
	s{^(COPY (?:\w+\.)?"?(\w+)"?)( \(.*?\))?( FROM stdin;\n)(.*?)^\\\.$}
	 { $1 . ($copied{$2} ? reordered_rows($3, $4, $5) : ($3 // '') . $4 . sorted_lines($5)) . '\.' }gmes;
	return;
}

sub sorted_lines { return join '', sort split /^/m, $_[0]; }

sub sorted_columns
{
	my @lines = map { s/,?\n?$//r } split /^/m, $_[0];
	return join(",\n", sort @lines) . "\n";
}

sub reordered_rows
{
	my ($columns, $from, $rows) = @_;
	my @names = split /, /, ($columns =~ s/^ \(|\)$//gr);
	my @order = sort { $names[$a] cmp $names[$b] } 0 .. $#names;
	my @sorted = map { my @values = split /\t/, s/\n$//r, -1; join("\t", @values[@order]) . "\n" } split /^/m, $rows;
	return ' (' . join(', ', @names[@order]) . ')' . $from . join('', sort @sorted);
}
