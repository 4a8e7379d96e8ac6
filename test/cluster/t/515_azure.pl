# Backups to Azure Blob Storage and back, with the account's key and with shared access signatures; what is said when one does not fit.
use strict;
use warnings;

use AzureService;
use JSON::PP ();
use LifeboatTest;

plan skip_all => 'no Azurite: test/run starts one where npm is and finds its registry' unless AzureService::here();

my $node = new_cluster('main', conf => { 'lifeboat.workers' => 2 });
my $keys = make_keys($node);
my $azure = AzureService->new;
my $account = $azure->account;
my $container = $azure->create_container("c$$-" . time);
my @read = ('--secret', "$keys/server.secret", '--signer-public', "$keys/signer.pub");

sql($node, 'CREATE DATABASE app');
sql($node, app => q{
	CREATE TABLE t (id serial PRIMARY KEY, x text);
	INSERT INTO t (x) SELECT md5(n::text) || md5((-n)::text) FROM generate_series(1, 100000) n;
	SELECT lo_from_bytea(0, decode(repeat('0123456789abcdef', 20000), 'hex'))});

sub create_store
{
	my ($name, $prefix, %options) = @_;
	my $json = JSON::PP->new->canonical->encode({ endpoint => $azure->endpoint, %options });
	return "SELECT backup_create_store('$name', 'azure://$account/$container$prefix', '$json')";
}

sub credentials
{
	my ($text) = @_;
	return 'file:' . write_file(temp_dir() . '/azure', "$text\n", 0600);
}

# --- there and back ---------------------------------------------------------------------------------

sql($node, create_store('key', '/by/key', storage_class => 'Cool'));
is(sql($node, "SELECT string_agg(step, ' ') FROM backup_check_store('key') WHERE ok"),
	'reach identify write exclusive read list delete space', 'a store with the key of the account');
my $id = run_backup($node, 'app', store => "'key'");
is(sql($node, "SELECT ok FROM backup_verify('$id')"), 't', 'a backup in it verifies');
sql($node, "SELECT backup_restore('$id', 'again')");
same_database($node, 'app', $node, 'again', 'and is restored without a difference');
my ($status, $body, $headers) = $azure->request('HEAD', "/$container/by/key/repo.json");
is("$status $headers->{'x-ms-access-tier'}", '200 Cool', 'objects have the tier that storage_class names');
my @store = ('--store', "azure://$account/$container/by/key", '--option', 'endpoint=' . $azure->endpoint);
like(cli_ok('list', @store), qr/^\Q$id\E /m, 'the command line lists it, with the key of its environment');
my ($rc, $out, $err) = cli('verify', $id, @store, @read);
is($rc, 0, 'and verifies it') or diag($err);

# --- shared access signatures -----------------------------------------------------------------------

my $full = credentials('?' . $azure->token($container, 'rcwdl'));
sql($node, create_store('token', '/by/token', credentials => $full));
is(sql($node, "SELECT string_agg(step, ' ') FROM backup_check_store('token') WHERE ok"),
	'reach identify write exclusive read list delete space', 'a store with a shared access signature');

my $few = credentials($azure->token($container, 'rc'));
sql($node, "SELECT backup_alter_store('token', options => '{\"credentials\": \"$few\"}')");
$id = run_backup($node, 'app', store => "'token'");
is(sql($node, "SELECT ok FROM backup_verify('$id')"), 't', 'read and create are enough for a backup, and to verify it');
sql($node, "SELECT backup_restore('$id', 'by_token')");
same_database($node, 'app', $node, 'by_token', 'and to restore it');
my $steps = sql($node, "SELECT string_agg(step, ' ') FROM backup_check_store('token') WHERE NOT ok");
is($steps, 'list delete', 'backup_check_store says which rights are missing');

# --- what is wrong ----------------------------------------------------------------------------------

my $wrong = credentials('d3Jvbmcga2V5IG9mIHRoZSBhY2NvdW50');
like(sql_error($node, create_store('wrong', '/wrong', credentials => $wrong)),
	qr{^ERROR:  42501: could not look up "repo\.json" in store "azure://$account/$container/wrong"\nDETAIL:  The service answered 403 \w+\. Its request id is [0-9a-f-]+\.\nHINT:  The (key or token|token does)}m,
	'a key of another account');
my $none = credentials('geheim');
my $error = sql_error($node, create_store('none', '/none', credentials => $none));
like($error, qr/^ERROR:  22023: the credentials of the store are no key and no token\nDETAIL:  They come from \Q$none\E\.\nHINT:  A key of an account is a text in base64; a shared access signature has "sig=" in it\.$/m,
	'what is no key');
unlike($error, qr/geheim/, 'and is not repeated');
like(sql_error($node, create_store('absent', '/x') =~ s/\Q$container\E/absent-$container/r),
	qr{^ERROR:  58P01: could not \w+( \w+)? "repo\.json" in store "azure://$account/absent-$container/x"\nDETAIL:  The service answered 404 ContainerNotFound.*\nHINT:  Create the container, or correct the URL or option "endpoint"\.$}m,
	'a container that does not exist');
like(sql_error($node, create_store('bad', '/x', region => 'eu')),
	qr/^ERROR:  22023: stores of scheme "azure" have no option "region"\nHINT:  The known options are "endpoint", "ca_file", "credentials", "storage_class", "tags", "timeout" and "max_rate"\.$/m,
	'an option that Azure has not');
my $log = read_file($node->logfile);
my $events = sql($node, 'SELECT string_agg(e::text, chr(10)) FROM backup_events e');
for my $secret ($azure->key, read_file($few =~ s/^file://r) =~ /sig=([^&\s]+)/)
{
	unlike($log . $events, qr/\Q$secret\E/, 'no secret in the log or in events');
}

$node->stop;
done_testing();
