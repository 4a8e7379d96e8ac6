# The bridge between C++ exceptions and PostgreSQL's errors, both ways: what an error says survives, what it passes is
# destroyed, the session goes on. Functions that fail in every way come from test/bridge. And the extension's module shows
# the server no symbol but those that SQL and the server look up.
use strict;
use warnings;
use lib 'lib';
use LifeboatTest;

my $node = new_cluster('bridge', extension => 0, conf => { log_error_verbosity => 'verbose' });
my $module = "$ENV{LIFEBOAT_MODULES}/bridge_test";

my %functions = (
	bridge_throw => 'kind text, size bigint DEFAULT 0) RETURNS text',
	bridge_raise => 'at_position int) RETURNS void',
	bridge_query => 'statement text) RETURNS text',
	bridge_translate => 'statement text) RETURNS text',
	bridge_swallow => 'statement text) RETURNS text',
	bridge_nested => ') RETURNS text',
	bridge_unwind => 'how text) RETURNS void',
	bridge_objects => ') RETURNS text',
	bridge_loop => 'marker_file text) RETURNS void',
	bridge_round_trips => 'times int) RETURNS int',
	bridge_limit_memory => 'bytes bigint) RETURNS int',
	bridge_raise_short_of_memory => 'bytes bigint) RETURNS void');
sql($node, join '', map { "CREATE FUNCTION $_($functions{$_} STRICT LANGUAGE c AS '$module', '$_';\n" } sort keys %functions);

# What a statement's error says, field by field: the same as a client would see, and by name.
sql($node, q{
	CREATE FUNCTION error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		a text; b text; c text; d text; e text; f text; g text; h text; i text;
	BEGIN
		EXECUTE statement;
		RETURN 'no error';
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS a = RETURNED_SQLSTATE, b = MESSAGE_TEXT, c = PG_EXCEPTION_DETAIL, d = PG_EXCEPTION_HINT,
			e = SCHEMA_NAME, f = TABLE_NAME, g = COLUMN_NAME, h = PG_DATATYPE_NAME, i = CONSTRAINT_NAME;
		RETURN concat_ws('|', a, b, c, d, e, f, g, h, i);
	END $$;
	CREATE FUNCTION context_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE context text;
	BEGIN
		EXECUTE statement;
		RETURN 'no error';
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
		RETURN context;
	END $$;
	CREATE TABLE parent (id int PRIMARY KEY);
	CREATE TABLE child (id int CONSTRAINT positive CHECK (id > 0), p int CONSTRAINT of_parent REFERENCES parent);
	CREATE UNIQUE INDEX only_once ON child (id);
	INSERT INTO parent VALUES (1);
	INSERT INTO child VALUES (1, 1)});

# One session sees every error, one after another.
my $session = '';
my @expected;
sub in_session
{
	my ($statement, $expected, $name) = @_;
	$session .= "$statement;\n\\echo --\n";
	push @expected, [ $expected, $name // $statement ];
	return;
}
sub fails
{
	my ($statement, $expected, $name) = @_;
	$expected .= '|' x (8 - ($expected =~ tr/|//)) unless ref $expected;
	in_session("SELECT error_of(\$s\$$statement\$s\$)", $expected, $name // $statement);
	in_session('SELECT bridge_objects()', qr/^0 of [1-9]/, '... no C++ object is left behind');
	return;
}

# --- C++ to PostgreSQL -----------------------------------------------------------------------------

fails("SELECT bridge_throw('error')",
	'XX001|object 7 is 100% damaged|Expected %s, found %d%n.|Type "lifeboat verify".', 'an Error, percent signs and all');
fails("SELECT bridge_throw('sqlstate')", 'LB042|a code of its own');
fails("SELECT bridge_throw('bad sqlstate')", 'XX000|a code that is none');
fails("SELECT bridge_throw('empty')", 'XX000|unexpected failure in pg_lifeboat: no message', 'an Error without a message');
fails("SELECT bridge_throw('bad_alloc')", '53200|out of memory in pg_lifeboat', 'std::bad_alloc');
fails("SELECT bridge_throw('exception')", 'XX000|unexpected failure in pg_lifeboat: 50% of %s', 'another std::exception');
fails("SELECT bridge_throw('out of range', 7)",
	qr/^XX000\|unexpected failure in pg_lifeboat: vector::_M_range_check: __n \(which is 7\)/, 'one of the library\'s own');
fails("SELECT bridge_throw('int')",
	'XX000|unexpected failure in pg_lifeboat: an exception of unknown type', 'something that is no exception at all');
fails("SELECT bridge_throw('long', 20000000)", '53400|' . 'x' x 20000000, 'a message of 20 MB');

# --- PostgreSQL to C++ and back ----------------------------------------------------------------------

fails('SELECT bridge_raise(0)',
	'LB001|100% of %s|Detail: %d.|Hint: %n.|a schema|a table|a column|a type|a constraint', 'every field of an error');
fails("SELECT bridge_query('SELECT 1/0')", '22012|division by zero');
fails("SELECT bridge_query('INSERT INTO child VALUES (2, 7)')",
	'23503|insert or update on table "child" violates foreign key constraint "of_parent"'
	  . '|Key (p)=(7) is not present in table "parent".||public|child|||of_parent', 'a foreign key');
fails("SELECT bridge_query('INSERT INTO child VALUES (1, 1)')",
	'23505|duplicate key value violates unique constraint "only_once"|Key (id)=(1) already exists.'
	  . '||public|child|||only_once', 'a unique index');
fails("SELECT bridge_query('INSERT INTO child VALUES (-1, 1)')",
	'23514|new row for relation "child" violates check constraint "positive"|Failing row contains (-1, 1).'
	  . '||public|child|||positive', 'a check');
fails("SELECT bridge_query('SELECT * FROM nowhere')", '42P01|relation "nowhere" does not exist');
fails("SELECT bridge_query('DO \$d\$ BEGIN RAISE ''%'', repeat(''y'', 20000000); END \$d\$')", 'P0001|' . 'y' x 20000000,
	'a message of 20 MB from the server');
fails("SELECT bridge_query('SELECT bridge_query(''SELECT bridge_throw(''''error'''')'')')",
	'XX001|object 7 is 100% damaged|Expected %s, found %d%n.|Type "lifeboat verify".', 'over three bridges');

in_session(q{SELECT context_of('SELECT bridge_raise(0)')},
	qr/\Araised for a test\nSQL statement "SELECT bridge_raise\(0\)"\nPL\/pgSQL function context_of\(text\) line \d+ at EXECUTE\z/,
	'the context survives and comes once');
in_session(q{SELECT context_of('SELECT bridge_query(''SELECT 1/0'')')},
	qr/\ASQL statement "SELECT 1\/0"\nSQL statement "SELECT bridge_query[^\n]*\nPL\/pgSQL function context_of\(text\) line \d+ at EXECUTE\z/,
	'so does that of a statement in a statement');
in_session(q{SELECT context_of('SELECT bridge_throw(''error'')')},
	qr/\ASQL statement "SELECT bridge_throw[^\n]*\nPL\/pgSQL function context_of\(text\) line \d+ at EXECUTE\z/,
	'a C++ error gets the context of the place where it leaves');

# --- edges -------------------------------------------------------------------------------------------

in_session('CREATE TEMP TABLE kept (n int)', '');
fails("SELECT bridge_translate('INSERT INTO child VALUES (1, 1)')",
	'55000|the statement failed|23505: duplicate key value violates unique constraint "only_once", constraint only_once'
	  . '|Try another.', 'caught at the edge of a subtransaction and translated');
in_session('BEGIN', '');
in_session('INSERT INTO kept VALUES (1)', '');
in_session("SELECT bridge_swallow('WITH a AS (INSERT INTO kept VALUES (2) RETURNING n) SELECT 1 / (n - 2) FROM a')",
	'22012: division by zero', 'swallowed at the edge of a subtransaction');
in_session("SELECT bridge_swallow('INSERT INTO kept VALUES (3)')", 'no error');
in_session('COMMIT', '', 'the transaction around it goes on');
in_session("SELECT string_agg(n::text, ',' ORDER BY n) FROM kept", '1,3', 'what failed is undone, the rest is kept');
in_session('SELECT bridge_nested()', 'LB001: inner, LB001: outer, LB001: through two guards', 'guards within guards');
in_session('SELECT bridge_objects()', qr/^0 of/, '... no C++ object is left behind');

# --- unwinding ---------------------------------------------------------------------------------------

for my $case ([ 'throw', 'XX000|unexpected failure in pg_lifeboat: thrown' ],
	[ 'throw in a guard', '53400|thrown inside Pg()' ], [ 'raise', 'LB001|raised' ], [ 'query', '22012|division by zero' ])
{
	my ($how, $expected) = @$case;
	in_session("SELECT error_of(\$s\$SELECT bridge_unwind('$how')\$s\$)", $expected . '|' x 7, "20 frames: $how");
	in_session('SELECT bridge_objects()', $how eq 'throw in a guard' ? '0 of 22' : '0 of 21', '... and every one is unwound');
}

# --- memory ------------------------------------------------------------------------------------------

# The limit is on address space: what is left to the process once the message, or the error, exists.
my $limit = 100 << 20;
my $big = 64 << 20;
my $unlimited = 'SELECT bridge_limit_memory(-1)';
in_session("SELECT bridge_limit_memory($limit)", '0', 'little memory from here on');
fails("SELECT bridge_throw('long', $big)", '53400|' . 'x' x 1000, 'a message that is too long to copy keeps its beginning');
fails("SELECT bridge_throw('allocate', 1000000000)", '53200|out of memory in pg_lifeboat', 'C++ finds no memory');
fails("SELECT bridge_query(\$q\$SELECT length(repeat('x', 500000000))\$q\$)",
	qr/^53200\|out of memory\|Failed on request of size \d+ in memory context "[^"]+"\.\|{6}$/, 'PostgreSQL finds none');
in_session($unlimited, '0');
in_session("SELECT error_of('SELECT bridge_raise_short_of_memory($big)')",
	qr/^53200\|out of memory\|Failed on request of size \d+ in memory context "[^"]+"\.\|{6}$/, 'none to copy an error');
in_session($unlimited, '0');
in_session('SELECT bridge_objects()', qr/^0 of/, '... no C++ object is left behind');

# --- interrupts --------------------------------------------------------------------------------------

my $dir = temp_dir();
in_session("SET statement_timeout = '200ms'", '');
in_session("SELECT bridge_loop('$dir/timeout')", '', 'a loop of ours ends at statement_timeout');
in_session("SELECT bridge_query('SELECT pg_sleep(60)')", '', 'and so does a wait in the server');
in_session('RESET statement_timeout', '');
in_session("SELECT 'still here'", 'still here', 'the session has survived it all');

my ($rc, $out, $err) = $node->psql('postgres', $session, on_error_stop => 0, on_error_die => 0);
my @answers = split /^--\n?/m, $out, -1;
is(scalar @answers, @expected + 1, 'every statement was answered') or diag("$out\n$err");
for my $case (@expected)
{
	my ($expected, $name) = @$case;
	chomp(my $answer = shift @answers // '(nothing)');
	my $good = ref $expected ? $answer =~ $expected : $answer eq $expected;
	ok($good, substr $name, 0, 100)
	  or diag('got: ' . substr($answer, 0, 1000), "\nexpected: " . substr($expected, 0, 1000));
}
is(() = $err =~ /ERROR:  canceling statement due to statement timeout/g, 2, 'timeouts are reported as such');
unlike($err, qr/ERROR:  (?!canceling statement due to statement timeout)/, 'and nothing else went wrong');
ok(!-e "$dir/timeout", 'the loop had its frames unwound');

# The client's and the log's view of an error.
$err = sql_error($node, 'SELECT bridge_raise(8)');
is($err, <<'END', 'an error as psql shows it');
ERROR:  LB001: 100% of %s
LINE 1: SELECT bridge_raise(8)
               ^
DETAIL:  Detail: %d.
HINT:  Hint: %n.
CONTEXT:  raised for a test
SCHEMA NAME:  a schema
TABLE NAME:  a table
COLUMN NAME:  a column
DATATYPE NAME:  a type
CONSTRAINT NAME:  a constraint
END
like(sql_error($node, 'SELECT bridge_raise(0)'), qr/^LINE 1: SELECT nothing FROM nowhere\n\s+\^\n/m, 'a statement inside');
like($node->log_content, qr/DETAIL:  Detail for the log: 5%\./, 'the detail that only the log may see') if $node->can('log_content');

# --- cancel and terminate ------------------------------------------------------------------------------

for my $case ([ 'pg_cancel_backend', qr/ERROR:  canceling statement due to user request/, '' ],
	[ 'pg_terminate_backend', qr/(FATAL|ERROR):  terminating connection due to administrator command/, '' ],
	[ 'pg_terminate_backend', qr/FATAL:  terminating connection due to administrator command/, 'swallowing everything' ])
{
	my ($function, $expected, $how) = @$case;
	my $marker = "$dir/$function";
	my $statement = "SELECT bridge_loop('$marker')";
	$statement = "DO \$\$ BEGIN LOOP BEGIN PERFORM bridge_loop('$marker'); EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END \$\$"
	  if $how;
	my $run = background($node, $statement);
	wait_for($node, "SELECT size > 0 FROM pg_stat_file('$marker', true)");
	my $seconds = seconds_for(sub {
		sql($node, "SELECT $function(pid) FROM pg_stat_activity WHERE query LIKE '%bridge_loop(%' AND pid <> pg_backend_pid()");
		(my $code, my $ignored, $err) = finish_background($run);
	});
	like($err, $expected, "$function $how");
	cmp_ok($seconds, '<', 2, '... within two seconds');
	ok(!-e $marker, '... and C++ frames are unwound: the file is removed');
}

# --- 100,000 errors ------------------------------------------------------------------------------------

# Memory after the first thousand and after all, by PostgreSQL's books and by the kernel's.
my $memory = q{SELECT (SELECT sum(total_bytes) FROM pg_backend_memory_contexts),
	substring(pg_read_file('/proc/self/status') from 'VmRSS:\s+(\d+)')};
my $many = q{DO $$ DECLARE caught int := 0; BEGIN FOR i IN 1..%d LOOP BEGIN PERFORM bridge_query('SELECT 1/0');
	EXCEPTION WHEN division_by_zero THEN caught := caught + 1; END; END LOOP; ASSERT caught = %1$d; END $$;};
for my $case ([ 'in and out through one function', 'SELECT bridge_round_trips(%d);' ], [ 'caught by PL/pgSQL', $many ])
{
	my ($name, $format) = @$case;
	my $script = join '', map { sprintf($format, $_) . "\n\\echo --\n$memory;\n" } 1000, 100_000;
	my ($before, $after) = sql($node, $script) =~ /^--\n(.*)$/mg;
	my ($contexts_before, $rss_before) = split /\|/, $before;
	my ($contexts_after, $rss_after) = split /\|/, $after;
	cmp_ok($contexts_after - $contexts_before, '<', 200_000, "100,000 errors, $name: memory contexts do not grow");
	cmp_ok($rss_after - $rss_before, '<', 4000, '... nor does the process (kB)');
	note("contexts $contexts_before -> $contexts_after bytes, process $rss_before -> $rss_after kB");
}
is(sql($node, 'SELECT bridge_round_trips(1000)'), '1000', 'each error came through whole');

# --- what the module shows the server --------------------------------------------------------------------

my %wanted = map { $_ => 1 } qw(Pg_magic_func _PG_init LifeboatLauncherMain LifeboatRunMain LifeboatLeaderMain LifeboatWorkerMain);
for my $file (glob source_dir() . '/sql/pg_lifeboat--*.sql')
{
	my $text = read_file($file);
	$wanted{$_} = $wanted{"pg_finfo_$_"} = 1 for $text =~ /'MODULE_PATHNAME',\s*'(\w+)'/g;
}
chomp(my $library = `"$ENV{PG_CONFIG}" --pkglibdir`);
my @shown = sort map { (split)[-1] } split /\n/, `nm -D --defined-only "$library/pg_lifeboat.so"`;
is_deeply(\@shown, [ sort keys %wanted ], 'the module shows those symbols that are looked up by name, and no other');

$node->stop;
done_testing();
