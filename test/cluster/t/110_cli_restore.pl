# The command line on real backups: restored whole and in part, by others than superusers, into another server, interrupted and
# taken up again, damaged; exported; and the examples of its help.
use strict;
use warnings;
use lib 'lib';
use LifeboatTest;
use JSON::PP ();

my $node = new_cluster('source');
my $other = new_cluster('target', extension => 0, preload => 0);    # a server that never heard of the extension
my $keys = make_keys($node);
my $store = make_store($node);
my @read = ('--store', "file://$store", '--secret', "$keys/server.secret", '--signer-public', "$keys/signer.pub");
my $here = $node->connstr('postgres');
my $there = $other->connstr('postgres');

sql($node, q{
	CREATE ROLE app LOGIN;
	CREATE ROLE reader;
	CREATE DATABASE app OWNER app;
	ALTER DATABASE app SET timezone TO 'Europe/Paris';
	ALTER DATABASE app SET default_transaction_read_only TO on;
	ALTER ROLE reader IN DATABASE app SET work_mem TO '9MB';
	COMMENT ON DATABASE app IS 'the shop''s; own';
	REVOKE CONNECT ON DATABASE app FROM PUBLIC;
	GRANT CONNECT ON DATABASE app TO reader;
	ALTER DATABASE app CONNECTION LIMIT 50});
my $shop = q{
	SET default_transaction_read_only = off;
	SET SESSION AUTHORIZATION app;
	CREATE SCHEMA shop;
	CREATE TYPE shop.mood AS ENUM ('ok', 'bad');
	CREATE DOMAIN shop.amount AS int CHECK (VALUE > 0);
	CREATE TABLE shop.customers (id serial PRIMARY KEY, name text NOT NULL, mood shop.mood);
	CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		customer int REFERENCES shop.customers, amount shop.amount, note text,
		twice int GENERATED ALWAYS AS (amount * 2) STORED);
	CREATE INDEX orders_note ON shop.orders (note);
	CREATE TABLE shop.measures (at date NOT NULL, v float8) PARTITION BY RANGE (at);
	CREATE TABLE shop.measures_2025 PARTITION OF shop.measures FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
	CREATE TABLE shop.measures_2026 PARTITION OF shop.measures FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
	CREATE INDEX ON shop.measures (at);
	CREATE TABLE shop.by_mood (mood shop.mood, n int) PARTITION BY HASH (mood);
	CREATE TABLE shop.by_mood_0 PARTITION OF shop.by_mood FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE shop.by_mood_1 PARTITION OF shop.by_mood FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	CREATE TABLE shop."Odd ""name" ("sel ect" int, b bytea);
	CREATE TABLE shop.no_columns ();
	CREATE TABLE shop.no_rows (x int);
	CREATE TABLE shop.history (was shop.customers);
	CREATE TABLE shop.large (id int, filler text);
	CREATE VIEW shop.overview AS SELECT c.name, o.amount FROM shop.orders o JOIN shop.customers c ON c.id = o.customer;
	CREATE FUNCTION shop.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
	CREATE TRIGGER stamp BEFORE INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.stamp();
	ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;
	CREATE POLICY mine ON shop.orders USING (amount > 0);
	GRANT SELECT ON shop.orders TO reader;
	COMMENT ON TABLE shop.orders IS 'it''s \. a comment';
	INSERT INTO shop.customers (name, mood) SELECT 'c' || i, 'ok' FROM generate_series(1, 100) i;
	INSERT INTO shop.orders (customer, amount, note)
		SELECT 1 + i % 100, i, E'a\\.b\n\\.\n\t' || i FROM generate_series(1, 5000) i;
	INSERT INTO shop.measures SELECT '2025-06-01'::date + i % 400, i / 3.0 FROM generate_series(1, 1000) i;
	INSERT INTO shop.by_mood SELECT CASE WHEN i % 2 = 0 THEN 'ok' ELSE 'bad' END::shop.mood, i FROM generate_series(1, 100) i;
	INSERT INTO shop."Odd ""name" VALUES (1, '\x00ff'), (NULL, NULL);
	INSERT INTO shop.no_columns SELECT FROM generate_series(1, 3);
	INSERT INTO shop.large SELECT i, repeat('x', 100) FROM generate_series(1, 60000) i;
	CREATE MATERIALIZED VIEW shop.totals AS
		SELECT count(*) AS orders, '2025-06-01 12:00+00'::timestamptz::text AS clock FROM shop.orders;
	SELECT lo_from_bytea(4242, '\x00ff5c27');
	COMMENT ON LARGE OBJECT 4242 IS 'one'};
sql($node, app => $shop);
run_backup($node, 'app');
my $id = last_backup($node, 'app');

# What pg_dump does not say of a database.
sub properties
{
	my ($where, $database) = @_;
	return sql($where, "SELECT pg_get_userbyid(datdba), datconnlimit, shobj_description(d.oid, 'pg_database'), datacl,
		(SELECT string_agg(setrole::regrole || ':' || setconfig::text, ' ' ORDER BY setrole::regrole::text)
		   FROM pg_db_role_setting WHERE setdatabase = d.oid)
		FROM pg_database d WHERE datname = \$db\$$database\$db\$");
}

# But for rows whose partition depends on the numbers that an enum's labels have in each database.
sub same_contents
{
	my ($where, $database, $name) = @_;
	# Rows have no order: several streams may load one table.
	my $sorted = sub { s{^(COPY [^\n]+ FROM stdin;\n)(.*?)^\\\.$}{ $1 . join('', sort split /^/m, $2) . '\.' }gmse };
	same_database($node, 'app', $where, $database, $name, args => ['--exclude-table-data=shop.by_mood*'], adjust => $sorted);
}

sub comment_of { return sql($node, "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '$_[0]'"); }

# --- whole ----------------------------------------------------------------------------------------

my ($rc, $out, $err) = cli('restore', 'latest:app', @read, '--target', $here, '--target-database', 'host=x port=1', '--jobs', 3);
is($rc, 0, 'restored beside the original') or diag($err);
is($out, '', 'nothing on stdout');
like($err, qr/^lifeboat: note: restored \Q$id\E into database "host=x port=1": \d+ tables, [\d,]+ rows/m, 'and a summary');
same_contents($node, 'host=x port=1', 'the same contents');
is(properties($node, 'host=x port=1'), properties($node, 'app'), 'the same owner, limit, comment, rights and settings');
is(sql($node, 'host=x port=1' => 'SELECT count(*) FROM shop.by_mood'), '100', 'a hash partition on an enum is loaded through its root');
sql($node, 'DROP DATABASE "host=x port=1"');

($rc, $out, $err) = cli('plan', $id, @read, '--target', $there, '--target-database', 'app', '--json');
is($rc, 6, 'a server without the roles: the plan is blocked');
like($out, qr/role \\"app\\" does not exist/, 'and says which');
($rc, $out, $err) = cli('restore', $id, @read, '--target', $there, '--target-database', 'app');
is($rc, 6, 'so is the restore');
like($err, qr/^lifeboat: error: the target server is not fit for this backup; nothing was touched$/m, 'in words');
is(sql($other, "SELECT count(*) FROM pg_database WHERE datname = 'app'"), '0', 'nothing was touched');
sql($other, "CREATE ROLE reader CONNECTION LIMIT 3 PASSWORD 'own'");
($rc, $out, $err) = cli('restore', $id, @read, '--target', $there, '--target-database', 'app', '--with-globals', '--progress-json');
is($rc, 0, 'with globals it is restored into another server') or diag($err);
same_contents($other, 'app', 'without a difference');
is(properties($other, 'app'), properties($node, 'app'), 'its properties too');
is(sql($other, "SELECT rolconnlimit FROM pg_roles WHERE rolname = 'reader'"), '3', 'a role that was there stays as it was');
like($err, qr/^lifeboat: note: role reader is there already and stays as it is$/m, 'and is named');
my @phases = map { /"phase":"(\w+)"/ } split /\n/, $out;
my %seen;
is(join(' ', grep { !$seen{$_}++ } @phases), 'preflight schema data sequences indexes finish done', 'progress for programs');

# --- chosen tables --------------------------------------------------------------------------------

cli_ok('restore', $id, @read, '--target', $here, '--target-database', 'part', '--quiet', '--table', 'shop.orders', '--table', 'measures');
is( sql($node, part => "SELECT string_agg(relname || relkind::text, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'shop'::regnamespace"),
	'measuresp measures_2025r measures_2025_at_idxi measures_2026r measures_2026_at_idxi measures_at_idxI ordersr orders_id_seqS orders_notei orders_pkeyi',
	'chosen tables come with what belongs to them');
is(sql($node, part => "SELECT count(*), (SELECT count(*) FROM shop.measures) FROM shop.orders"), '5000|1000', 'and their rows');
is(sql($node, part => q{SET default_transaction_read_only = off; SELECT nextval('shop.orders_id_seq')}), '5001', 'and their sequences');
is(sql($node, part => 'SELECT count(*) FROM pg_constraint WHERE contype = \'f\''), '0', 'without foreign keys to tables left behind');
is(sql($node, part => 'SELECT polname FROM pg_policy'), 'mine', 'with policies');
($rc, $out, $err) = cli('restore', $id, @read, '--target', $here, '--target-database', 'part2', '--table', 'history');
is($rc, 0, 'a table that needs another') or diag($err);
like($err, qr/^lifeboat: note: table shop\.customers comes along without rows: a chosen table depends on it$/m, 'says so');
($rc, $out, $err) = cli('restore', $id, @read, '--target', $here, '--target-database', 'part3', '--table', 'shop.nothing');
is($rc, 3, 'a pattern that matches nothing');
like($err, qr/^lifeboat: error: no table in the backup matches "shop\.nothing"$/m, 'is named');
cli_ok('restore', $id, @read, '--target', $here, '--target-database', 'part3', '--quiet', '--table', 'no_rows');
is(sql($node, part3 => 'SELECT count(*) FROM shop.no_rows'), '0', 'a table without rows can be chosen');

# --- the target -----------------------------------------------------------------------------------

($rc, $out, $err) = cli('restore', $id, @read, '--target', $here, '--target-database', 'part');
is($rc, 6, 'an existing target is refused');
like($err, qr/^lifeboat: error: target database "part" exists already$/m, 'by name');
($rc, $out, $err) = cli('restore', $id, @read, '--target', $here . ' port=1', '--target-database', 'x');
is($rc, 6, 'no server there');
like($err, qr/^lifeboat: error: could not connect to the target server$/m, 'says so');

# Interrupted while it loads: slowly, so that there is time.
my @slow = (@read, '--option', 'max_rate=20kB', '--target', $here, '--target-database', 'again', '--quiet');
my ($slow_out, $slow_err) = ('', '');
sub interrupted_by
{
	my ($signal) = @_;
	my $run = IPC::Run::start([ bin_dir() . '/lifeboat', 'restore', $id, @slow ], '>', \$slow_out, '2>', \$slow_err);
	wait_for($node, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = 'again' AND query LIKE 'COPY%')");
	my $seconds = seconds_for(sub { $run->signal($signal); $run->finish; });
	return ($run->result // -1, $seconds);
}
my ($code, $seconds) = interrupted_by('INT');
is($code, 7, 'interrupted: exit code 7') or diag($slow_err);
cmp_ok($seconds, '<', 2, 'at once');
like($slow_err, qr/^lifeboat: error: interrupted by SIGINT$/m, 'and says so');
like(comment_of('again'), qr/^lifeboat: restore of \Q$id\E in progress, begun .*: not complete, do not use$/, 'the target is marked');
is(sql($node, "SELECT datconnlimit FROM pg_database WHERE datname = 'again'"), '0', 'and closed');
interrupted_by('KILL');
wait_for($node, "SELECT count(*) FROM pg_stat_activity WHERE datname = 'again'", expected => '0');
cli_ok('restore', $id, @read, '--target', $here, '--target-database', 'again', '--quiet');
same_contents($node, 'again', 'the same restore again starts over');
is(properties($node, 'again'), properties($node, 'app'), 'and the mark is gone');
sql($node, q{COMMENT ON DATABASE again IS 'lifeboat: restore of other-20260101T000000Z-full-00000000 in progress'});
($rc, $out, $err) = cli('restore', $id, @read, '--target', $here, '--target-database', 'again');
is($rc, 6, "another backup's interrupted restore is not dropped");
like($err, qr/^lifeboat: error: target database "again" is a restore that was interrupted$/m, 'but named');

# Killed before the new database has its mark: then it has not its name either, and the same restore finds it.
my $lock = background($node, 'BEGIN; LOCK pg_catalog.pg_shdescription IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep(600)');
wait_for($node, "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'pg_shdescription'::regclass AND mode = 'ShareRowExclusiveLock' AND granted)");
my @unmarked = ('restore', $id, @read, '--target', $here, '--target-database', 'unmarked', '--quiet');
my $marking = IPC::Run::start([ bin_dir() . '/lifeboat', @unmarked ], '>', \$slow_out, '2>', \$slow_err);
wait_for($node, q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'COMMENT ON DATABASE%' AND wait_event_type = 'Lock')});
$marking->signal('KILL');
$marking->finish;
sql($node, q{SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE query LIKE 'COMMENT ON DATABASE%' AND pid <> pg_backend_pid()});
sql($node, q{SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%'});
finish_background($lock);
my $left = q{SELECT count(*), count(shobj_description(oid, 'pg_database')) FROM pg_database WHERE datname};
is(sql($node, "$left = 'unmarked'"), '0|0', 'killed before the mark: no database of that name');
is(sql($node, "$left LIKE 'lifeboat\\_restore\\_%'"), '1|0', 'but an unmarked one under another');
cli_ok(@unmarked);
same_contents($node, 'unmarked', 'the same restore again starts over');
is(sql($node, "$left LIKE 'lifeboat\\_restore\\_%'"), '0|0', 'and leaves nothing behind');
sql($node, 'DROP DATABASE unmarked');

# Interrupted while the server builds what comes after the rows: its work is cancelled, too.
sql($node, 'CREATE DATABASE slow');
sql($node, slow => q{
	CREATE FUNCTION public.slowly() RETURNS int LANGUAGE sql AS
		'SELECT 1 FROM pg_sleep(CASE WHEN current_database() = ''slow'' THEN 0 ELSE 60 END)';
	CREATE MATERIALIZED VIEW public.late AS SELECT public.slowly() AS n});
run_backup($node, 'slow');
my $run = IPC::Run::start(
	[ bin_dir() . '/lifeboat', 'restore', 'latest:slow', @read, '--target', $here, '--target-database', 'late', '--quiet' ],
	'>', \$slow_out, '2>', \$slow_err);
wait_for($node, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = 'late' AND query LIKE 'REFRESH%')");
cmp_ok(seconds_for(sub { $run->signal('TERM'); $run->finish; }), '<', 2, 'SIGTERM ends a restore that builds indexes');
is($run->result, 7, 'with exit code 7') or diag($slow_err);
wait_for($node, "SELECT count(*) FROM pg_stat_activity WHERE datname = 'late'", expected => '0', timeout => 5);

# --- the plan, from the command line and from SQL ---------------------------------------------------

for my $tables ([ 'shop.history' ], [ 'shop.measures', 'shop.no_rows' ], ['orders'], ['shop.no_rows'])
{
	my @actions = ('check tables', 'load table', 'load large objects', 'set sequences');
	my $steps = JSON::PP::decode_json(cli_ok('plan', $id, @read, '--target', $here, '--target-database', 'planned', '--json',
		map { ('--table', $_) } @$tables));
	my $from_cli = join "\n", map { join '|', @$_{qw(phase action object rows status detail)} }
	  grep { my $step = $_; grep { $_ eq $step->{action} } @actions } @$steps;
	my $from_sql = sql($node, sprintf q{SELECT phase, action, object, rows, status, detail
		FROM backup_restore_plan('%s', 'planned', tables => '{%s}') WHERE action = ANY ('{%s}') ORDER BY step},
		$id, join(',', @$tables), join(',', @actions));
	is($from_sql, $from_cli, "the same plan of @$tables from both");
	my $expected = { 'shop.history' => qr/shop\.customers\|0\|ready\|comes along without rows/, 'shop.measures' => qr/load table\|shop\.measures_2026\|/,
		'orders' => qr/load table\|shop\.orders\|5000\|/, 'shop.no_rows' => qr/^(?!.*load table\|shop\.orders)/s };
	like($from_cli, $expected->{ $tables->[0] }, "it says what @$tables brings");
}

# --- who restores ---------------------------------------------------------------------------------

sql($node, q{CREATE ROLE joe LOGIN CREATEDB; GRANT app TO joe});
sql($node, 'CREATE DATABASE plain OWNER app');
sql($node, plain => q{SET SESSION AUTHORIZATION app; CREATE SCHEMA s; CREATE TABLE s.t (x int); INSERT INTO s.t SELECT generate_series(1, 10)});
run_backup($node, 'plain');
cli_ok('restore', 'latest:plain', @read, '--target', "$here user=joe", '--target-database', 'joes', '--quiet');
is(sql($node, joes => 'SELECT count(*), (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = \'s.t\'::regclass) FROM s.t'),
	'10|app', 'a role that may create databases restores what it is a member of');
sql($node, 'CREATE ROLE jim LOGIN');
($rc, $out, $err) = cli('restore', 'latest:plain', @read, '--target', "$here user=jim", '--target-database', 'jims');
is($rc, 6, 'one that may not is told before anything happens');
like($err, qr/role "jim" may not create databases: ALTER ROLE jim CREATEDB/, 'what to type');

# Code in the backup runs with the rights of who restores, however it tries.
sql($node, plain => q{
	SET SESSION AUTHORIZATION app;
	CREATE FUNCTION s.rise() RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
		IF current_database() <> 'plain' THEN
			BEGIN PERFORM set_config('role', 'none', false); EXCEPTION WHEN OTHERS THEN NULL; END;
			BEGIN EXECUTE 'RESET SESSION AUTHORIZATION'; EXCEPTION WHEN OTHERS THEN NULL; END;
			BEGIN EXECUTE 'ALTER ROLE app SUPERUSER'; EXCEPTION WHEN insufficient_privilege THEN NULL; END;
		END IF;
		RETURN true;
	END $$;
	ALTER TABLE s.t ADD CHECK (s.rise())});
run_backup($node, 'plain');
cli_ok('restore', 'latest:plain', @read, '--target', "$here user=joe", '--target-database', 'joes2', '--quiet');
is(sql($node, "SELECT rolsuper FROM pg_roles WHERE rolname = 'app'"), 'f', 'planted code does not rise');

# --- damage ---------------------------------------------------------------------------------------

my $copy = temp_dir() . '/copy';
system('cp', '-a', $store, $copy) == 0 or die;
my ($largest) = sort { -s $b <=> -s $a } glob("$copy/objects/*/*");
my $bytes = read_file($largest);
substr($bytes, length($bytes) / 2, 1) ^= "\x01";
chmod 0600, $largest;
write_file($largest, $bytes);
my ($object) = $largest =~ m{(objects/.*)$};
my @damaged = ('--store', "file://$copy", @read[ 2 .. $#read ]);
($rc, $out, $err) = cli('restore', $id, @damaged, '--target', $here, '--target-database', 'damaged');
is($rc, 2, 'a flipped bit ends a restore');
like($err, qr/^lifeboat: error: object \Q$object\E is damaged$/m, 'and names the object');
like(comment_of('damaged'), qr/^lifeboat: restore of /, 'the target stays marked');
is(sql($node, damaged => 'SELECT count(*) FROM shop.large'), '0', 'and holds no row of it');
cli_ok('restore', $id, @read, '--target', $here, '--target-database', 'damaged', '--quiet');
is(sql($node, damaged => 'SELECT count(*) FROM shop.large'), '60000', 'a sound copy of the store makes it whole');

# --- export ---------------------------------------------------------------------------------------

my $dir = temp_dir();
cli_ok('export', $id, @read, '--output', "$dir/app.sql");
like(read_file("$dir/app.sql"), qr/^-- lifeboat: export complete\n\z/m, 'a script that is whole says so');
sql($other, 'CREATE DATABASE from_script');
sql($other, "ALTER DATABASE from_script SET timezone TO 'Europe/Paris'");
$other->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $other->connstr('from_script'), '-f', "$dir/app.sql" ], 'psql loads it');
same_contents($other, 'from_script', 'the same contents');
($rc, $out, $err) = cli('export', $id, @read, '--output', "$dir/app.sql");
is($rc, 6, 'a file that is there is not overwritten');
($rc, $out, $err) = cli('export', $id, @damaged, '--output', "$dir/damaged.sql");
is($rc, 2, 'a damaged backup is not exported');
ok(!-e "$dir/damaged.sql", 'and leaves no file');
like(cli_ok('cat', $id, @read, '--schema'), qr/CREATE TABLE shop\.orders/, 'cat prints the schema');

# --- the examples of the help ---------------------------------------------------------------------

# The unit tests run those that need neither server nor pg_restore.
chdir $dir or die;
symlink $keys, 'keys' or die;
unlink 'app.sql';
my $bin = bin_dir();
for my $verb (qw(plan restore cat export))
{
	my ($examples) = cli_ok($verb, '--help') =~ /^Examples:\n((?:  lifeboat .*\n)+)/m;
	my @lines = split /\n/, $examples;
	is(scalar(@lines), 2, "$verb has two examples");
	for my $line (@lines)
	{
		my $typed = $line;
		$typed =~ s{^  lifeboat }{"$bin/lifeboat" };
		$typed =~ s{file:///srv/backups}{file://$store};
		$typed =~ s{public\.}{shop.};
		$typed =~ s{'host=/var/run/postgresql user=postgres'}{"'" . $here =~ s/'//gr . "'"}e;
		my ($said, $complained) = ('', '');
		ok(IPC::Run::run([ 'sh', '-c', $typed ], '>', \$said, '2>', \$complained), "works:$line") or diag($complained);
	}
}
is(sql($node, app_orders => 'SELECT count(*) FROM shop.orders'), '5000', 'and did what they say');

$_->stop for $node, $other;
done_testing();
