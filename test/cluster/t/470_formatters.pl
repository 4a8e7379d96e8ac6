# Rows as COPY TO prints them, for every type that has a formatter of its own: extreme and random values in plain columns, in arrays, ranges
# and multiranges, in rows of every shape. LIFEBOAT_SEED repeats the values of a run.
use strict;
use warnings;
use lib 'lib';
use LifeboatTest;
use ExtremeValues;

my $seed = $ENV{LIFEBOAT_SEED} // int rand 2**31;
note("LIFEBOAT_SEED=$seed");
seed_values($seed);

my $node = new_cluster('formatters',
	conf => { fsync => 'off', 'lifeboat.workers' => 2, 'lifeboat.segment_size' => "'1MB'", max_stack_depth => "'6MB'" });
my $store = make_store($node, encryption => 'none');
my $files = temp_dir();
sql($node, 'CREATE DATABASE zoo');
my $pinned = 'SET DateStyle = ISO; SET IntervalStyle = postgres; SET extra_float_digits = 3; SET TimeZone = UTC;'
  . " SET synchronize_seqscans = off; SET search_path = '';";

# --- a table of values for each type --------------------------------------------------------------

my @types = qw(bool int2 int4 int8 oid float4 float8 numeric text varchar char(20) name "char" bytea date time timetz timestamp timestamptz
  interval uuid inet cidr macaddr macaddr8 json jsonb);
# Domains, and what is made of the values of another type: [type, the type whose values it takes].
my @derived = ([ 'whole', 'int4' ], [ 'amount', 'numeric' ], [ 'words', 'text' ], [ 'moment', 'timestamptz' ], [ 'document', 'jsonb' ]);

sql($node, zoo => q{
	CREATE DOMAIN whole AS int4;
	CREATE DOMAIN amount AS numeric;
	CREATE DOMAIN words AS text;
	CREATE DOMAIN moment AS timestamptz;
	CREATE DOMAIN document AS jsonb;
	CREATE DOMAIN word_list AS text[];
	CREATE TYPE mood AS ENUM ('sad', 'a b', 'null', '', 'q"u\o', ',', E'tab\there', 'größe', '{}');
	CREATE DOMAIN feeling AS mood;
	CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");
	CREATE TYPE float8range AS RANGE (subtype = float8);
	CREATE TYPE uuidrange AS RANGE (subtype = uuid);
	CREATE TYPE inetrange AS RANGE (subtype = inet);
	CREATE TYPE pair AS (n int, t text);

	-- Slices of the values in arrays: of one dimension, of two and three, with lower bounds.
	CREATE FUNCTION make_arrays(type text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE format($f$
			CREATE TABLE %1$I (id int, pad "char", a %2$s[], n int2, b %2$s[]);
			WITH every AS MATERIALIZED (SELECT array_agg(v) AS vs, count(*)::int AS size FROM %3$I WHERE v IS NULL OR pg_column_size(v) < 4000),
			picks AS (SELECT n, 1 + floor(random() * size)::int AS i, floor(random() * 7)::int AS j, floor(random() * 9)::int - 5 AS l
			            FROM every, generate_series(1, 40) AS n)
			INSERT INTO %1$I
			  SELECT n, 'x', vs[i:i + j], CASE WHEN n %% 3 = 0 THEN n END,
			         (CASE n %% 4
			           WHEN 0 THEN '{}'
			           WHEN 1 THEN format('[%%s:%%s]=', l, l + cardinality(vs[i:i + j]) - 1) || vs[i:i + j]::text
			           WHEN 2 THEN format('[%%s:%%s][0:%%s]=', l, l + 1, cardinality(vs[i:i + j]) - 1) || ARRAY[vs[i:i + j], vs[i:i + j]]::text
			           ELSE ARRAY[ARRAY[vs[i:i], vs[1:1]], ARRAY[vs[i:i], vs[i:i]], ARRAY[vs[2:2], vs[i:i]]]::text
			         END)::%2$s[]
			    FROM every, picks;
			INSERT INTO %1$I (id, a) SELECT -1, vs FROM (SELECT array_agg(v) AS vs FROM %3$I) AS every$f$, 'arrays of ' || type, type, 'values of ' || type);
	END $$;

	CREATE FUNCTION make_ranges(range text, source text, bounds text[]) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE format($f$
			CREATE TABLE %5$I (pad "char", v %1$s, n int2, w %1$s);
			WITH every AS MATERIALIZED (SELECT array_agg(v) AS vs, count(*)::int AS size FROM %2$I WHERE v IS NULL OR pg_column_size(v) < 4000),
			picks AS MATERIALIZED (
			  SELECT vs[1 + floor(random() * size)::int] AS i, vs[1 + floor(random() * size)::int] AS j,
			         %3$L::text[] AS kinds, 1 + floor(random() * %4$s)::int AS kind
			    FROM every, generate_series(1, 300) AS n)
			INSERT INTO %5$I
			  SELECT 'x', %1$s(least(i, j), greatest(i, j), kinds[kind]), kind,
			         %1$s(i, NULL, kinds[kind]) * %1$s(NULL, j, kinds[kind]) FROM picks;
			INSERT INTO %5$I (v, w) VALUES ('empty', '(,)')$f$, range, 'values of ' || source, bounds, cardinality(bounds), 'values of ' || range);
		EXECUTE format($f$
			CREATE TABLE %1$I (v %2$s, pad "char", w %2$s);
			WITH every AS MATERIALIZED (SELECT array_agg(v) FILTER (WHERE v IS NOT NULL) AS vs, count(*)::int AS size FROM %3$I),
			picks AS (SELECT n, 1 + floor(random() * size)::int AS i, floor(random() * 20)::int AS j FROM every, generate_series(1, 60) AS n)
			INSERT INTO %1$I
			  SELECT (SELECT range_agg(r) FROM unnest(vs[i:i + j]) AS r), 'x', (SELECT range_agg(r * vs[1]) FROM unnest(vs[i:i + 1]) AS r)
			    FROM every, picks;
			INSERT INTO %1$I (v) VALUES ('{}')$f$, 'values of ' || regexp_replace(range, 'range$', 'multirange'),
			regexp_replace(range, 'range$', 'multirange'), 'values of ' || range);
	END $$});

my $script = 'SET datestyle = ISO; SET timezone = UTC; SELECT setseed(' . ($seed % 1000) / 1000 . ");\n";
for my $type (@types)
{
	my @values = extreme_values($type);
	my $name = quoted("values of $type");
	my $rows = '';
	for my $value (@values)
	{
		$rows .= copy_line('x', (rand() < 0.05 ? undef : $value), (rand() < 0.5 ? undef : 7), (rand() < 0.5 ? undef : $value));
	}
	my $file = write_file("$files/" . ($type =~ s/\W//gr), $rows);
	$script .= qq{CREATE TABLE $name (pad "char", v $type, n int2, w $type);\nCOPY $name FROM '$file';\n}
	  . qq{CREATE TABLE ${\quoted("required $type")} (w $type NOT NULL, n int2 NOT NULL, v $type NOT NULL, z $type NOT NULL);\n}
	  . qq{INSERT INTO ${\quoted("required $type")} SELECT v, 1, v, v FROM $name WHERE v IS NOT NULL;\n};
}
for (@derived)
{
	my ($type, $from) = @$_;
	$script .= "CREATE TABLE ${\quoted(qq{values of $type})} (n int, v $type, w $type);\n"
	  . "INSERT INTO ${\quoted(qq{values of $type})} SELECT 1, v, w FROM ${\quoted(qq{values of $from})};\n";
}
for my $type (qw(mood feeling))
{
	$script .= "CREATE TABLE ${\quoted(qq{values of $type})} AS SELECT v::$type FROM unnest(enum_range(NULL::mood)) AS v;\n";
}
$script .= "SELECT make_ranges(range, source, CASE WHEN discrete THEN '{[)}' ELSE '{[],(],[),()}' END::text[]) FROM (VALUES
	('int4range', 'int4', true), ('int8range', 'int8', true), ('daterange', 'date', true), ('numrange', 'numeric', false),
	('tsrange', 'timestamp', false), ('tstzrange', 'timestamptz', false), ('textrange', 'text', false), ('float8range', 'float8', false),
	('uuidrange', 'uuid', false), ('inetrange', 'inet', false)) AS ranges (range, source, discrete);\n";
$script .= "SELECT make_arrays('$_');\n" for @types, 'mood', 'feeling', map { $_->[0] } @derived;
$script .= "SELECT make_arrays('$_');\n" for map { ("${_}range", "${_}multirange") } qw(int8 num text);

# --- rows of every shape --------------------------------------------------------------------------

my $columns = join ', ', map { "c$_ " . $types[ $_ % @types ] } 1 .. 150;
my $wide = join ', ', map {
	my $type = $types[ $_ % @types ];
	"(SELECT CASE WHEN random() < 0.3 THEN v END FROM picked AS p WHERE type = '$type' AND p.n % 40 = rows.n % 40 LIMIT 1)::$type"
} 1 .. 150;
my $picked = join ' UNION ALL ', map {
	my $name = quoted("values of $_");
	"SELECT * FROM (SELECT '$_' AS type, row_number() OVER () AS n, v::text FROM $name WHERE pg_column_size(v) < 40) AS v WHERE n <= 40"
} @types;
my $lz4 = `"$ENV{PG_CONFIG}" --configure` =~ /--with-lz4/ ? 'lz4' : 'pglz';
$script .= <<"SQL";
CREATE TEMPORARY TABLE picked AS $picked;
CREATE INDEX ON picked (type, (n % 40));
CREATE TABLE nullable ($columns);
INSERT INTO nullable SELECT $wide FROM generate_series(1, 60) AS rows (n);

-- columns that are gone, computed, or newer than their rows
CREATE TABLE changed (a int2, gone text, b text, gone_too int8, c int8 GENERATED ALWAYS AS (a + 1) STORED, d date);
INSERT INTO changed (a, gone, b, gone_too, d) SELECT n, 'gone', CASE WHEN n % 3 > 0 THEN 'b' || n END, n, date '2020-01-01' + n
  FROM generate_series(1, 100) AS n;
ALTER TABLE changed DROP COLUMN gone, DROP COLUMN gone_too;
INSERT INTO changed (a) VALUES (7);
ALTER TABLE changed ADD e numeric DEFAULT 1.50, ADD f text DEFAULT E'a\\tb\\\\', ADD g int4[] DEFAULT '{1,NULL}', ADD h jsonb DEFAULT '{"a": [1, "\\n"]}',
  ADD i timestamptz DEFAULT '2000-01-01 UTC', ADD j uuid DEFAULT '6e215d19-b2be-6c8f-be09-cc4aed73e700', ADD k text, ADD l numrange DEFAULT '[1,2.5]',
  ADD m boolean DEFAULT true, ADD o text DEFAULT repeat('long', 50), ADD p "char" DEFAULT 'p', ADD q int8 DEFAULT -1;
INSERT INTO changed (a, b, k) SELECT n, 'new', 'k' FROM generate_series(1, 100) AS n;
UPDATE changed SET b = 'updated' WHERE a % 5 = 0;
ALTER TABLE changed ADD r text, ADD s int2;

-- values that are compressed, out of line, both or neither
CREATE TABLE toasted (id int, t text, x text, b bytea, j jsonb, a text[], n numeric, m text, r textrange, ja jsonb[]);
ALTER TABLE toasted ALTER x SET STORAGE EXTERNAL, ALTER m SET STORAGE MAIN, ALTER b SET STORAGE EXTERNAL;
INSERT INTO toasted SELECT n, repeat(E'te\\txt', size), repeat(E'\\\\plain', size), decode(repeat(md5(n::text), size), 'hex'),
  jsonb_build_object('a', repeat('"x', size), 'b', array_fill(n, ARRAY[size / 3])), array_fill(E'a "b" \\\\ c'::text, ARRAY[size / 5 + 1]),
  repeat('1234567890', size)::numeric, repeat('main', size), textrange(repeat('a', size), repeat('b', size)),
  ARRAY[jsonb_build_array(repeat('z', size)), NULL, '{}'] FROM (SELECT n, (n * n * 3) % 3000 + 1 AS size FROM generate_series(1, 60) AS n) AS sizes;
CREATE TABLE toasted_lz4 (LIKE toasted);
ALTER TABLE toasted_lz4 ALTER t SET COMPRESSION $lz4, ALTER j SET COMPRESSION $lz4, ALTER a SET COMPRESSION $lz4, ALTER n SET COMPRESSION $lz4,
  ALTER m SET COMPRESSION $lz4, ALTER ja SET COMPRESSION $lz4;
INSERT INTO toasted_lz4 SELECT id, t || '', x, b, j || '{"lz4": 1}', a || '{x}'::text[], n + 1, m || '', r, ja || ja FROM toasted;
CREATE TABLE unaligned (a "char", b text, c int8, d text, e numeric, f "char", g float8, h bytea, i int2, j jsonb, k timetz, l interval);
INSERT INTO unaligned SELECT 'x', repeat('b', n), n, repeat('d', 140 - n), n / 7.0, 'y', n / 3.0, decode(repeat('ab', n % 7), 'hex'), n, to_jsonb(n),
  '12:00+01', n * interval '1 s' FROM generate_series(0, 135) AS n;
CREATE TABLE filler (a text, b text, c text, d text, e text);
ALTER TABLE filler ALTER a SET STORAGE PLAIN, ALTER b SET STORAGE PLAIN, ALTER c SET STORAGE PLAIN;
INSERT INTO filler SELECT repeat('a', 2000 + n), repeat(E'\\t', 2600), repeat('c', 3000), repeat('d', 100), NULL FROM generate_series(1, 20) AS n;

-- partitions whose columns lie otherwise than their root's
CREATE TABLE parted (k int, t text, n numeric, j jsonb) PARTITION BY RANGE (k);
CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (100);
CREATE TABLE parted_high (gone int, n numeric, j jsonb, k int, t text);
ALTER TABLE parted_high DROP COLUMN gone;
ALTER TABLE parted ATTACH PARTITION parted_high FOR VALUES FROM (100) TO (200);
INSERT INTO parted SELECT n, CASE WHEN n % 4 > 0 THEN 't' || n END, n / 8.0, jsonb_build_array(n) FROM generate_series(0, 199) AS n;
CREATE TABLE parted_hash (m mood, a text[]) PARTITION BY HASH (m);
CREATE TABLE parted_hash_0 PARTITION OF parted_hash FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO parted_hash SELECT m, ARRAY[m::text, NULL] FROM unnest(enum_range(NULL::mood)) AS m;

-- types without a formatter beside those with one
CREATE TABLE others (p point, bs box[], v tsvector, bits varbit, x xml, r pair, rs pair[], money money, lsn pg_lsn, vec int2vector, oids oidvector,
  cls regclass, l word_list, ls word_list[], path jsonpath, id xid8, t text);
INSERT INTO others VALUES ('(1,2)', '{(1,2),(3,4);(5,6),(7,8)}', 'a b:1', B'0101', '<a>b</a>', '(1,"a b")', '{"(1,a)","(2,\\"b c\\")"}', 1.5, '1/2', '1 2 3', '4 5',
  'pg_class', '{a,"b c"}', '{"{a,\\"b c\\",NULL}",NULL,"{}"}', '\$.a[*]', '7', 'end'), (NULL, NULL, 'c', NULL, NULL, NULL, '{NULL}', NULL, NULL, '', '', 1, NULL,
  '{}', NULL, NULL, E'a\\tb');
SQL
sql($node, zoo => $script);
sql($node, qq{CREATE DATABASE bytes TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'});
my $bytes = join '', map { copy_line(chr $_, 'a' . chr $_, chr($_) x 3) } 1 .. 255;
write_file("$files/bytes", $bytes);
sql($node, bytes => qq{CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");
	CREATE TABLE bytes (a text, b varchar, c bpchar);
	COPY bytes FROM '$files/bytes';
	CREATE TABLE composed AS SELECT convert_to(a, 'SQL_ASCII') AS raw, ARRAY[a, b] AS pairs, textrange(a, a || b) AS range, a::name AS name,
	  textmultirange(textrange(a, b, '[]'), textrange(b || a, NULL)) AS ranges, to_jsonb(ARRAY[a, b]) AS doc FROM bytes WHERE a < b;});

# --- what is stored is what COPY TO prints --------------------------------------------------------

compare($_) for qw(zoo bytes);
diag("to see the same values: LIFEBOAT_SEED=$seed") unless Test::More->builder->is_passing;
$node->stop;
done_testing();

sub quoted { return '"' . ($_[0] =~ s/"/""/gr) . '"'; }

sub compare
{
	my ($database) = @_;
	my $id = run_backup($node, $database);
	my $tables = sql($node, $database => q{
		SELECT relname, quote_ident(relname) || coalesce((SELECT ' (' || string_agg(quote_ident(attname), ', ' ORDER BY attnum) || ')'
		                 FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''), '')
		  FROM pg_class AS c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1});
	my @tables = map { [ split /\|/, $_, 2 ] } split /\n/, $tables;
	my $copies = temp_dir();
	sql($node, $database => $pinned . join '', map { "COPY public.$tables[$_][1] TO '$copies/$_';\n" } 0 .. $#tables);
	for my $i (0 .. $#tables)
	{
		my $name = $tables[$i][0];
		my ($rc, $out, $err) = cli('cat', $id, '--table', 'public.' . quoted($name), '--store', "file://$store");
		same_rows("$database, $name", $rc == 0 ? $out : "exit code $rc: $err", read_file("$copies/$i"));
	}
	return;
}

# Passes when both are the same and not empty; otherwise shows where the first different line differs.
sub same_rows
{
	my ($name, $stored, $copied) = @_;
	return pass($name) if $stored eq $copied && $stored ne '';
	fail($name);
	my @stored = split /^/m, $stored;
	my @copied = split /^/m, $copied;
	my ($line) = grep { ($stored[$_] // '') ne ($copied[$_] // '') } 0 .. $#stored + 1;
	my ($got, $expected) = map { $_->[ $line // 0 ] // 'nothing' } \@stored, \@copied;
	my ($same) = ($got ^ $expected) =~ /^(\0*)/;
	my $from = length($same) < 30 ? 0 : length($same) - 30;
	diag(sprintf "line %d of %d, byte %d\n  stored  %s\n  COPY TO %s", ($line // 0) + 1, scalar(@copied), length($same),
		map { "'" . substr($_, $from, 120) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger . "'" } $got, $expected);
	return;
}
