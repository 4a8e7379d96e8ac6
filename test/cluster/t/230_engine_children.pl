# pg_dump and pg_dumpall: missing, too old, not admitted, saying no; and database names that must not redirect them.
use strict;
use warnings;
use lib 'lib';
use LifeboatTest;

my $node = new_cluster('children', conf => { 'lifeboat.workers' => 1 });
my $store = make_store($node, encryption => 'none');
sql($node, 'CREATE DATABASE app');
sql($node, app => 'CREATE TABLE t AS SELECT 1 AS x');
my $major = int(sql($node, 'SHOW server_version_num') / 10000);

sub with_setting
{
	my ($name, $value, $code) = @_;
	$node->append_conf('postgresql.conf', "$name = '$value'");
	$node->reload;
	wait_for($node, "SELECT current_setting('$name') = '$value'");
	$code->();
	$node->adjust_conf('postgresql.conf', $name, undef);
	$node->reload;
	return;
}

sub objects { return scalar(() = `find $store/objects -type f 2>/dev/null` =~ /\n/g); }
my $run = "SELECT backup_run(database => 'app')";

my $bin = temp_dir();
with_setting('lifeboat.bin_directory', $bin, sub {
	like(sql_error($node, $run),
		qr/^ERROR:  58P01: could not find "pg_dump" in directory "\Q$bin\E"\nDETAIL:  .*\nHINT:  Install PostgreSQL's client programs, or set lifeboat\.bin_directory to where "pg_dump" is\./m,
		'no pg_dump');

	write_file("$bin/pg_dump", "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n", 0755);
	like(sql_error($node, $run),
		qr/^ERROR:  55000: "\Q$bin\E\/pg_dump" is too old for this server\nDETAIL:  It says "pg_dump \(PostgreSQL\) 9\.6\.24"; the server is PostgreSQL $major, and a dump needs a program of that version or a newer one\.\nHINT:  Set lifeboat\.bin_directory to where the programs of PostgreSQL $major are\./m,
		'an old pg_dump');

	write_file("$bin/pg_dump", "#!/bin/sh\n[ \$1 = --version ] && echo 'pg_dump (PostgreSQL) 99.1' && exit\necho half an archive\necho 'it went wrong' >&2\nexit 3\n", 0755);
	like(sql_error($node, $run), qr/^ERROR:  38000: .*pg_dump.*exit code 3.*\nDETAIL:  .*it went wrong/m, 'a pg_dump that fails');
	is(objects(), 0, 'and nothing of it stays in the store');
});

my $connection = sql($node, 'SELECT current_setting($$unix_socket_directories$$)');
my $port = $node->port;
with_setting('lifeboat.connection', "host=$connection port=$port user=nobody", sub {
	like(sql_error($node, $run),
		qr/^ERROR:  08001: pg_dump could not connect to database "app"\nDETAIL:  .*role "nobody" does not exist.*\nHINT:  Set lifeboat\.connection to a connection string that pg_hba\.conf admits/ms,
		'a connection that is refused');
});

# Names that libpq would take for connection strings, paths or options if it were let.
for my $name ('host=x port=1', 'a/b', '..', q{it's "odd" \\ }, '-v', 'postgresql://x/y', 'dbname=app')
{
	(my $quoted = $name) =~ s/"/""/g;
	sql($node, qq{CREATE DATABASE "$quoted"});
	my ($rc, $out, $err) = $node->psql('postgres', "SELECT backup_run(database => \$n\$$name\$n\$)");
	is($rc, 0, "a database called $name") or diag($err);
	like($out, qr/^[a-z0-9_]+-\d{8}T\d{6}Z-full-[0-9a-f]{8}$/, 'has a backup with a harmless id');
	next if $rc != 0;
	my ($schema) = `zstd -dcq $store/backups/$out/toc.zst` =~ /^(\S+)\tschema\t/m;
	like(`zstd -dcq $store/$schema | pg_restore --create -f -`, qr/^CREATE DATABASE /m, 'whose archive is of that database');
}

# The whole child tree ends with its run.
sql($node, app => 'CREATE TABLE held (x int)');
write_file("$bin/pg_dump", "#!/bin/sh\n[ \$1 = --version ] && echo 'pg_dump (PostgreSQL) 99.1' && exit\necho \$\$ >$bin/pid\nsleep 60\n", 0755);
with_setting('lifeboat.bin_directory', $bin, sub {
	my $waiting = background($node, $run);
	for (1 .. 200) { last if -s "$bin/pid"; select undef, undef, undef, 0.1; }
	my ($rc, $out, $err) = finish_background($waiting, signal => 'INT');
	isnt($rc, 0, 'a run that is cancelled while pg_dump is at work');
	chomp(my $pid = read_file("$bin/pid"));
	cmp_ok(wait_gone($pid, 5), '<', 3, 'takes pg_dump with it');
	is(objects(), scalar(() = `cat $store/backups/*/SHA256SUMS` =~ m{objects/}g), 'and leaves nothing in the store');
});

# In a smart shutdown the postmaster waits for clients, and a child of ours is one.
write_file("$bin/pg_dump", "#!/bin/sh\n[ \$1 = --version ] && echo 'pg_dump (PostgreSQL) 99.1' && exit\nexec psql -X -c 'SELECT pg_sleep(60)'\n", 0755);
$node->append_conf('postgresql.conf', "lifeboat.bin_directory = '$bin'");
$node->reload;
sql($node, "SELECT backup_run(database => 'app', wait => false)");
wait_for($node, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'pg_lifeboat child' AND wait_event = 'PgSleep'});
$node->stop('smart');
# The checkpoint of the shutdown takes what it takes: what counts is when all processes were gone.
my %at = map { /^\S+ (\d+):(\d+):([\d.]+) .*(smart shutdown request|LOG:  shutting down)/ ? ($4 => $1 * 3600 + $2 * 60 + $3) : () }
  split /\n/, read_file($node->logfile);
cmp_ok($at{'LOG:  shutting down'} - $at{'smart shutdown request'}, '<', 4,
	'a smart shutdown ends a run that nobody waits for, pg_dump included');
done_testing();
