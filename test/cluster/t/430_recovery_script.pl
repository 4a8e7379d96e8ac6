# scripts/recover.sh restores the golden stores of every version of the format with stock tools alone, and stops at what is damaged.
use strict;
use warnings;
use utf8;

use LifeboatTest;

my $node = new_cluster('main', preload => 0, extension => 0);
my $golden = source_dir() . '/test/golden';
# The golden archives were made by postgres; here the superuser may have another name.
sql($node, 'CREATE ROLE postgres SUPERUSER LOGIN') unless sql($node, q{SELECT 1 FROM pg_roles WHERE rolname = 'postgres'});
my $conninfo = $node->connstr('postgres') . ' user=postgres';

sql($node, 'CREATE DATABASE golden TEMPLATE template0 LOCALE \'C\' OWNER postgres');
sql($node, golden => "SET ROLE postgres;\n" . read_file("$golden/source/make.sql"));

sub recover
{
	my ($store, $key, $signer, $database) = @_;
	my ($id) = map { m{([^/]+)$} } glob("$store/backups/*");
	my ($out, $err) = ('', '');
	IPC::Run::run([ source_dir() . '/scripts/recover.sh', $store, $id, $key, $signer, $conninfo, $database ],
		'>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err, "$store/backups/$id");
}

my @keys = ("$golden/keys/recovery.key", "$golden/keys/signer.pub");
my %stores = map { m{/([^/]+)/repo\.json$}; ($1 => -d "$golden/$1/keys" ? \@keys : [ '-', '-' ]) } glob("$golden/*/repo.json");
is(scalar keys %stores, 6, 'all golden stores');
for my $name (sort keys %stores)
{
	my $database = "back ' \\ \"$name";
	my ($rc, $out, $err) = recover("$golden/$name", @{ $stores{$name} }, $database);
	is($rc, 0, "$name: restored") or diag($err);
	is($out, "CREATE ROLE golden_reader NOLOGIN;\n", "$name: roles are printed, not made");
	sql($node, qq{ALTER DATABASE "back ' \\ ""$name" RENAME TO back});
	same_database($node, 'golden', $node, 'back', "$name: no difference");
	is(sql($node, q{SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'back'}),
		'from a golden store', "$name: the database's own properties");
	sql($node, 'DROP DATABASE back');
}

# A copy of the encrypted store to which `attack` does something; what the script says, and that nothing was restored.
sub refused
{
	my ($what, $expected, $attack, @with) = @_;
	my $store = temp_dir() . '/store';
	system('cp', '-r', "$golden/v1-encrypted", $store) == 0 or die 'cp failed';
	system('chmod', '-R', 'u+w', $store);
	my ($folder) = glob("$store/backups/*");
	$attack->($store, $folder);
	my ($rc, undef, $err) = recover($store, @with ? @with : @keys, 'refused');
	isnt($rc, 0, "$what: stops");
	like($err, $expected, "$what: says so");
	is(sql($node, q{SELECT count(*) FROM pg_database WHERE datname = 'refused'}), '0', "$what: no database");
	return;
}

sub edit
{
	my ($file, $from, $to) = @_;
	my $text = read_file($file);
	$text =~ s/$from/$to/ or die "nothing to edit in $file";
	write_file($file, $text);
	return;
}

refused('flipped bit', qr/recover\.sh: damaged/, sub {
	my ($object) = glob("$_[0]/objects/*/*");
	my $bytes = read_file($object);
	substr($bytes, 200, 1) = chr(ord(substr($bytes, 200, 1)) ^ 1);
	write_file($object, $bytes);
});
refused('missing object', qr/recover\.sh: damaged/, sub { my ($object) = glob("$_[0]/objects/*/*"); unlink $object; });
refused('edited manifest', qr/recover\.sh: damaged/, sub { edit("$_[1]/manifest.json", '"timeline":1', '"timeline":2') });
refused('edited sums', qr/recover\.sh: forged/, sub { edit("$_[1]/SHA256SUMS", '[0-9a-f]{64}', '0' x 64) });
refused('removed signature', qr/recover\.sh: forged/, sub { unlink "$_[1]/SHA256SUMS.sig" });
refused('another name', qr/recover\.sh: \S+manifest\.json is not as listed in \S+SHA256SUMS/, sub {
	(my $other = $_[1]) =~ s/.{8}$/00000000/;
	system('cp', '-r', $_[1], $other);
}, $keys[0], '-');
refused('wrong recovery key', qr/Error|error/, sub { system("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out $_[0]/other.key") },
	"$golden/keys/signer.key", $keys[1]);

# Key files are not signed: one that does not open, with a higher number, must not stop a recovery.
{
	my $store = temp_dir() . '/store';
	system('cp', '-r', "$golden/v1-encrypted", $store) == 0 or die 'cp failed';
	system('chmod', '-R', 'u+w', $store);
	my ($file) = glob("$store/keys/*.1.cms");
	(my $planted = $file) =~ s/\.1\.cms$/.999.cms/;
	write_file($planted, "not a key\n");
	my ($rc, undef, $err) = recover($store, @keys, 'planted');
	is($rc, 0, 'a planted key file: restored all the same') or diag($err);
	sql($node, 'DROP DATABASE planted');
}

# A store that shows one thing to whoever checks and another to whoever uses: here it changes as soon as all was checked.
for my $case ([ 'manifest.json', '"encoding":"UTF8"', '"encoding":"LATIN1"' ], [ 'an object', '', '' ])
{
	my ($what, $from, $to) = @$case;
	my ($store, $tools) = (temp_dir() . '/store', temp_dir());
	system('cp', '-r', "$golden/v1-clear", $store) == 0 or die 'cp failed';
	system('chmod', '-R', 'u+w', $store);
	my ($folder) = glob("$store/backups/*");
	my ($globals) = grep { `zstd -dcq $_` =~ /golden_reader NOLOGIN/ } glob("$store/objects/*/*");
	my $change = $from ? "sed -i 's/$from/$to/' $folder/manifest.json" : "echo 'DROP TABLE accounts;' | zstd -qc >$globals";
	my ($real) = grep { -x } map { "$_/sha256sum" } split /:/, $ENV{PATH};
	write_file("$tools/sha256sum", "#!/bin/sh\n$real \"\$@\" || exit\ncase \$* in *-c*) $change ;; esac\n", 0755);
	local $ENV{PATH} = "$tools:$ENV{PATH}";
	my ($rc, $out, $err) = recover($store, '-', '-', 'changed');
	isnt($rc, 0, "$what changed after it was checked: stops");
	like($err, qr/recover\.sh: \S+ is not as listed in backups\/\S+\/SHA256SUMS/, "$what changed after it was checked: says so");
	is($out, '', "$what changed after it was checked: is not used");
	sql($node, 'DROP DATABASE IF EXISTS changed');
}

# A clear object where a key was given: a downgrade.
{
	my ($rc, undef, $err) = recover("$golden/v1-clear", $keys[0], '-', 'refused');
	isnt($rc, 0, 'clear objects with a key: stops');
	like($err, qr/recover\.sh: backups\/.*toc\.zst is not encrypted/, 'clear objects with a key: says so');
}

$node->stop;
done_testing();
