# Size in every direction: 20,000 tables, 50,000 large objects, one row of 900 MB, names with every odd character, an empty database,
# a database with only large objects. Memory per process stays bounded; the peaks are printed.
use strict;
use warnings;
use utf8;
use lib 'lib';
use LifeboatTest;
use Encode ();
use Time::HiRes qw(sleep);

my $node = new_cluster('scale', conf => {
	max_locks_per_transaction => 512, 'lifeboat.workers' => 2, shared_buffers => "'256MB'", max_wal_size => "'4GB'",
	synchronous_commit => 'off' });
make_keys($node);
my $store = make_store($node);

sub same_text
{
	my ($database, $what) = @_;
	my $seconds = seconds_for(sub { sql($node, "SELECT backup_restore('latest:$database', '${database}_back')") });
	same_database($node, $database, $node, "${database}_back", "$what: restored without a difference");
	sql($node, "DROP DATABASE ${database}_back");
	return $seconds;
}

# Peak resident memory (VmHWM, MB, shared buffers not counted) of every process of a run while `code` works.
sub peaks
{
	my ($database) = @_;
	my $run = background($node, "SELECT backup_run(database => '$database')");
	my %peak;
	while ($run->{handle}->pumpable)
	{
		for my $line (split /\n/, `ps -eo pid,args | grep -E 'lifeboat (run|leader)|parallel worker|pg_dump' | grep -v grep`)
		{
			my ($pid, $args) = $line =~ /^\s*(\d+)\s+(.*)$/ or next;
			my ($kind) = $args =~ /(lifeboat run|lifeboat leader|parallel worker|pg_dump)/;
			my $anon = 0;
			if (open my $fh, '<', "/proc/$pid/status") { while (<$fh>) { $anon = $1 / 1024 if /^RssAnon:\s+(\d+)/; } }
			$peak{$kind} = $anon if $anon > ($peak{$kind} // 0);
		}
		eval { $run->{handle}->pump_nb };
		sleep 0.02;
	}
	my ($rc, undef, $err) = finish_background($run);
	is($rc, 0, "$database is backed up") or diag($err);
	measured("$database: " . join(', ', map { sprintf '%s %.0f MB', $_, $peak{$_} } sort keys %peak));
	return \%peak;
}

# --- names ------------------------------------------------------------------------------------------

sql($node, q{CREATE DATABASE names});
my $every = join '', map { chr } grep { $_ != 0 } 1 .. 127;
my $n = 0;
my @odd = ('', ' ', "tab\there", "new\nline", 'quote"d', "apostrophe'd", 'back\\slash', '$$', '--', '/*', ';', '\\.', 'SELECT', 'Ünïcødé',
	'a.b', '%s%n', '{}', "\\N", "\r", 'select', substr($every, 0, 62), substr($every, 62, 62));
my $ddl = '';
for my $odd (@odd)
{
	next if $odd eq '';
	(my $quoted = $odd) =~ s/"/""/g;
	$n++;
	$ddl .= qq{CREATE SCHEMA "s$n $quoted";\n} if length $odd < 40;
	my $schema = length $odd < 40 ? qq{"s$n $quoted"} : 'public';
	$ddl .= qq{CREATE TABLE $schema."$quoted" ("$quoted" text, "x$n" int); INSERT INTO $schema."$quoted" VALUES (E'\\\\.\\n\\t\\r\\b\\f\\v\\\\', $n), (NULL, NULL), ('\\N', 1), ('', 2);\n};
	(my $sequence = qq{$schema."seq $quoted"}) =~ s/'/''/g;
	$ddl .= qq{CREATE SEQUENCE $schema."seq $quoted"; SELECT nextval('$sequence');\n} if length $odd < 40;
}
my $file = write_file(temp_dir() . '/names.sql', Encode::encode('UTF-8', $ddl));
sql($node, names => "\\i $file");
run_backup($node, 'names');
same_text('names', 'odd names');
# Databases too: what psql or libpq could take for a connection string or a path.
for my $odd ('host=x port=1', 'a/b', '..', "it's", 'postgresql://x', 'spaced  out', 'UPPER')
{
	(my $literal = $odd) =~ s/'/''/g;
	sql($node, qq{CREATE DATABASE "$odd"});
	my ($rc, $out, $err) = $node->psql('postgres', "SELECT backup_run(database => '$literal')");
	is($rc, 0, "a database named $odd") or diag($err);
	($rc, $out, $err) = $node->psql('postgres', "SELECT backup_restore('$out', '$literal back')");
	is($rc, 0, "and back") or diag($err);
	is(sql($node, "SELECT count(*) FROM pg_database WHERE datname = '$literal back'"), '1', 'under the name asked for');
}

# --- empty, and only large objects ---------------------------------------------------------------------

sql($node, 'CREATE DATABASE nothing');
peaks('nothing');
same_text('nothing', 'an empty database');

sql($node, 'CREATE DATABASE blobs');
sql($node, blobs => q{SELECT count(lo_from_bytea(0, decode(repeat(md5(n::text), n % 40), 'hex'))) FROM generate_series(1, 50000) n});
sql($node, blobs => q{SELECT lo_put(loid, 5000000, 'a hole before it') FROM (SELECT min(oid) AS loid FROM pg_largeobject_metadata) m});
my $peak = peaks('blobs');
cmp_ok($peak->{$_}, '<', 16, "50,000 large objects: memory of $_ is bounded") for sort keys %$peak;
my $seconds = seconds_for(sub { sql($node, q{SELECT backup_restore('latest:blobs', 'blobs_back')}) });
measured(sprintf '50,000 large objects restored in %.1f s', $seconds);
my $digest = q{SELECT count(*), md5(string_agg(md5(lo_get(oid)), '' ORDER BY oid)) FROM pg_largeobject_metadata};
is(sql($node, blobs_back => $digest), sql($node, blobs => $digest), '50,000 large objects: the same bytes under the same numbers');
sql($node, 'DROP DATABASE blobs_back');

# --- one row of 900 MB -----------------------------------------------------------------------------------

sql($node, 'CREATE DATABASE giant');
sql($node, giant => q{CREATE TABLE giant (id int, body text);
	INSERT INTO giant VALUES (1, 'before');
	INSERT INTO giant SELECT 2, repeat('0123456789' || E'\t', 900 * 1024 * 1024 / 11);
	INSERT INTO giant VALUES (3, 'after')});
$peak = peaks('giant');
cmp_ok($peak->{$_}, '<', $_ eq 'parallel worker' ? 2500 : 50, "a row of 900 MB: memory of $_ is bounded") for sort keys %$peak;
sql($node, q{SELECT backup_restore('latest:giant', 'giant_back')});
is(sql($node, giant_back => 'SELECT string_agg(id::text || length(body) || md5(body), $$ $$ ORDER BY id) FROM giant'),
	sql($node, giant => 'SELECT string_agg(id::text || length(body) || md5(body), $$ $$ ORDER BY id) FROM giant'), 'and comes back');
sql($node, 'DROP DATABASE giant_back');
sql($node, 'DROP DATABASE giant');

# --- more than a part -------------------------------------------------------------------------------------

# Four rows in one block, about 105 MB each in the store: the object is cut after the third.
sql($node, 'CREATE DATABASE parts');
sql($node, parts => q{CREATE TABLE parts (id int, body bytea);
	ALTER TABLE parts ALTER body SET STORAGE EXTERNAL;
	INSERT INTO parts SELECT p, string_agg(sha512((p || 'x' || i)::bytea), '') FROM generate_series(1, 4) p, generate_series(1, 1600000) i GROUP BY p ORDER BY p});
my $parted = run_backup($node, 'parts');
my @parts = read_file("$store/backups/$parted/manifest.json") =~ /"kind":"data","stored_bytes":"(\d+)".*?"rows":"(\d+)".*?"part":(\d+),"parts":(\d+)/g;
is_deeply([ @parts[ 1, 2, 3, 5, 6, 7 ] ], [ 3, 1, 2, 1, 2, 2 ], 'a large segment is cut between two rows, in two parts') or diag("@parts");
cmp_ok($parts[0] // 0, '>=', 256 * 1024 * 1024, 'the first is as large as a part may be');
is(sql($node, "SELECT ok, problems FROM backup_verify('$parted')"), 't|{}', 'parts verify');
sql($node, "SELECT backup_restore('$parted', 'parts_back')");
$digest = 'SELECT string_agg(id || md5(body), $$ $$ ORDER BY id) FROM parts';
is(sql($node, parts_back => $digest), sql($node, parts => $digest), 'and come back');
sql($node, 'DROP DATABASE parts_back');
sql($node, 'DROP DATABASE parts');

# --- 20,000 tables ------------------------------------------------------------------------------------------

sql($node, 'CREATE DATABASE many');
for my $batch (0 .. 19)
{
	sql($node, many => qq{DO \$\$ BEGIN FOR i IN 1 .. 1000 LOOP
		EXECUTE format('CREATE TABLE t%s (id int, v text)', $batch * 1000 + i);
		IF i % 10 = 0 THEN EXECUTE format('INSERT INTO t%s VALUES (1, %L)', $batch * 1000 + i, 'x'); END IF;
		END LOOP; END \$\$});
}
$peak = peaks('many');
my %most = ('lifeboat leader' => 100, 'lifeboat run' => 100, 'parallel worker' => 50, pg_dump => 400);
cmp_ok($peak->{$_}, '<', $most{$_}, "20,000 tables: $_ stays small") for sort keys %$peak;
is(sql($node, q{SELECT tables, rows, ok FROM backup_catalog JOIN backup_verify('latest:many', 'present') v USING (backup_id)}),
	'20000|2000|t', '20,000 tables, and every row');
$node->stop;

my $default = new_cluster('default_locks');
make_store($default, encryption => 'none');
sql($default, 'CREATE DATABASE many');
sql($default, many => q{DO $$ BEGIN FOR i IN 1 .. 6000 LOOP EXECUTE format('CREATE TABLE t%s (id int)', i); IF i % 1000 = 0 THEN COMMIT; END IF; END LOOP; END $$});
my $error = sql_error($default, q{SELECT backup_run(database => 'many')});
like($error, qr/^ERROR:  53200: .*lock/m, 'with the default lock table: a clear 53200');
like($error, qr/HINT:.*max_locks_per_transaction/m, 'that says what to set');
$default->stop;
done_testing();
