# What the engine stores, object by object: rows byte for byte, statements, sequences, large objects, the database's own properties.
use strict;
use warnings;
use lib 'lib';
use LifeboatTest;

my $node = new_cluster('rows', conf => { 'lifeboat.workers' => 2, 'lifeboat.segment_size' => "'1MB'" });
my $store = make_store($node, encryption => 'none');
sql($node, 'CREATE DATABASE zoo');
sql($node, 'CREATE ROLE "odd role" LOGIN');

# --- the database ---------------------------------------------------------------------------------

sql($node, zoo => <<'SQL');
CREATE TABLE plain (id int PRIMARY KEY, t text, b bytea, f float8, j jsonb, ts timestamptz, a text[], n numeric);
INSERT INTO plain SELECT n, E'tab\there\nline\\back\r\b\f\v' || n, sha256(n::text::bytea), n / 7.0, jsonb_build_object('n', n),
  '2026-03-29 01:30+00'::timestamptz + n * interval '1 min', ARRAY['a,"b', NULL, n::text], n / 3::numeric
  FROM generate_series(1, 30000) AS n;
INSERT INTO plain (id) SELECT -n FROM generate_series(1, 10) AS n;
CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES;
INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE empty (x int);
CREATE TABLE all_gone AS SELECT n AS x FROM generate_series(1, 3000) AS n;
DELETE FROM all_gone;
CREATE TABLE shaped (a int, dropped text, "B ""q"" b" int, doubled int GENERATED ALWAYS AS (a * 2) STORED);
INSERT INTO shaped VALUES (1, 'x', 2), (3, 'y', 4);
ALTER TABLE shaped DROP COLUMN dropped;
ALTER TABLE shaped ADD COLUMN late text DEFAULT 'fast';
CREATE SCHEMA "Sch.ema";
CREATE TABLE "Sch.ema"."select" ("from" int);
INSERT INTO "Sch.ema"."select" VALUES (7);
CREATE TABLE "Sch.ema"."new
line" (x int);
CREATE TABLE parent (x int);
CREATE TABLE child (y int) INHERITS (parent);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (2, 3);
CREATE UNLOGGED TABLE unlogged AS SELECT 'kept'::text AS x;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE moods (m mood, n int) PARTITION BY HASH (m);
CREATE TABLE moods_0 PARTITION OF moods FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE moods_1 PARTITION OF moods FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO moods SELECT unnest(enum_range(NULL::mood)), 1;
CREATE TABLE ranged (x int) PARTITION BY RANGE (x);
CREATE TABLE ranged_low PARTITION OF ranged FOR VALUES FROM (0) TO (10);
INSERT INTO ranged VALUES (5);
CREATE TABLE toasted AS SELECT n AS id, (SELECT string_agg(md5(n::text || g::text), '') FROM generate_series(1, 3000) AS g) AS t
  FROM generate_series(1, 20) AS n;
CREATE VIEW seen AS SELECT 1;
CREATE MATERIALIZED VIEW kept AS SELECT 1;

-- a type whose output function is parallel unsafe, also inside an array and a composite type
CREATE TYPE loud;
CREATE FUNCTION loud_in(cstring) RETURNS loud LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION loud_out(loud) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE loud (INPUT = loud_in, OUTPUT = loud_out, INTERNALLENGTH = 4, PASSEDBYVALUE, ALIGNMENT = int4);
CREATE TYPE pair AS (l loud, t text);
CREATE TABLE noisy (l loud, ls loud[], p pair);
INSERT INTO noisy VALUES ('42', '{1,2}', '(3,x)');

CREATE SEQUENCE untouched START 5;
CREATE SEQUENCE "used Seq";
SELECT nextval('"used Seq"') FROM generate_series(1, 7);
CREATE SEQUENCE down INCREMENT -3 MAXVALUE 100 START 100;
SELECT nextval('down');

-- configuration tables of an extension
CREATE EXTENSION citext;
CREATE TABLE conf (id int PRIMARY KEY, keep boolean, "odd col" text);
CREATE TABLE conf_detail (id int REFERENCES conf, t citext);
INSERT INTO conf VALUES (1, true, E'a\tb'), (2, false, 'no'), (3, true, NULL);
INSERT INTO conf_detail VALUES (1, 'one'), (3, 'three');
CREATE TABLE member (x int);
INSERT INTO member VALUES (1);
ALTER EXTENSION citext ADD TABLE conf;
ALTER EXTENSION citext ADD TABLE conf_detail;
ALTER EXTENSION citext ADD TABLE member;
UPDATE pg_extension SET extconfig = ARRAY['conf_detail'::regclass::oid, 'conf'::regclass::oid],
  extcondition = ARRAY['', 'WHERE keep'] WHERE extname = 'citext';

-- large objects: empty, small, larger than a statement's piece, with a hole
SELECT lo_create(100);
SELECT lo_from_bytea(101, 'hello');
SELECT lo_from_bytea(102, decode(repeat('00ff41', 70000), 'hex'));
SELECT lo_from_bytea(103, 'start');
SELECT lo_put(103, 300000, 'end');
ALTER LARGE OBJECT 101 OWNER TO "odd role";
COMMENT ON LARGE OBJECT 101 IS E'a line\nanother; ''quoted'' \\ :"db"';
GRANT SELECT ON LARGE OBJECT 101 TO PUBLIC;
GRANT UPDATE ON LARGE OBJECT 102 TO "odd role" WITH GRANT OPTION;
SQL
sql($node, <<'SQL');
COMMENT ON DATABASE zoo IS E'two\nlines :"db"';
ALTER DATABASE zoo SET search_path TO "$user", public, "Odd, one";
ALTER DATABASE zoo SET lc_monetary TO 'C';
ALTER ROLE "odd role" IN DATABASE zoo SET work_mem TO '5MB';
REVOKE CONNECT ON DATABASE zoo FROM PUBLIC;
GRANT CREATE ON DATABASE zoo TO "odd role" WITH GRANT OPTION;
ALTER DATABASE zoo CONNECTION LIMIT 17;
SQL

# --- reading a store without encryption: zstd is enough ----------------------------------------------

sub content { my ($name) = @_; return scalar `zstd -dcq "$store/$name"`; }

sub unescape
{
	my ($field) = @_;
	my %plain = (n => "\n", t => "\t", r => "\r", b => "\b", f => "\f", v => "\x0b");
	$field =~ s/\\(.)/$plain{$1} \/\/ $1/ges;
	return $field;
}

# [{ object, kind, statement, detail, content }], in the order of the toc.
sub objects
{
	my ($id) = @_;
	my @objects;
	for my $line (split /\n/, content("backups/$id/toc.zst"))
	{
		my %object;
		@object{qw(object kind statement detail)} = map { unescape($_) } split /\t/, $line, 4;
		$object{content} = content($object{object});
		push @objects, \%object;
	}
	return @objects;
}

sub of_kind { my ($kind, @objects) = @_; return grep { $_->{kind} eq $kind } @objects; }

sub text_of
{
	my ($statement, @objects) = @_;
	return join '', map { $_->{content} } grep { $_->{statement} eq $statement } @objects;
}

sub copied
{
	my ($what) = @_;
	my $file = temp_dir() . '/copy';
	sql($node, zoo => "SET DateStyle = ISO; SET TimeZone = UTC; SET extra_float_digits = 3; SET synchronize_seqscans = off;"
		  . " SET search_path = ''; COPY $what TO '$file'");
	return read_file($file);
}

my $id = run_backup($node, 'zoo');
my @objects = objects($id);

# --- rows --------------------------------------------------------------------------------------------

my %tables = (
	'COPY public.plain (id, t, b, f, j, ts, a, n) FROM stdin' => 'public.plain',
	'COPY public.no_columns FROM stdin' => 'public.no_columns',
	'COPY public.empty (x) FROM stdin' => 'public.empty',
	'COPY public.all_gone (x) FROM stdin' => 'public.all_gone',
	'COPY public.shaped (a, "B ""q"" b", late) FROM stdin' => 'public.shaped',
	'COPY "Sch.ema"."select" ("from") FROM stdin' => '"Sch.ema"."select"',
	"COPY \"Sch.ema\".\"new\nline\" (x) FROM stdin" => "\"Sch.ema\".\"new\nline\"",
	'COPY public.parent (x) FROM stdin' => 'public.parent',
	'COPY public.child (x, y) FROM stdin' => 'public.child',
	'COPY public.unlogged (x) FROM stdin' => 'public.unlogged',
	'COPY public.ranged_low (x) FROM stdin' => 'public.ranged_low',
	'COPY public.toasted (id, t) FROM stdin' => 'public.toasted',
	'COPY public.noisy (l, ls, p) FROM stdin' => 'public.noisy');
for my $statement (sort keys %tables)
{
	is(text_of($statement, @objects), copied($tables{$statement}), "rows as COPY TO prints them: $tables{$statement}");
}
is(text_of('COPY public.moods (m, n) FROM stdin', @objects), copied('public.moods_0') . copied('public.moods_1'),
	'hash partitions on an enum are loaded through the root');
my $statements = join "\n", sort { $a cmp $b } map { $_->{statement} } of_kind('data', @objects);
my %seen;
my $different = join "\n", sort { $a cmp $b } grep { !$seen{$_}++ } map { $_->{statement} } of_kind('data', @objects);
is($different, join("\n", sort { $a cmp $b } (keys %tables, 'COPY public.moods (m, n) FROM stdin')), 'and nothing else is data');
cmp_ok(scalar(grep { $_->{statement} =~ /public\.plain / } @objects), '>', 3, 'a large table is cut into segments');
cmp_ok(scalar(grep { $_->{statement} =~ /public\.toasted / } @objects), '>=', 1, 'and a toasted one');

my @config = of_kind('config', @objects);
is_deeply([ map { $_->{statement} } @config ],
	[ 'COPY public.conf (id, keep, "odd col") FROM stdin', 'COPY public.conf_detail (id, t) FROM stdin' ],
	'configuration tables, the referenced one first');
is($config[0]{content}, "1\tt\ta\\tb\n3\tt\t\\N\n", 'with their condition');
is($config[1]{content}, "1\tone\n3\tthree\n", 'or without');
like($config[0]{detail}, qr/WHERE keep/, 'which the toc tells');

# --- sequences ---------------------------------------------------------------------------------------

is(join('', map { $_->{content} } of_kind('sequences', @objects)), <<'SQL', 'sequences');
SELECT pg_catalog.setval('public.down', 100, true);
SELECT pg_catalog.setval('public.untouched', 5, false);
SELECT pg_catalog.setval('public."used Seq"', 7, true);
SQL

# --- large objects, in another database ----------------------------------------------------------------

my $large = join '', map { $_->{content} } of_kind('large_objects', @objects);
unlike($large, qr/[^;]\n/, 'large objects: every line is a statement');
sql($node, 'CREATE DATABASE other');
my $script = temp_dir() . '/large.sql';
write_file($script, $large);
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $script, '-o', '/dev/null', '-d', $node->connstr('other') ],
	'their statements run');
my $look = q{SELECT m.oid, pg_get_userbyid(lomowner), lomacl, obj_description(m.oid, 'pg_largeobject'), length(lo_get(m.oid)),
	md5(lo_get(m.oid)) FROM pg_largeobject_metadata m ORDER BY m.oid};
is(sql($node, other => $look), sql($node, zoo => $look), 'and make the same large objects');
is(sql($node, other => 'SELECT count(*) FROM pg_largeobject WHERE loid = 103'), '2', 'a hole stays a hole');

# --- the database itself -------------------------------------------------------------------------------

my ($database) = of_kind('database', @objects);
unlike($database->{content}, qr/[^;]\n/, 'database: every line is a statement');
like($database->{content}, qr/\ACREATE DATABASE :"db" WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc /,
	'the first creates it');
write_file($script, $database->{content});
$node->command_ok(
	[ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-v', 'db=a "new" one', '-f', $script, '-d', $node->connstr('postgres') ],
	'under another name');
my $properties = q{SELECT encoding, datcollate, datctype, datconnlimit, pg_get_userbyid(datdba), datacl,
	shobj_description(oid, 'pg_database'), (SELECT string_agg(setrole || array_to_string(setconfig, ';'), '|' ORDER BY setrole)
	FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname = };
is(sql($node, $properties . q{'a "new" one'}), sql($node, $properties . q{'zoo'}), 'with all its properties');

my ($schema) = of_kind('schema', @objects);
is(index($schema->{content}, 'PGDMP'), 0, 'the schema is a pg_dump archive');
like($schema->{detail}, qr/"roles":\["odd role","[^"]+"\]/, 'the toc tells the roles that it needs');
my ($post) = of_kind('post', @objects);
is($post->{object}, $schema->{object}, 'what comes after the data is in the same archive');

# --- without workers, and chosen tables ------------------------------------------------------------------

sql($node, $_) for 'ALTER SYSTEM SET max_parallel_workers = 0', 'SELECT pg_reload_conf()';
my @alone = objects(run_backup($node, 'zoo'));
is(text_of('COPY public.plain (id, t, b, f, j, ts, a, n) FROM stdin', @alone), copied('public.plain'),
	'with no worker to be had the leader does it all');
is(scalar(@alone), scalar(@objects), 'and all of it');
sql($node, $_) for 'ALTER SYSTEM RESET max_parallel_workers', 'SELECT pg_reload_conf()';

sub chosen
{
	my (%options) = @_;
	my $options = join '', map { ", $_ => $options{$_}" } sort keys %options;
	sql($node, "SELECT backup_schedule('chosen', '\@yearly', 'zoo'$options)");
	my %names;
	$names{$_}++ for map { $_->{detail} =~ /"name":"((?:[^"\\]|\\.)*)"/ ? $1 : () }
	  of_kind('data', objects(sql($node, "SELECT backup_run('chosen')")));
	return join ' ', sort { $a cmp $b } keys %names;
}
is(chosen(include_tables => q{ARRAY['public.p*', 'moods']}), 'moods_0 moods_1 parent plain', 'include_tables, partitions with their root');
is(chosen(include_tables => q{ARRAY['public.p*']}, exclude_tables => q{ARRAY['public.parent']}), 'plain', 'exclude_tables');
is(chosen(include_tables => q{ARRAY['"Sch.ema".*']}, exclude_table_data => q{ARRAY['*.new*']}), 'select', 'exclude_table_data');
is(chosen(schema_only => 'true'), '', 'schema_only');
like(sql_error($node, q{SELECT backup_schedule('chosen', '@yearly', 'zoo', include_tables => ARRAY['public.nothing_*'])} . ";\n"
		  . q{SELECT backup_run('chosen')}),
	qr/^ERROR:  42704: no table matches "public\.nothing_\*"\nDETAIL:  A pattern of include_tables must match at least one/m,
	'a pattern that matches nothing');

$node->stop;
done_testing();
