# A store whose disk is full: the run fails with the words that help, and nothing of it stays. test/run mounts the disk,
# which only root can do.
use strict;
use warnings;

use LifeboatTest;

plan skip_all => 'needs root, who can mount a small file system' unless $ENV{LIFEBOAT_SMALL_DISK};

my $disk = $ENV{LIFEBOAT_SMALL_DISK};
my $node = new_cluster('full', conf => { 'lifeboat.workers' => 2 });
make_keys($node);
sql($node, 'CREATE DATABASE app');
sql($node, app => q{CREATE TABLE fits AS SELECT n FROM generate_series(1, 1000) n;
	CREATE TABLE big AS SELECT n, string_agg(sha256((n * 1000 + i)::text::bytea)::text, '') AS filler FROM generate_series(1, 1000) n, generate_series(1, 1000) i GROUP BY n});
sql($node, "SELECT backup_create_store('full', 'file://$disk')");

sub files
{
	chomp(my $list = `cd '$disk' && find . -type f | sort`);
	return $list;
}

my $before = files();
is($before, './repo.json', 'the store is empty');
my $error = sql_error($node, q{SELECT backup_run(database => 'app', store => 'full')});
like($error, qr/\AERROR:  53100: no space left in store directory "\Q$disk\E" while writing "objects\/[0-9a-f]{2}\/[0-9a-f]{32}"
DETAIL:  Its file system has [0-9.]+ [kM]?B free of 21 MB, and room for \d+ more files\.
HINT:  Enlarge the file system, or remove backups that are no longer needed\.\s*\z/, 'a full disk is said with its figures and what to do');
is(sql($node, 'SELECT status, sqlstate FROM backup_runs'), 'failed|53100', 'the run failed of it');
is(files(), $before, 'nothing of it stays');
is(sql($node, 'SELECT count(*) FROM backup_catalog'), '0', 'and there is no backup');

# A file system that is full before it begins.
system("head -c 30000000 /dev/zero > '$disk/ballast' 2>/dev/null");
$error = sql_error($node, q{SELECT backup_run(database => 'app', store => 'full')});
like($error, qr/\AERROR:  53100: no space left in store directory "\Q$disk\E" while writing "backups\/[^"]+\/started"\n/, 'full from the start');
unlink "$disk/ballast";
is(files(), $before, 'again nothing stays');
sql($node, app => 'DROP TABLE big');
like(sql($node, q{SELECT backup_run(database => 'app', store => 'full')}), qr/^app-/, 'with room again, the next run succeeds');


# A run that cannot fit is refused before it writes anything; what it needs is known from the last one.
sql($node, app => q{CREATE TABLE middling AS SELECT n, string_agg(sha256((n * 1000 + i)::text::bytea)::text, '') AS filler FROM generate_series(1, 300) n, generate_series(1, 1000) i GROUP BY n});
my $id = sql($node, q{SELECT backup_run(database => 'app', store => 'full')});
$before = files();
$error = sql_error($node, q{SELECT backup_run(database => 'app', store => 'full')});
like($error, qr/\AERROR:  53100: store "full" has no room for a backup of database "app"
DETAIL:  It has [0-9.]+ MB free, and the backup will take about [0-9.]+ MB: backup \Q$id\E took [0-9.]+ MB\.
HINT:  Enlarge the file system, or remove backups that are no longer needed; what lies where: SELECT \* FROM backup_storage;\s*\z/, 'a run that cannot fit is refused with its figures');
is(files(), $before, 'and writes nothing');
sql($node, app => 'DROP TABLE middling');
like(sql($node, q{SELECT backup_run(database => 'app', store => 'full')}), qr/^app-/, 'a database that has shrunk needs less');

$node->stop;
done_testing();
