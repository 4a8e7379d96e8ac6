# Every way to compress, from the schedule to the store: read by stock zstd, and by the server itself.
use strict;
use warnings;
use lib 'lib';
use LifeboatTest;

my $node = new_cluster('main', conf => { 'lifeboat.workers' => 2, 'lifeboat.segment_size' => "'1MB'" });
my $store = make_store($node, encryption => 'none');
sql($node, 'CREATE DATABASE app');
sql($node, app => q{CREATE TABLE t AS SELECT n AS id, 'some text ' || n % 100 AS words FROM generate_series(1, 100000) n});
my $rows = sql($node, app => 'COPY t TO STDOUT') . "\n";

for my $compression ('none', 'lz4', 'zstd:-7', 'zstd:3', 'zstd:1,long')
{
	(my $name = "by_$compression") =~ s/\W/_/g;
	sql($node, "SELECT backup_schedule('$name', '0 2 * * *', 'app', compression => '$compression')");
	my $id = sql($node, "SELECT backup_run('$name')");
	like(read_file("$store/backups/$id/manifest.json"), qr/^"compression": "\Q$compression\E",$/m, "$compression: the manifest says so");
	my @data = map { (split /\t/)[0] } grep { /\tdata\t/ } split /\n/, `zstd -dcq $store/backups/$id/toc.zst`;
	cmp_ok(scalar @data, '>', 1, "$compression: several segments");
	my $suffix = $compression eq 'lz4' ? 'lz4' : 'zst';
	is(scalar(grep { !/\.$suffix$/ } @data), 0, "$compression: names end with .$suffix");
	is(join('', map { scalar `zstd -dcq $store/$_` } @data), $rows, "$compression: stock zstd reads the rows");
	is(sql($node, "SELECT ok FROM backup_verify('$id')"), 't', "$compression: verified");
}

$node->stop;
done_testing();
