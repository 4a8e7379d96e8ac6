# Damage of every kind that can happen to a store: backup_verify, lifeboat verify, lifeboat restore and backup_restore name the object and
# what is wrong with it, exit codes tell the kinds of failure apart, and no damaged byte reaches a target.
use strict;
use warnings;

use File::Copy qw(move);
use JSON::PP ();
use LifeboatTest;

my $node = new_cluster('damage', conf => { 'lifeboat.workers' => 1, 'lifeboat.segment_size' => "'1MB'" });
my $keys = make_keys($node);
my $store = make_store($node);
my $url = "file://$store";
my @trust = ('--signer-public', "$keys/signer.pub");
my @read = ('--store', $url, '--secret', "$keys/server.secret", @trust);
my $target = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';

sql($node, 'CREATE DATABASE app');
sql($node, app => q{
	CREATE TABLE small (id int PRIMARY KEY, name text);
	INSERT INTO small SELECT n, md5(n::text) FROM generate_series(1, 500) n;
	CREATE TABLE wide (id int, filler text);
	INSERT INTO wide SELECT n, md5(n::text) || md5((-n)::text) FROM generate_series(1, 30000) n;
});
my $id = run_backup($node, 'app');
my $folder = "$store/backups/$id";

# What the manifest says of the objects, and which rows of the table `wide` are in one of them.
my $manifest = JSON::PP->new->decode(read_file("$folder/manifest.json"));
my $wide_oid = sql($node, app => "SELECT 'wide'::regclass::oid");
my @wide = grep { ($_->{relation} // 0) == $wide_oid } @{ $manifest->{objects} };
cmp_ok(scalar @wide, '>=', 3, 'a table lies in several objects');
my $object = $wide[-1]; # the smallest, which is loaded last
my $name = $object->{name};
my $rows_of_object = sql($node, app =>
	"SELECT min(id) || ' AND ' || max(id) FROM wide WHERE ctid >= '($object->{blocks}[0],0)' AND ctid < '($object->{blocks}[1],0)'");
my ($schema) = map { $_->{name} } grep { $_->{kind} eq 'schema' } @{ $manifest->{objects} };

# --- tools --------------------------------------------------------------------------------------

my $sound_rows = 0;
my $pristine = temp_dir() . '/pristine';
system_ok('cp', '-a', $store, $pristine);

sub system_ok
{
	my @command = @_;
	system(@command) == 0 or die "@command failed";
	return;
}

sub mend
{
	system_ok('rm', '-rf', glob("$store/*"));
	system_ok('cp', '-a', glob("$pristine/*"), $store);
	return;
}

sub flip_bit
{
	my ($file, $offset) = @_;
	my $bytes = read_file($file);
	$offset //= int(length($bytes) / 2);
	substr($bytes, $offset, 1) = chr(ord(substr($bytes, $offset, 1)) ^ 1);
	return replace_file($file, $bytes);
}

# Objects are read-only for their owner, too.
sub replace_file
{
	my ($file, $bytes) = @_;
	unlink $file;
	return write_file($file, $bytes, 0400);
}

sub edit
{
	my ($file, $code) = @_;
	local $_ = read_file($file);
	my $before = $_;
	$code->();
	die "nothing to edit in $file" if $_ eq $before;
	return replace_file($file, $_);
}

# One row: ok, and the problems in lines.
sub verify_sql
{
	my ($level) = @_;
	my $out = sql($node, "SELECT ok, array_to_string(problems, chr(10)) FROM backup_verify('$id', '$level')");
	return split /\|/, $out, 2;
}

# The target has no database, or one that is marked and without a row of the damaged object.
sub nothing_arrived
{
	my ($database, $what) = @_;
	if (sql($node, "SELECT count(*) FROM pg_database WHERE datname = '$database'") eq '0')
	{
		return pass("$what: nothing was created");
	}
	like(sql($node, "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '$database'"),
		qr/not complete, do not use/, "$what: what is left says so");
	my $arrived = sql($node, $database => q{SELECT to_regclass('wide')}) eq '' ? 0
	  : sql($node, $database => "SELECT count(*) FROM wide WHERE id BETWEEN $rows_of_object");
	is($arrived, '0', "$what: no row of the damaged object arrived");
	$sound_rows += sql($node, $database => 'SELECT count(*) FROM wide') if sql($node, $database => q{SELECT to_regclass('wide')}) ne '';
	sql($node, "DROP DATABASE $database WITH (FORCE)");
	return;
}

# Damages the store, looks with everything that reads it, and mends it. `pattern` is what all must say; `sql_pattern` what the
# server says if it is something else. level: the lowest that finds it. exit: of lifeboat (2: damaged).
sub damaged
{
	my ($what, $damage, $pattern, %opts) = @_;
	my $sql_pattern = $opts{sql_pattern} // $pattern;
	my $exit = $opts{exit} // 2;
	$damage->();

	my $level = $opts{level} // 'checksum';
	for my $try ($level eq 'content' ? 'content' : ($level, 'content'))
	{
		my ($ok, $problems) = verify_sql($try);
		is($ok, 'f', "$what: backup_verify at level $try finds it");
		like($problems // '', $sql_pattern, "$what: and says what it is");
	}
	is(sql($node, "SELECT status FROM backup_catalog WHERE backup_id = '$id'"), 'damaged', "$what: the catalog remembers it");

	my ($rc, $out, $err) = cli('verify', $id, @read, '--json');
	is($rc, $exit, "$what: lifeboat verify ends with $exit");
	my $said = $exit == 2 ? join("\n", @{ JSON::PP->new->decode($out)->{problems} }) : $err;
	like($said, $pattern, "$what: and says what it is");

	($rc, $out, $err) = cli('restore', $id, @read, '--target', $target, '--target-database', 'cli_target', '--jobs', 2,
		'--quiet');
	is($rc, $exit, "$what: lifeboat restore ends with $exit") or diag($err);
	like($err, $pattern, "$what: and says what it is");
	nothing_arrived('cli_target', "$what: lifeboat restore");

	if ($opts{restore_sql})
	{
		$err = sql_error($node, "SELECT backup_restore('$id', 'sql_target')");
		like($err, qr/^ERROR:  XX001: /m, "$what: backup_restore fails with XX001");
		like($err, $sql_pattern, "$what: and says what it is");
		nothing_arrived('sql_target', "$what: backup_restore");
	}
	mend();
	return;
}

# --- before: sound ------------------------------------------------------------------------------

is(join('|', verify_sql('content')), 't|', 'the backup is sound');
is(sql($node, "SELECT verified_level || ' ' || (verified_at > now() - interval '1 minute') FROM backup_catalog"), 'content true',
	'the catalog knows since when');

# --- objects ------------------------------------------------------------------------------------

my $sha_differs = qr/object \Q$name\E is damaged\W.*Its SHA-256 is [0-9a-f]{64}, the manifest says $object->{sha256}\./s;
my $size = -s "$store/$name";

damaged('a flipped bit', sub { flip_bit("$store/$name") }, $sha_differs, restore_sql => 1);
is(join('|', verify_sql('content')), 't|', 'the mended backup is sound');
is(sql($node, "SELECT status FROM backup_catalog WHERE backup_id = '$id'"), 'available', 'and available again');

damaged('a cut object', sub { replace_file("$store/$name", substr(read_file("$store/$name"), 0, $size - 100)) },
	qr/object \Q$name\E is damaged\W.*It has @{[ $size - 100 ]} bytes, the manifest says $size\./s, level => 'present');
damaged('trailing bytes', sub { replace_file("$store/$name", read_file("$store/$name") . "more") },
	qr/object \Q$name\E is damaged\W.*(It has @{[ $size + 4 ]} bytes, the manifest says $size|It is larger than the $size bytes the manifest says)\./s,
	level => 'present');
damaged('an empty object', sub { replace_file("$store/$name", '') },
	qr/object \Q$name\E is damaged\W.*It has 0 bytes, the manifest says $size\./s, level => 'present');
damaged('a missing object', sub { unlink "$store/$name" },
	qr/object \Q$name\E is missing\W.*The manifest lists it, the store does not have it\./s, level => 'present', restore_sql => 1);
damaged('swapped objects', sub {
		move("$store/$name", "$store/swap");
		move("$store/$wide[0]{name}", "$store/$name");
		move("$store/swap", "$store/$wide[0]{name}");
	},
	qr/object (\Q$name\E|\Q$wide[0]{name}\E) is damaged\W.*(Its SHA-256 is|It has \d+ bytes|It is larger than)/s);
damaged('a flipped bit in the schema', sub { flip_bit("$store/$schema") },
	qr/object \Q$schema\E is damaged\W.*Its SHA-256 is /s, restore_sql => 1);
damaged('a flipped bit in the toc', sub { flip_bit("$folder/toc") },
	qr{object backups/$id/toc is damaged\W.*Its SHA-256 is }s);

# --- the backup's own files ---------------------------------------------------------------------

my $taken_with = qr{backups/$id/SHA256SUMS is damaged\W.*Its SHA-256 is [0-9a-f]{64}, the backup was taken with [0-9a-f]{64}\.}s;
my $not_signed = qr{backups/$id/SHA256SUMS is damaged\W.*It is not what signer [0-9a-f]{64} has signed\.}s;

damaged('an edited manifest', sub { edit("$folder/manifest.json", sub { s/"type": "full"/"type": "fu11"/ }) },
	qr{backups/$id/manifest\.json is damaged\W.*Its SHA-256 is [0-9a-f]{64}, SHA256SUMS says [0-9a-f]{64}\.}s,
	level => 'present', restore_sql => 1);
damaged('a manifest with trailing bytes', sub { edit("$folder/manifest.json", sub { $_ .= "\n" }) },
	qr{backups/$id/manifest\.json is damaged\W.*Its SHA-256 is }s, level => 'present');
damaged('a missing manifest', sub { unlink "$folder/manifest.json" },
	qr{backups/$id/manifest\.json is missing\W.*SHA256SUMS lists it, the store does not have it\.}s, level => 'present');
damaged('an edited sums file', sub { edit("$folder/SHA256SUMS", sub { s/^$object->{sha256}/$wide[0]{sha256}/m }) },
	$not_signed, sql_pattern => $taken_with, level => 'present', restore_sql => 1);
damaged('a sums file that lists an extra object',
	sub { edit("$folder/SHA256SUMS", sub { $_ .= ('0' x 64) . "  objects/ff/" . ('f' x 32) . "\n" }) },
	$not_signed, sql_pattern => $taken_with, level => 'present');
damaged('a sums file with trailing bytes', sub { edit("$folder/SHA256SUMS", sub { $_ .= ' ' }) },
	$not_signed, sql_pattern => $taken_with, level => 'present');
damaged('another signature', sub { flip_bit("$folder/SHA256SUMS.sig") },
	$not_signed, sql_pattern => qr{backups/$id/SHA256SUMS\.sig is damaged\W.*It is not by signer [0-9a-f]{64}\.}s, level => 'present');
damaged('a missing signature', sub { unlink "$folder/SHA256SUMS.sig" },
	qr/backup "$id" is not complete\W.*It has no SHA256SUMS\.sig: its run did not finish\./s, exit => 3,
	sql_pattern => qr{backups/$id/SHA256SUMS\.sig is missing\W.*The manifest names signer [0-9a-f]{64}\.}s, level => 'present');
damaged('a missing sums file', sub { unlink "$folder/SHA256SUMS" },
	qr/backup "$id" is not complete\W.*It has no SHA256SUMS: its run did not finish\./s, exit => 3, level => 'present');
damaged('a missing folder', sub { system_ok('rm', '-rf', $folder) },
	qr/there is no backup "$id" in the store/, exit => 3, level => 'present');

# A file that does not belong there is reported; what belongs there is restored all the same.
write_file("$folder/extra", 'x');
my ($ok, $problems) = verify_sql('present');
is("$ok $problems", "f file backups/$id/extra does not belong to the backup", 'an extra file in the folder of a backup is reported');
my ($rc, $out, $err) = cli('verify', $id, @read);
is($rc, 2, 'by lifeboat verify, too');
like($out, qr{^problem: file backups/$id/extra does not belong to the backup$}m, 'which names it');
mend();

# The key files of the run key.
system_ok('rm', '-rf', glob("$store/keys/*"));
($ok, $problems) = verify_sql('content');
is($ok, 'f', 'missing key files are found');
like($problems, qr/the store has no key file for key [0-9a-f]+/, 'and named');
mend();
sql($node, "SELECT backup_verify('$id')");

# --- another store's backup ---------------------------------------------------------------------

my $other_store = make_store($node, name => 'other');
my $other = run_backup($node, 'app', store => "'other'");
system_ok('cp', '-a', "$other_store/backups/$other", "$store/backups/");
system_ok("cp -a '$other_store'/keys/* '$store/keys/'");
system_ok("cp -a '$other_store'/objects/. '$store/objects/'");
($rc, $out, $err) = cli('verify', $other, @read, '--json');
is($rc, 2, "another store's backup: lifeboat verify ends with 2");
my $belongs = qr{backups/$other/manifest\.json is damaged\W.*It belongs to store [0-9a-f]{32}, this is store [0-9a-f]{32}\.}s;
like(join("\n", @{ JSON::PP->new->decode($out)->{problems} }), $belongs, 'and says whose it is');
($rc, $out, $err) = cli('restore', $other, @read, '--target', $target, '--target-database', 'cli_target');
is($rc, 2, 'lifeboat restore ends with 2');
like($err, $belongs, 'and says whose it is');
nothing_arrived('cli_target', "another store's backup");
is(sql($node, "SELECT string_agg(action, ' ' ORDER BY backup_id = '$other') FROM backup_import('local')"), 'known foreign',
	'backup_import does not take it');
mend();

# One object of another backup of the same table, under the name of ours.
my $again = run_backup($node, 'app');
system_ok('rm', '-rf', $pristine);
system_ok('cp', '-a', $store, $pristine);
my $newer = JSON::PP->new->decode(read_file("$store/backups/$again/manifest.json"));
my ($its) = grep { ($_->{relation} // 0) == $wide_oid && $_->{blocks}[0] == $object->{blocks}[0] } @{ $newer->{objects} };
damaged("an older backup's object under another name", sub { replace_file("$store/$name", read_file("$store/$its->{name}")) },
	qr/object \Q$name\E is damaged\W.*(Its SHA-256 is|It has \d+ bytes|It is larger than)/s);

# --- what else can go wrong has exit codes of its own -------------------------------------------

my $other_keys = make_keys();
for my $case (
	[ 3, 'an unknown backup', qr/there is no backup "app-20200101T000000Z-full-00000000" in the store/, 'verify',
		'app-20200101T000000Z-full-00000000', @read ],
	[ 4, 'a store that is not there', qr/there is no backup store at|does not exist/, 'verify', $id, '--store', "$url.gone", @trust,
		'--level', 'checksum' ],
	[ 5, 'no key', qr/a key is needed to verify the content of backup "$id"/, 'verify', $id, '--store', $url, @trust ],
	[ 5, 'a wrong key', qr/does not (open|fit)/, 'verify', $id, '--store', $url, '--secret', "$other_keys/server.secret", @trust ],
	[ 5, 'another signer', qr/backup "$id" is not signed by a trusted signer/, 'verify', $id, '--store', $url, '--secret',
		"$keys/server.secret", '--signer-public', "$other_keys/signer.pub" ],
	[ 5, 'no signer for a restore', qr/no trusted signer was given/, 'restore', $id, '--store', $url, '--secret',
		"$keys/server.secret", '--target', $target, '--target-database', 'cli_target' ],
	[ 6, 'a target that is there', qr/target database "app" exists already/, 'restore', $id, @read, '--target', $target,
		'--target-database', 'app' ],
	[ 6, 'a server that is not there', qr/connection|connect/i, 'restore', $id, @read, '--target', 'host=/nonexistent dbname=postgres',
		'--target-database', 'cli_target' ],
	[ 2, 'sums that are not those that were noted', qr{SHA256SUMS is damaged}, 'restore', $id, '--store', $url, '--secret',
		"$keys/server.secret", '--sums', '0' x 64, '--target', $target, '--target-database', 'cli_target' ])
{
	my ($expected, $what, $pattern, @args) = @$case;
	($rc, $out, $err) = cli(@args);
	is($rc, $expected, "$what: exit code $expected");
	like($err . $out, $pattern, "$what: and words");
}
nothing_arrived('cli_target', 'all of these');
cmp_ok($sound_rows, '>', 0, 'rows of sound objects did arrive beside the damaged ones');

# --- an unencrypted, unsigned store: the catalog's memory of the sums is what tells ----------------

sql($node, q{SELECT backup_create_key('unsigned', recipients => ARRAY[pg_read_file($f$} . "$keys/recovery.crt" . q{$f$)])});
my $clear_store = make_store($node, name => 'clear', encryption => 'none');
my $clear = run_backup($node, 'app', store => "'clear'", key => "'unsigned'");
is(sql($node, "SELECT ok FROM backup_verify('$clear')"), 't', 'a clear backup is sound');
my $sums = "$clear_store/backups/$clear/SHA256SUMS";
($rc) = cli('verify', $clear, '--store', "file://$clear_store", '--sums', split / /, `sha256sum $sums | cut -c1-64 | tr -d '\n'`);
is($rc, 0, 'lifeboat takes noted sums instead of a signature');
edit("$clear_store/backups/$clear/manifest.json", sub { s/"role": "[^"]*"/"role": "somebody"/ });
my $resealed = `sha256sum $clear_store/backups/$clear/manifest.json | cut -c1-64 | tr -d '\n'`;
edit($sums, sub { s{^[0-9a-f]{64}(  backups/\S+/manifest\.json)$}{$resealed$1}m });
($rc, $out, $err) = cli('verify', $clear, '--store', "file://$clear_store");
is($rc, 0, 'whoever edits manifest and sums of an unsigned backup fools the eye');
is(sql($node, "SELECT ok || ' ' || problems[1] FROM backup_verify('$clear')") =~ s/[0-9a-f]{64}/HASH/gr,
	"false backups/$clear/SHA256SUMS is damaged: Its SHA-256 is HASH, the backup was taken with HASH.", 'but not this server');
like(sql_error($node, "SELECT backup_restore('$clear', 'sql_target')"), qr/^ERROR:  XX001: .*SHA256SUMS is damaged/m,
	'nor does it restore it');
nothing_arrived('sql_target', 'an edited clear backup');

# --- a damaged backup is deleted, what others need stays ------------------------------------------

like(sql_error($node, "SELECT backup_delete('$again')"), qr/^ERROR:  55000: backup $again is not damaged$/m,
	'a sound backup is not deleted');
flip_bit("$store/$name");
sql($node, "SELECT backup_verify('$id')");
sql($node, "SELECT backup_pin('$id', 'look at it first')");
like(sql_error($node, "SELECT backup_delete('$id')"), qr/^ERROR:  55000: backup $id is pinned\nHINT:  SELECT backup_unpin\('$id'\);$/m,
	'nor is a pinned one');
sql($node, "SELECT backup_unpin('$id')");
sql($node, "SELECT backup_delete('$id')");
is(sql($node, "SELECT status FROM backup_catalog WHERE backup_id = '$id'"), 'deleted', 'a damaged backup is deleted');
ok(!-e $folder, 'its folder is gone');
ok(!-e "$store/$_->{name}", "and object $_->{name}") for @wide;
is(sql($node, "SELECT ok FROM backup_verify('$again')"), 't', 'the other backup is sound');
is(scalar(glob_count("$store/objects/*/*")), scalar(@{ $newer->{objects} }), 'and its objects are all that is left');
sql($node, "SELECT backup_delete('$id')");
like(sql_error($node, "SELECT backup_verify('$id')"), qr/^ERROR:  42704: backup "$id" does not exist$/m,
	'a deleted backup is not there to verify');

sub glob_count { my @found = glob $_[0]; return scalar @found; }

is(sql($node, "SELECT count(*) > 20 FROM backup_events WHERE action = 'backup.verify' AND NOT (detail->>'ok')::boolean"), 't',
	'what was found is in the audit');

$node->stop;
done_testing();
