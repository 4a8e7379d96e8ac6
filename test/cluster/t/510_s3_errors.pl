# What goes wrong between a server and an S3 service, in words: keys, clocks, regions, buckets, certificates, names. Keys that end
# while a run is at work, keys of the machine; and no secret in any log, whatever went wrong.
use strict;
use warnings;

use LifeboatTest;
use FaultProxy qw(fault xml_error);
use S3Service;
use IPC::Open2 ();
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep);

plan skip_all => 'no S3 service: test/run starts one where radosgw is installed' unless S3Service::here();

# --- what the machine says of itself ------------------------------------------------------------------

my $instance = temp_dir();
my ($to_instance, $from_instance);
my $instance_pid = IPC::Open2::open2($from_instance, $to_instance, 'python3', source_dir() . '/test/s3/instance.py',
	"$instance/keys", "$instance/log");
chomp(my $instance_port = <$from_instance> // die 'no machine');
END { if ($instance_pid) { local $?; close $to_instance; waitpid $instance_pid, 0; } }

sub instance_log { return -e "$instance/log" ? read_file("$instance/log") : ''; }

# Gives out the owner's keys, which end in so many seconds.
sub instance_keys
{
	my ($seconds, %more) = @_;
	my ($key, $secret) = S3Service->keys_of('owner');
	write_file("$instance/keys.new", JSON::PP::encode_json({ Code => 'Success', Type => 'AWS-HMAC', AccessKeyId => $key, SecretAccessKey => $secret,
		Expiration => POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $seconds)), %more }));
	rename "$instance/keys.new", "$instance/keys" or die $!;
	return;
}

# --- a server and a store that works --------------------------------------------------------------------

my $s3 = S3Service->new;
my $proxy = FaultProxy->new($s3->address);
my $bucket = 'errors-' . $$ . '-' . time;
$s3->create_bucket($bucket);
my (undef, $owner_secret) = S3Service->keys_of('owner');
my (undef, $guest_secret) = S3Service->keys_of('guest');
my $session_token = 'session-token-that-nobody-may-see';
my $wrong_secret = 'wrong-secret-that-nobody-may-see';

$ENV{AWS_EC2_METADATA_SERVICE_ENDPOINT} = "http://127.0.0.1:$instance_port";
my $node = new_cluster('main', conf => { 'lifeboat.workers' => 1, log_min_messages => 'debug1' });
sql($node, 'CREATE DATABASE app');
sql($node, app => 'CREATE TABLE t AS SELECT n, repeat(md5(n::text), 4) AS x FROM generate_series(1, 20000) AS n');
my $file = write_file(temp_dir() . '/credentials', S3Service->credentials('owner'), 0600);
my %usual = (endpoint => $proxy->endpoint, credentials => "file:$file", timeout => 1);

sub create_store
{
	my ($name, $url, %options) = @_;
	return "SELECT backup_create_store('$name', '$url', '" . JSON::PP->new->canonical->encode(\%options) . "', encryption => 'none')";
}
sql($node, create_store('s', "s3://$bucket/p", %usual));
my $run = q{SELECT backup_run(database => 'app', store => 's')};
like(sql($node, $run), qr/^app-/, 'a backup, with keys from a file');

# What psql says, without what differs from time to time.
sub said
{
	my ($sql) = @_;
	chomp(my $text = sql_error($node, $sql));
	$text =~ s/^(INFO|NOTICE): .*\n//mg;
	$text =~ s/Its request id is tx[^ ]+\.$/Its request id is TX./mg;
	$text =~ s/Its request id is tx\S+ /Its request id is TX. /g;
	$text =~ s/after \d+ ms/after N ms/g;
	return $text;
}

sub alter
{
	my (%options) = @_;
	return sql($node, "SELECT backup_alter_store('s', options => '" . JSON::PP->new->canonical->encode(\%options) . "')");
}

sub refused
{
	my ($what, $expected, %options) = @_;
	alter(%options) if %options;
	is(said($run), $expected, $what);
	is(sql($node, 'SELECT status FROM backup_runs ORDER BY id DESC LIMIT 1'), 'failed', "$what: and the run's row says so");
	alter(%usual, map { $_ => $usual{$_} } keys %options) if %options;
	$proxy->rules();
	return;
}

my $repo = qq{could not read "repo.json" in store "s3://$bucket/p"};
my $at_proxy = $proxy->endpoint;

# --- keys ------------------------------------------------------------------------------------------------

my ($owner_key) = S3Service->keys_of('owner');
write_file($file, "[default]\naws_access_key_id = $owner_key\naws_secret_access_key = $wrong_secret\n", 0600);
refused('a wrong secret', <<"END" =~ s/\n$//r);
ERROR:  42501: $repo
DETAIL:  The service answered 403 SignatureDoesNotMatch. Its request id is TX.
HINT:  The secret key is not the one that belongs to the access key, or something between here and the service changes requests.
END
write_file($file, "[default]\naws_access_key_id = NOSUCHKEY\naws_secret_access_key = $wrong_secret\naws_session_token=$session_token\n", 0600);
refused('an unknown access key', <<"END" =~ s/\n$//r);
ERROR:  42501: $repo
DETAIL:  The service answered 403 InvalidAccessKeyId. Its request id is TX.
HINT:  The service does not know the access key: is it one of this service, and of option "profile"?
END
write_file($file, S3Service->credentials('guest'), 0600);
refused('a key without rights', <<"END" =~ s/\n$//r);
ERROR:  42501: $repo
DETAIL:  The service answered 403 AccessDenied. Its request id is TX.
HINT:  The key needs the right s3:GetObject there. (Without s3:ListBucket a service says "denied" of objects that do not exist, too.)
END
write_file($file, S3Service->credentials('owner'), 0600);

refused('a profile that is not there', <<"END" =~ s/\n$//r, profile => 'other');
ERROR:  55000: there is no whole profile "other" in credentials file:$file
DETAIL:  Looked for aws_access_key_id and aws_secret_access_key after a line [other].
HINT:  Store option "profile" names another one.
END
alter(profile => undef);
chmod 0644, $file;
like(said($run), qr/^ERROR:  42501: .*\Q$file\E.*0644.*chmod 600/s, 'a file of keys that everybody can read');
chmod 0600, $file;
like(do { alter(credentials => "file:$file.none"); my $said = said($run); alter(%usual); $said }, qr/^ERROR:  55000: could not read file "\Q$file.none\E" given as "credentials": No such file or directory/, 'a file that is not there');

# --- keys that end ---------------------------------------------------------------------------------------------

# The file gets other keys when the run has read it; from then on the service refuses the ones it has read.
my $expired = xml_error(400, 'ExpiredToken', 'The provided token has expired.');
my ($guest_key) = S3Service->keys_of('guest');
$s3->let_guest($bucket, 's3:PutObject', 's3:GetObject', 's3:ListBucket');
$proxy->rules({ do => 'slow', seconds => 1, path => 'repo.json' }, { %$expired, key => $owner_key, times => 0 });
my $changing = background($node, $run);
sleep 0.05 until $proxy->log;
write_file("$file.new", S3Service->credentials('guest'), 0600);
rename "$file.new", $file or die $!;
my ($rc, $out, $err) = finish_background($changing);
like($out, qr/^app-/, 'keys that ended in the middle of a run are read again') or diag($err);
my @expired = grep { defined $_->{rule} && $_->{rule} eq 'answer' } $proxy->log;
cmp_ok(scalar @expired, '>', 0, 'after the service has refused the old ones');
write_file($file, S3Service->credentials('owner'), 0600);
$proxy->rules({ %$expired, method => 'PUT', path => '/objects/', times => 0 });
is(said($run) =~ s{objects/\S+?"}{OBJECT"}r, <<"END" =~ s/\n$//r, 'keys that ended for good');
ERROR:  58030: could not write "OBJECT" in store "s3://$bucket/p"
DETAIL:  The service answered 400 ExpiredToken: The provided token has expired. Its request id is TESTREQUEST.
HINT:  The session token has ended: store new credentials where option "credentials" says.
END
$proxy->rules();

{
	write_file($file, "[default]\naws_access_key_id = $owner_key\naws_secret_access_key = $owner_secret\naws_session_token = $session_token\n", 0600);
	like(sql($node, $run), qr/^app-/, 'a session token goes along with every request');
	write_file($file, S3Service->credentials('owner'), 0600);
}

# --- clocks, regions, buckets -------------------------------------------------------------------------------

my $skew = xml_error(403, 'RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.');
$skew->{headers} = { Date => POSIX::strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime(time - 3600)) };
$proxy->rules({ %$skew, times => 0 });
like(said($run), qr{^ERROR:  42501: \Q$repo\E
DETAIL:  The service answered 403 RequestTimeTooSkewed: The difference between the request time and the current time is too large\. Its request id is TESTREQUEST\.
HINT:  Set the clock of this machine \(NTP\)\. It is 36\d\d s ahead of the service's\.$}, 'a clock that is wrong');

my $elsewhere = xml_error(301, 'PermanentRedirect', 'The bucket you are attempting to access must be addressed using the specified endpoint.',
	Endpoint => 's3.eu-central-1.amazonaws.com', Bucket => $bucket);
$elsewhere->{headers} = { 'x-amz-bucket-region' => 'eu-central-1' };
$proxy->rules({ %$elsewhere, times => 0 });
refused('a bucket of another region', <<"END" =~ s/\n$//r);
ERROR:  58030: $repo
DETAIL:  The service answered 301 PermanentRedirect: The bucket you are attempting to access must be addressed using the specified endpoint. Its request id is TESTREQUEST.
HINT:  The bucket lies in region "eu-central-1": set option "region" to that.
END
$proxy->rules({ %{ xml_error(400, 'AuthorizationHeaderMalformed', q{The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'},
	Region => 'eu-central-1') }, times => 0 });
refused('a signature for another region', <<"END" =~ s/\n$//r);
ERROR:  58030: $repo
DETAIL:  The service answered 400 AuthorizationHeaderMalformed: The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'. Its request id is TESTREQUEST.
HINT:  The bucket lies in region "eu-central-1": set option "region" to that.
END

is(said(create_store('none', "s3://$bucket-none/p", %usual)), <<"END" =~ s/\n$//r, 'a bucket that is not there');
ERROR:  58P01: could not list store "s3://$bucket-none/p"
DETAIL:  The service answered 404 NoSuchBucket. Its request id is TX.
HINT:  Create the bucket, or correct the URL or option "endpoint".
END
$s3->remove($bucket, 'p/repo.json');
like(said($run), qr{^ERROR:  58P01: there is no backup store at "s3://\Q$bucket\E/p"\nDETAIL:  It has no file repo\.json\.}, 'a store that is gone');
$s3->empty_bucket($bucket);
$s3->remove_bucket($bucket);
refused('a bucket that is gone', <<"END" =~ s/\n$//r);
ERROR:  58P01: $repo
DETAIL:  The service answered 404 NoSuchBucket. Its request id is TX.
HINT:  Create the bucket, or correct the URL or option "endpoint".
END
$s3->create_bucket($bucket);
sql($node, 'SELECT backup_drop_store(\'s\')') if sql($node, q{SELECT count(*) FROM backup_catalog WHERE store = 's'}) eq '0';
sql($node, create_store('t', "s3://$bucket/t", %usual));

# --- nobody, nowhere, nothing to trust -----------------------------------------------------------------------

my %tls = (endpoint => $s3->tls_endpoint, credentials => "file:$file", timeout => 1);
my $store = sub { my ($name, %options) = @_; return said(create_store($name, "s3://$bucket/x", %tls, %options)); };
my $look = qq{ERROR:  08006: could not look up "repo.json" in store "s3://$bucket/x"};
my $tls_at = $s3->tls_endpoint;
is($store->('x'), <<"END" =~ s/\n$//r, 'a certificate of nobody we trust');
$look
DETAIL:  No answer from $tls_at: SSL certificate problem: self-signed certificate in certificate chain.
HINT:  If the service has a certificate of your own authority, name that with option "ca_file".
END
my $other = temp_dir();
system(qq{openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=other -keyout $other/key -out $other/ca.pem 2>/dev/null}) == 0 or die;
is($store->('x', ca_file => "$other/ca.pem"), <<"END" =~ s/\n$//r, 'a certificate of another authority');
$look
DETAIL:  No answer from $tls_at: SSL certificate problem: self-signed certificate in certificate chain.
HINT:  Option "ca_file" must hold the certificate of the authority that signed the service's.
END
my ($tls_port) = $tls_at =~ m{:(\d+)$};
like($store->('x', ca_file => "$other/none.pem"), qr{^\Q$look\E\nDETAIL:  No answer from \Q$tls_at\E: error setting certificate (file|verify locations).*\nHINT:  Option "ca_file" names a file of certificates \(PEM\) that this process can read\.$}s,
	'a file of certificates that is not there');
is($store->('x', endpoint => "https://127.0.0.2:$tls_port", ca_file => $s3->ca_file), <<"END" =~ s/\n$//r, 'nobody at that address');
$look
DETAIL:  No answer from https://127.0.0.2:$tls_port: Failed to connect to 127.0.0.2 port $tls_port after N ms: Couldn't connect to server.
HINT:  Is the service up, and is its port reachable from this machine?
END
is($store->('x', endpoint => 'http://nosuch.invalid'), <<"END" =~ s/\n$//r, 'a name that nobody knows');
$look
DETAIL:  No answer from http://nosuch.invalid: Could not resolve host: nosuch.invalid.
HINT:  Correct the URL or the store's options, or the name service of this machine.
END
# http where https is spoken, and the other way round.
like($store->('x', endpoint => $tls_at =~ s/https/http/r), qr/^ERROR:  \w+: could not look up "repo\.json"/, 'http to a port of https');
like($store->('x', endpoint => $s3->endpoint =~ s/http/https/r), qr/^\Q$look\E\nDETAIL:  No answer from https:.*wrong version number.*\nHINT:  /, 'https to a port of http');
$proxy->rules({ do => 'answer', status => 404, headers => { 'Content-Type' => 'text/html' }, body => '<html>nothing here</html>', times => 0 });
unlike(said(create_store('x', "s3://$bucket/x", %usual)), qr/^no error/, 'something that is no S3 service makes no store');
$proxy->rules();

# --- keys of the machine ---------------------------------------------------------------------------------------

unlink "$instance/keys";
is(said(create_store('x', "s3://$bucket/i", %usual, credentials => 'instance')), <<"END" =~ s/\n$//r, 'a machine without a role');
ERROR:  55000: this machine gives out no credentials
DETAIL:  http://127.0.0.1:$instance_port/latest/meta-data/iam/security-credentials/backup-role answered with status 404.
HINT:  Give the machine or container a role, or set store option "credentials" to "env" or "file:/path".
END
write_file("$instance/keys", '{"Code": "AssumeRoleUnauthorizedAccess"}');
like(said(create_store('x', "s3://$bucket/i", %usual, credentials => 'instance')), qr/\nDETAIL:  What it answered are no credentials\.\n/, 'one whose role gives none');
instance_keys(6 * 3600);
sql($node, create_store('i', "s3://$bucket/i", %usual, credentials => 'instance'));
write_file("$instance/log", '');
like(sql($node, q{SELECT backup_run(database => 'app', store => 'i')}), qr/^app-/, 'a backup, with keys of the machine');
my $asked = () = instance_log() =~ m{backup-role 200}g;
cmp_ok($asked, '<=', 6, "each process asks for them once ($asked)");
# Less than five minutes are left: they are asked for again each time, as new ones may be there.
instance_keys(200);
write_file("$instance/log", '');
sql($node, q{SELECT backup_run(database => 'app', store => 'i')});
my $again = () = instance_log() =~ m{backup-role 200}g;
cmp_ok($again, '>', $asked, "keys that are about to end are asked for again ($again)");

# --- keys of the environment -------------------------------------------------------------------------------------

sql($node, create_store('e', "s3://$bucket/e", endpoint => $proxy->endpoint));
like(sql($node, q{SELECT backup_run(database => 'app', store => 'e')}), qr/^app-/, 'a backup, with keys from the environment');
$node->stop;
for my $variable (qw(AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY))
{
	delete local $ENV{$variable};
	$node->start;
	is(said(q{SELECT backup_run(database => 'app', store => 'e')}), <<"END" =~ s/\n$//r, "no $variable in the environment");
ERROR:  55000: environment variable $variable is not set
DETAIL:  Store option "credentials" is "env": keys are looked for in the environment of this process, which for a server is that in which it was started.
HINT:  Set it where the server is started, or set option "credentials" to "file:/path" or "instance".
END
	$node->stop;
}
$node->start;

# --- no secret in any log ---------------------------------------------------------------------------------------------

my $log = read_file($node->logfile);
cmp_ok(length $log, '>', 10000, 'the log is not empty');
my $catalog = dump_text($node, 'postgres', args => [ '--data-only' ]) . sql($node, q{SELECT * FROM backup_events}) . sql($node, q{SELECT * FROM backup_runs})
  . sql($node, q{SELECT * FROM backup_health});
my $bucket_text = join "\n", $s3->list($bucket);
for my $case ([ 'the server log', $log ], [ 'the catalog, events and runs', $catalog ], [ 'names in the bucket', $bucket_text ])
{
	my ($where, $text) = @$case;
	for my $secret ($owner_secret, $guest_secret, $wrong_secret, $session_token)
	{
		ok(index($text, $secret) < 0, "$where: no " . substr($secret, 0, 12) . '...');
	}
	unlike($text, qr/Signature=[0-9a-f]{64}|AWS4-HMAC/, "$where: no signature");
}

$node->stop;
done_testing();
