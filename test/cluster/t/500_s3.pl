# Backups to an S3 service and back: http and https, prefix or none, both styles of address, encrypted and clear; with the rights to
# put and get alone; what the command line and the recovery script make of them; who may create such a store, and with which options.
use strict;
use warnings;

use LifeboatTest;
use S3Service;
use JSON::PP ();

plan skip_all => 'no S3 service: test/run starts one where radosgw is installed' unless S3Service::here();

my $node = new_cluster('main', conf => { 'lifeboat.workers' => 2 });
my $keys = make_keys($node);
my $s3 = S3Service->new;
my $unique = 'b' . $$ . '-' . time;
my @read = ('--secret', "$keys/server.secret", '--signer-public', "$keys/signer.pub");

sql($node, 'CREATE DATABASE app');
sql($node, app => q{
	CREATE SCHEMA shop;
	CREATE TYPE shop.mood AS ENUM ('ok', 'bad');
	CREATE TABLE shop.customers (id serial PRIMARY KEY, name text NOT NULL, mood shop.mood, profile jsonb);
	INSERT INTO shop.customers (name, mood, profile)
		SELECT 'customer ' || n, CASE WHEN n % 2 = 0 THEN 'ok' ELSE 'bad' END::shop.mood, jsonb_build_object('n', n) FROM generate_series(1, 2000) AS n;
	CREATE TABLE shop.measures (at date NOT NULL, v float8) PARTITION BY RANGE (at);
	CREATE TABLE shop.measures_2025 PARTITION OF shop.measures FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
	CREATE TABLE shop.measures_rest PARTITION OF shop.measures DEFAULT;
	INSERT INTO shop.measures SELECT date '2024-12-01' + n % 400, sqrt(n) FROM generate_series(1, 5000) AS n;
	CREATE TABLE shop.empty (x int);
	-- An object of more than one piece of a download.
	CREATE TABLE shop.large AS SELECT n, md5(n::text) || md5((-n)::text) AS x FROM generate_series(1, 350000) AS n;
	SELECT lo_from_bytea(0, decode(repeat('0123456789abcdef', 20000), 'hex'));
	COMMENT ON TABLE shop.large IS 'more than 8 MB when stored'});

sub bucket { my ($name) = @_; $s3->create_bucket("$unique-$name"); return "$unique-$name"; }
sub json { my (%options) = @_; return JSON::PP->new->canonical->encode(\%options); }

sub create_store
{
	my ($name, $url, $encryption, %options) = @_;
	return sql($node, "SELECT backup_create_store('$name', '$url', '" . json(%options) . "', encryption => '$encryption')");
}

# Several streams load the large table: its rows come in another order.
sub same
{
	my ($database, $name) = @_;
	my $sort = sub { s/^COPY shop\.large [^\n]*\n\K(.*?)(?=^\\\.$)/join '', sort split m{^}m, $1/mse };
	return same_database($node, 'app', $node, $database, $name, adjust => $sort);
}

# --- there and back ---------------------------------------------------------------------------------

my %http = (endpoint => $s3->endpoint);
my %https = (endpoint => $s3->tls_endpoint, ca_file => $s3->ca_file);
my ($port) = $s3->endpoint =~ /:(\d+)$/;
my @places = (
	[ plain => '/backups/of app', 'required', %http ],
	[ clear => '', 'none', %http ],
	[ tls => '', 'required', %https ],
	[ tls_clear => '/a/b', 'none', %https ],
	[ virtual => '/p', 'required', endpoint => "http://localhost:$port", path_style => JSON::PP::false ]);
my %id_in;
for my $place (@places)
{
	my ($name, $prefix, $encryption, %options) = @$place;
	my $bucket = bucket($name =~ tr/_/-/r);
	create_store($name, "s3://$bucket$prefix" =~ s/ /%20/gr, $encryption, %options);
	my $id = $id_in{$name} = run_backup($node, 'app', store => "'$name'");
	my $below = substr "$prefix/", 1;
	ok(defined $s3->head($bucket, "${below}backups/$id/SHA256SUMS"), "$name: the backup is where it should be");
	is(join(' ', grep { !/^\Q$below\E(repo\.json$|objects\/|keys\/|backups\/)/ } $s3->list($bucket)), '', "$name: and nothing beside it");
	is(sql($node, "SELECT ok, problems FROM backup_verify('$id')"), 't|{}', "$name: it verifies");
	sql($node, "SELECT backup_restore('$id', 'back_$name')");
	same("back_$name", "$name: restored by the server without a difference");
	sql($node, "DROP DATABASE back_$name");
}
# --- backup_check_store -------------------------------------------------------------------------------

is(sql($node, q{SELECT step, ok FROM backup_check_store('plain')}),
	"reach|t\nidentify|t\nwrite|t\nexclusive|t\nread|t\nlist|t\ndelete|t\nspace|t", 'backup_check_store is content');
is(sql($node, q{SELECT detail FROM backup_check_store('plain') WHERE step = 'reach'}), "s3://$unique-plain/backups/of%20app", 'and says where the store is');
is(sql($node, q{SELECT detail FROM backup_check_store('plain') WHERE step = 'space'}), 'not known for this kind of store', 'a bucket has no end');

# --- the command line ------------------------------------------------------------------------------------

my @plain = ('--store', "s3://$unique-plain/backups/of%20app", '--option', 'endpoint=' . $s3->endpoint);
like(cli_ok('list', @plain), qr/\b\Q$id_in{plain}\E\b/, 'lifeboat list sees it');
my @tls = ('--store', "s3://$unique-tls", '--option', 'endpoint=' . $s3->tls_endpoint, '--option', 'ca_file=' . $s3->ca_file);
like(cli_ok('verify', $id_in{tls}, @tls, @read), qr/./, 'lifeboat verify, over https');
cli_ok('restore', $id_in{plain}, @plain, @read, '--target', $node->connstr('postgres'), '--target-database', 'by_cli');
same('by_cli', 'lifeboat restore, without a difference');
sql($node, 'DROP DATABASE by_cli');
my ($rc, $out, $err) = cli({ env => { LIFEBOAT_STORE => "s3://$unique-plain/backups/of%20app", LIFEBOAT_OPTION_ENDPOINT => $s3->endpoint } }, 'list');
is("$rc $err", '0 ', 'options come from the environment, too') or diag($out);

# --- recovery without lifeboat ----------------------------------------------------------------------------

for my $case ([ plain => 'backups/of app', "$keys/recovery.key", "$keys/signer.pub" ], [ clear => '', '-', '-' ])
{
	my ($name, $prefix, @with) = @$case;
	my $copy = temp_dir() . '/copy';
	$s3->copy_to("$unique-$name", $prefix, $copy);
	my ($said, $error) = ('', '');
	IPC::Run::run([ source_dir() . '/scripts/recover.sh', $copy, $id_in{$name}, @with, $node->connstr('postgres'), "by_hand_$name" ],
		'>', \$said, '2>', \$error);
	is($? >> 8, 0, "$name: the recovery script restores a copy of the bucket") or diag($error);
	same("by_hand_$name", "$name: without a difference");
	sql($node, "DROP DATABASE by_hand_$name");
}

# --- few rights --------------------------------------------------------------------------------------------

# Who backs up needs to put and to get; the owner of the bucket has made the store.
my $guarded = bucket('guarded');
my $guest = write_file(temp_dir() . '/guest', S3Service->credentials('guest', 'backups'), 0600);
create_store('guarded', "s3://$guarded", 'required', %http);
sql($node, "SELECT backup_alter_store('guarded', options => '" . json(credentials => "file:$guest", profile => 'backups') . "')");
like(sql_error($node, q{SELECT backup_run(database => 'app', store => 'guarded')}),
	qr{^ERROR:  42501: could not read "repo\.json" in store "s3://\Q$guarded\E"\nDETAIL:  The service answered 403 AccessDenied.*\nHINT:  The key needs the right s3:GetObject there\.},
	'no right at all');
$s3->let_guest($guarded, 's3:PutObject', 's3:GetObject');
my $id = run_backup($node, 'app', store => q{'guarded'});
like($id, qr/^app-/, 'a backup wants the rights to put and to get');
is(sql($node, "SELECT ok, problems FROM backup_verify('$id')"), 't|{}', 'and so does a verification');
sql($node, "SELECT backup_restore('$id', 'back_guarded')");
same('back_guarded', 'and a restore');
is(sql($node, q{SELECT step, ok FROM backup_check_store('guarded')}),
	"reach|t\nidentify|t\nwrite|t\nexclusive|t\nread|t\nlist|f\ndelete|f\nspace|t", 'backup_check_store says which rights it found');
like(sql($node, q{SELECT detail FROM backup_check_store('guarded') WHERE step = 'list'}),
	qr{^could not list store "s3://\Q$guarded\E"\. The service answered 403 AccessDenied.* The key needs the right s3:ListBucket there\.}, 'to list');
like(sql($node, q{SELECT detail FROM backup_check_store('guarded') WHERE step = 'delete'}),
	qr{^could not remove "objects/\S+" in store "s3://\Q$guarded\E"\. The service answered 403 AccessDenied.* The key needs the right s3:DeleteObject there\.}, 'to delete');
is(sql($node, q{SELECT count(*) FROM backup_health WHERE status = 'critical'}), '0', 'which is no reason for alarm');

# --- who may, and with what --------------------------------------------------------------------------------

sql($node, "CREATE ROLE clerk LOGIN; SELECT backup_grant('clerk', 'admin')");
my $open = bucket('open');
sub as_clerk { my ($url, %options) = @_; return "SET ROLE clerk; SELECT backup_create_store('clerks', '$url', '" . json(%options) . "')"; }
for my $option (qw(endpoint ca_file credentials profile))
{
	my %value = (endpoint => $s3->endpoint, ca_file => $s3->ca_file, credentials => 'env', profile => 'x');
	chomp(my $said = sql_error($node, as_clerk("s3://$open", $option => $value{$option})));
	is($said,
		qq{ERROR:  42501: role "clerk" may not set store option "$option"\nDETAIL:  It decides which keys of this server go to which service.\n}
		  . 'HINT:  A superuser creates the store, or sets the option with backup_alter_store.', "option $option is a superuser's");
}
chomp(my $said = sql_error($node, as_clerk("s3://$open")));
is($said,
	qq{ERROR:  42501: role "clerk" may not use store s3://$open\nDETAIL:  Without superuser the URL must lie below one of lifeboat.allowed_stores.},
	'a place that is not allowed');
$node->append_conf('postgresql.conf', "lifeboat.allowed_stores = 's3://$open/teams'\n");
$node->reload;
wait_for($node, q{SELECT current_setting('lifeboat.allowed_stores') <> ''});
like(sql_error($node, as_clerk("s3://$open/team")), qr/^ERROR:  42501: role "clerk" may not use store/, 'nor one beside it');
like(sql_error($node, as_clerk("s3://$open/teams/../other")), qr/^ERROR:  22023: store URL .* contains "\.\."/, 'nor a way out of it');
# The service itself is Amazon's, which cannot be reached: everything before that was allowed.
unlike(sql_error($node, "SET statement_timeout = '3s'; " . as_clerk("s3://$open/teams/x", timeout => 1)), qr/42501/, 'one that is');

for my $case (
	[ { endpoint => 'storage.example.org' }, qr/^ERROR:  22023: invalid value for store option "endpoint": "storage\.example\.org"\nDETAIL:  It does not begin with https:/ ],
	[ { endpoint => 'https://me:secret@example.org' }, qr/^ERROR:  22023: store option "endpoint" must not contain a user name or password\nHINT:/ ],
	[ { credentials => 'AKIAEXAMPLE:verysecret' }, qr/^ERROR:  22023: invalid value for store option "credentials": "AKIAEXAMPLE"\nDETAIL:  Keys themselves never stand in options/ ],
	[ { ca_file => 'ca.pem' }, qr/^ERROR:  22023: invalid value for store option "ca_file": "ca\.pem"\nDETAIL:  It is not an absolute path\./ ],
	[ { lock_days => 0 }, qr/^ERROR:  22023: invalid value for store option "lock_days": "0"\nDETAIL:  It is a number from 1 to 36500\./ ],
	[ { lock_mode => 'GOVERNANCE' }, qr/^ERROR:  22023: store option "lock_mode" needs "lock_days"/ ],
	[ { sse => 'rot13' }, qr/^ERROR:  22023: invalid value for store option "sse": "rot13"\nDETAIL:  It is "AES256", "aws:kms" or "aws:kms:dsse"\./ ],
	[ { sse_kms_key => 'k' }, qr/^ERROR:  22023: store option "sse_kms_key" needs "sse" to be/ ],
	[ { tags => 'team' }, qr/^ERROR:  22023: invalid value for store option "tags": "team"\nDETAIL:  "team" is not of the form key=value\./ ],
	[ { timeout => 'soon' }, qr/^ERROR:  22023: invalid value for store option "timeout": "soon"\nDETAIL:  It is a number of seconds from 1 to 3600\./ ],
	[ { path_style => 'perhaps' }, qr/^ERROR:  22023: invalid value for store option "path_style": "perhaps"\nDETAIL:  It is "true" or "false"\./ ],
	[ { region => 'eu west' }, qr/^ERROR:  22023: invalid value for store option "region": "eu west"/ ],
	[ { bucket => 'x' }, qr/^ERROR:  22023: stores of scheme "s3" have no option "bucket"\nHINT:  The known options are "endpoint", / ])
{
	my ($options, $expected) = @$case;
	my $said = sql_error($node, "SELECT backup_create_store('bad', 's3://$open', '" . json(%$options) . "')");
	like($said, $expected, 'refused: ' . json(%$options));
	unlike($said, qr/verysecret|me:secret/, 'without showing a secret') if "@{[ %$options ]}" =~ /secret/;
}
like(sql_error($node, q{SELECT backup_create_store('bad', 's3:///prefix')}), qr{^ERROR:  22023: store URL "s3:///prefix" names no bucket\nHINT:  Write s3://bucket/prefix}, 'a URL without a bucket');
like(sql_error($node, q{SELECT backup_create_store('bad', 's3://key:secret@bucket')}), qr/^ERROR:  22023: store URL must not contain a user name or password/, 'nor with keys in it');

# --- what each object is stored with --------------------------------------------------------------------------

my $dressed = bucket('dressed');
create_store('dressed', "s3://$dressed", 'none', %http, tags => 'team=db&kind=backup', storage_class => 'STANDARD');
$id = run_backup($node, 'app', store => q{'dressed'});
my ($key) = $s3->list($dressed, 'objects/');
like($s3->ask(GET => "/$dressed/$key", query => { tagging => '' }), qr{<Key>kind</Key><Value>backup</Value>.*<Key>team</Key><Value>db</Value>}s, 'objects have their tags');

# Object lock wants a bucket that was made for it.
my $locked = "$unique-locked";
$s3->create_bucket($locked, headers => { 'x-amz-bucket-object-lock-enabled' => 'true' });
create_store('locked', "s3://$locked", 'none', %http, lock_days => 1);
$id = run_backup($node, 'app', store => q{'locked'});
($key) = $s3->list($locked, 'objects/');
my $head = $s3->head($locked, $key);
is($head->{'x-amz-object-lock-mode'}, 'GOVERNANCE', 'objects are locked');
my ($version) = $head->{'x-amz-version-id'};
my ($status) = $s3->request(DELETE => "/$locked/$key", query => { versionId => $version });
is($status, 403, 'and are not removed before their time');
is(sql($node, "SELECT ok, problems FROM backup_verify('$id')"), 't|{}', 'the backup verifies');

$node->stop;
done_testing();
