# Second copies in a bucket: the schedule's store is a directory, its copies go to S3, and back; the directory lost, or
# damaged.
use strict;
use warnings;

use FaultProxy ();
use LifeboatTest;
use S3Service;
use JSON::PP ();

plan skip_all => 'no S3 service: test/run starts one where radosgw is installed' unless S3Service::here();

my $node = new_cluster('main', conf => { 'lifeboat.workers' => 1 });
my $keys = make_keys($node);
my $local = make_store($node);
my $s3 = S3Service->new;
my $bucket = 'c' . $$ . '-' . time;
$s3->create_bucket($bucket);
my %http = (endpoint => $s3->endpoint);
sub json { my (%options) = @_; return JSON::PP->new->canonical->encode(\%options); }
sql($node, "SELECT backup_create_store('bucket', 's3://$bucket/copies', '" . json(%http) . "')");

sql($node, 'CREATE DATABASE app');
sql($node, app => qq{CREATE TABLE noise$_ AS SELECT n, string_agg(sha256((n * 100 + i + $_ * 1000000)::text::bytea)::text, '' ORDER BY i) AS filler
	  FROM generate_series(1, 100) n, generate_series(1, 60) i GROUP BY n}) for 1 .. 4;

sql($node, "SELECT backup_schedule('nightly', '\@yearly', 'app', store => 'local', copies => '{bucket}', retry_delay => '1 second')");
my $id = sql($node, "SELECT backup_run('nightly')");
wait_for($node, "SELECT copies->0->>'status' = 'complete' FROM backup_status WHERE schedule = 'nightly'");
pass('a schedule copies into a bucket');
is(sql($node, "SELECT ok, store FROM backup_verify('$id', store => 'bucket')"), 't|bucket', 'the copy verifies');
my ($object) = sort { -s "$local/$b" <=> -s "$local/$a" } map { m{  (objects/\S+)$} ? $1 : () } split /\n/, read_file("$local/backups/$id/SHA256SUMS");
ok($s3->get($bucket, "copies/$object") eq read_file("$local/$object"), 'an object is the original');
is(sql($node, "SELECT reachable, latency > '0', free_bytes IS NULL FROM backup_storage WHERE store = 'bucket' AND scope = 'store'"), 't|t|t', 'backup_storage shows the bucket');

# Damaged here, sound there.
my $bytes = read_file("$local/$object");
substr($bytes, 1000, 1) ^= "\x01";
chmod 0600, "$local/$object";
write_file("$local/$object", $bytes);
my $said = sql_error($node, "DO \$\$ BEGIN PERFORM backup_restore('$id', 'from_both'); END \$\$; SELECT 1/0");
like($said, qr/NOTICE:  00000: \Q$object\E is read from another copy/, 'a damaged object comes from the bucket');
same_database($node, 'app', $node, 'from_both', 'restored without a difference');

# Gone here.
rename $local, "$local.away" or die $!;
$said = sql_error($node, "DO \$\$ BEGIN PERFORM backup_restore('$id', 'from_bucket'); END \$\$; SELECT 1/0");
like($said, qr/NOTICE:  00000: store "local" is passed over/, 'a directory that is away is passed over');
same_database($node, 'app', $node, 'from_bucket', 'restored from the bucket alone');

# Back from there.
my @read = ('--signer-public', "$keys/signer.pub");
my @options = map { ('--from-option', "$_=$http{$_}") } keys %http;
my $back = temp_dir() . '/back';
mkdir $back, 0700 or die $!;
like(cli_ok('copy', $id, '--from', "s3://$bucket/copies", @options, '--to', "file://$back", @read), qr/: copied \d+ objects/, 'lifeboat copy brings it back');
like(cli_ok('verify', $id, '--store', "file://$back", '--secret', "$keys/server.secret", @read), qr/: ok, content/, 'whole');
rename "$local.away", $local or die $!;
is(sql($node, "SELECT store, ok FROM backup_verify('$id')"), "local|f\nbucket|t", 'verify goes on to the bucket');
sql($node, "SELECT backup_delete('$id')");
cmp_ok(sql($node, "SELECT objects FROM backup_copy('$id', 'local')"), '>', 0, 'what was deleted here comes back from there');
is(sql($node, "SELECT ok FROM backup_verify('$id', store => 'local')"), 't', 'sound');

# Buckets of two services may have one name, and one service several.
my $other = FaultProxy->start('test/s3/elsewhere.py');
my $way = FaultProxy->new(S3Service->address);
sql($node, "SELECT backup_create_store('other', 's3://$bucket/copies', '" . json(endpoint => $other->endpoint) . "')");
cmp_ok(sql($node, "SELECT objects FROM backup_copy('$id', 'other')"), '>', 0, "a copy in another service's bucket of that name");
is(sql($node, "SELECT ok FROM backup_verify('$id', store => 'other')"), 't', 'whole');
like(sql_error($node, "SELECT backup_create_store('again', 's3://$bucket/copies', '" . json(endpoint => $way->endpoint) . "')"),
	qr/store "bucket" is the one at/, 'the same bucket on another way is the same store');
like(sql_error($node, "SELECT backup_alter_store('other', options => '" . json(endpoint => $s3->endpoint) . "')"),
	qr/store "bucket" is the one at/, 'nor does one become another by its endpoint alone');
$other->order(order => 'lose', key => "$bucket/copies/repo.json");
like(sql_error($node, "SELECT backup_create_store('again', 's3://$bucket/copies', '" . json(endpoint => $other->endpoint) . "')"),
	qr/store "other" is the one at/, 'nor is one registered twice, when it has lost its name');
my $alias = $other->endpoint =~ s/127\.0\.0\.1/localhost/r;
like(sql_error($node, "SELECT backup_create_store('again', 's3://$bucket/copies', '" . json(endpoint => $alias) . "')"),
	qr/ERROR:  55000: the store at s3:\S+ holds backups and no repo\.json\nDETAIL:  It has backups\/\Q$id\E\/\S+\.\nHINT:  Put repo\.json back/,
	'nor made anew by another name of the service');

$node->stop;
done_testing();
