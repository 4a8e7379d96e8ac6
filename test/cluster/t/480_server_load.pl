# What a backup leaves of the server to others: their pages stay in the buffer cache, workers yield the processor when told to, a schedule's
# max_rate is kept.
use strict;
use warnings;
use lib 'lib';
use LifeboatTest;

# 16 MB are 2,048 buffers: the large table has three times as many pages, each small one less than a quarter (PostgreSQL itself would read
# those without a ring).
my $node = new_cluster('load', conf => { shared_buffers => "'16MB'", 'lifeboat.workers' => 2, 'lifeboat.segment_size' => "'8MB'", autovacuum => 'off' });
my $store = make_store($node, encryption => 'none');
sql($node, 'CREATE DATABASE app');
sql($node, app => q{
	CREATE EXTENSION pg_buffercache;
	CREATE TABLE hot AS SELECT n, repeat('x', 1000) AS filler FROM generate_series(1, 2800) n;
	CREATE TABLE large AS SELECT n, repeat('y', 1000) AS filler FROM generate_series(1, 42000) n;
	DO $$ BEGIN FOR i IN 1 .. 8 LOOP
		EXECUTE format('CREATE TABLE small_%s AS SELECT n, repeat(%L, 1000) AS filler FROM generate_series(1, 2800) n', i, 'z');
	END LOOP; END $$;
});
sql($node, app => 'VACUUM');

# --- the buffer cache ----------------------------------------------------------------------------

$node->restart; # what has just been made lies in the cache
sql($node, app => 'SELECT sum(n) FROM hot') for 1 .. 3;
my $buffers = sub {
	my ($like) = @_;
	return sql($node, app => "SELECT count(*) FROM pg_buffercache b JOIN pg_class c ON b.relfilenode = pg_relation_filenode(c.oid)"
		  . " AND b.reldatabase = (SELECT oid FROM pg_database WHERE datname = 'app') WHERE c.relname LIKE '$like'");
};
my $pages = sql($node, app => "SELECT pg_relation_size('hot') / 8192");
is($buffers->('hot'), $pages, "$pages pages that others use lie in the cache");
my $id = run_backup($node, 'app');
cmp_ok($buffers->('hot'), '>=', $pages * 0.98, 'they still do after a backup of four times the cache');
# Each of two workers has a ring of 32 buffers; indexes and catalogs do not count here.
cmp_ok($buffers->('large') + $buffers->('small%'), '<=', 64, 'what the backup read does not stay');
note('pages left behind: large ' . $buffers->('large') . ', small ' . $buffers->('small%'));

# --- nice and max_rate ---------------------------------------------------------------------------

my $nice_of = sub { return map { (split ' ', (read_file("/proc/$_/stat") =~ s/.*\) //r))[16] } @_; };
sql($node, "SELECT backup_schedule('slow', '0 2 * * *', 'app', compression => 'none', max_rate => 8000000)");
for my $nice (0, 7)
{
	$node->append_conf('postgresql.conf', "lifeboat.worker_nice = $nice");
	$node->reload;
	my $run = background($node, "SELECT backup_run('slow')");
	wait_for($node, "SELECT count(*) = 1 FROM backup_progress WHERE phase = 'data' AND workers = 2") or diag('no data phase');
	my ($base) = $nice_of->($node->{_pid});
	my @workers = split /\n/, sql($node, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'parallel worker'");
	is(join(' ', map { $_ - $base } $nice_of->(@workers)), "$nice $nice", "with worker_nice = $nice two workers work at that");
	finish_background($run);
}
my ($seconds, $stored) = split /\|/, sql($node,
	"SELECT extract(epoch FROM finished_at - started_at), stored_bytes FROM backup_runs WHERE schedule = 'slow' ORDER BY id DESC LIMIT 1");
cmp_ok($stored / $seconds, '<=', 8.8e6, "$stored bytes in $seconds s: max_rate is kept");

$node->stop;
done_testing();
