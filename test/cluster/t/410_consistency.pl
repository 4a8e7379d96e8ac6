# A backup taken while pgbench writes at full speed and DDL runs beside it restores to one consistent moment: balances add up, foreign keys
# hold. An ALTER TABLE that queues behind the backup's lock does not hang the run.
use strict;
use warnings;
use lib 'lib';
use LifeboatTest;

my $node = new_cluster('consistency', conf => { 'lifeboat.workers' => 2, 'lifeboat.segment_size' => "'1MB'" });
make_keys($node);
make_store($node);

# --- pgbench and DDL while a backup runs -----------------------------------------------------------

sql($node, 'CREATE DATABASE bank');
my $init = '';
IPC::Run::run([ 'pgbench', '-i', '-q', '-s', '10', '--foreign-keys', $node->connstr('bank') ], '>&', \$init) or die $init;
sql($node, bank => q{
	CREATE TABLE parent (id int PRIMARY KEY);
	CREATE TABLE child (id int PRIMARY KEY, parent_id int NOT NULL REFERENCES parent);
	CREATE TABLE changing (id int, v int);
	INSERT INTO changing SELECT n, n FROM generate_series(1, 20000) n;
	CREATE SEQUENCE used;
});
my $scripts = temp_dir();
write_file("$scripts/family.sql", q{
\set p random(1, 1000000000)
BEGIN;
INSERT INTO parent VALUES (:p) ON CONFLICT DO NOTHING;
INSERT INTO child VALUES (nextval('used'), :p);
END;
});
write_file("$scripts/ddl.sql", q{
\set n random(1, 1000000000)
CREATE TABLE made_:n AS SELECT g AS id FROM generate_series(1, 100) g;
TRUNCATE changing;
INSERT INTO changing SELECT n, n FROM generate_series(1, 20000) n;
ALTER TABLE changing ALTER v TYPE bigint;
ALTER TABLE changing ALTER v TYPE int;
DROP TABLE made_:n;
});
my @load = map {
	my $log = '';
	IPC::Run::start([ 'pgbench', '-n', '-T', '600', @$_, $node->connstr('bank') ], '<', \undef, '>&', \$log)
} ([ '-c', '2', '-b', 'tpcb-like' ], [ '-c', '1', '-f', "$scripts/family.sql" ], [ '-c', '1', '-f', "$scripts/ddl.sql" ]);

my @ids;
wait_for($node, 'SELECT count(*) > 100 FROM pgbench_history', database => 'bank');
for my $round (1 .. 3)
{
	my $before = sql($node, bank => 'SELECT count(*) FROM pgbench_history');
	my ($rc, $out, $err) = $node->psql('postgres', "SELECT backup_run(database => 'bank')");
	is($rc, 0, "backup $round succeeds under load") or diag($err);
	cmp_ok(sql($node, bank => 'SELECT count(*) FROM pgbench_history'), '>', $before + 50, 'and there was load');
	push @ids, $out if $rc == 0;
}
$_->signal('INT') for @load;    # however long the backups took, they were written beside
$_->finish for @load;

for my $id (@ids)
{
	(my $name = $id) =~ s/.*-//;
	my ($rc, undef, $err) = $node->psql('postgres', "SELECT backup_restore('$id', 'bank_$name')");
	is($rc, 0, 'and restores, its foreign keys included') or diag($err);
	next if $rc != 0;
	is(sql($node, "bank_$name" => q{
		SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history)
		   AND (SELECT sum(bbalance) FROM pgbench_branches) = (SELECT sum(delta) FROM pgbench_history)
		   AND (SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT sum(delta) FROM pgbench_history)}),
		't', 'balances add up');
	cmp_ok(sql($node, "bank_$name" => 'SELECT count(*) FROM pgbench_history'), '>', 100, 'and are not empty');
	is(sql($node, "bank_$name" => 'SELECT count(*) FROM child c LEFT JOIN parent p ON p.id = c.parent_id WHERE p.id IS NULL'),
		'0', 'no child without its parent');
	is(sql($node, "bank_$name" => 'SELECT count(*) FROM pg_constraint WHERE NOT convalidated'), '0', 'every constraint is valid');
	is(sql($node, "bank_$name" => 'SELECT count(*) IN (0, 20000) FROM changing'), 't',
		'a table that is truncated and filled in two transactions is whole or empty');
	is(sql($node, "bank_$name" => q{SELECT nextval('used') > coalesce(max(id), 0) FROM child}), 't',
		'the sequence is past every value that was used');
	sql($node, "DROP DATABASE bank_$name");
}

# --- a lock that queues behind ours ------------------------------------------------------------------

sql($node, q{CREATE DATABASE queue});
sql($node, queue => q{CREATE TABLE wide (id int, filler text);
	INSERT INTO wide SELECT n, repeat(md5(n::text), 20) FROM generate_series(1, 150000) n});
my $run = background($node, q{SELECT backup_run(database => 'queue')});
wait_for($node, q{SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'lifeboat leader'});
my $alter = background($node, queue => 'ALTER TABLE wide ADD COLUMN more int');
my ($rc, $out, $err) = finish_background($run);
is($rc, 0, 'a queued ALTER TABLE does not hang the run') or diag($err);
($rc, undef, $err) = finish_background($alter);
is($rc, 0, 'and the ALTER TABLE goes on once the run has ended') or diag($err);
is(sql($node, q{SELECT ok FROM backup_verify('latest:queue')}), 't', 'the backup is sound');

$node->stop;
done_testing();
