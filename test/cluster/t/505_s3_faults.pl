# Each request of a run in turn meets each kind of fault, by a proxy before a real service: the run succeeds, or fails and says why;
# nothing half is ever listed, and the next run leaves nothing behind that no backup needs.
use strict;
use warnings;

use LifeboatTest;
use FaultProxy qw(fault faults);
use S3Service;
use JSON::PP ();

plan skip_all => 'no S3 service: test/run starts one where radosgw is installed' unless S3Service::here();

# A lane for each fault: a database, a proxy and a store of its own, so that all of them are at work at once.
my @lanes = map { { fault => $_, name => tr/a-z0-9/_/cr } } faults();
my $node = new_cluster('main', conf => {
	'lifeboat.workers' => 1, 'lifeboat.max_concurrent_runs' => scalar @lanes, max_worker_processes => 80, max_connections => 150, fsync => 'off' });
my $s3 = S3Service->new;
my $bucket = 'faults-' . $$ . '-' . time;
$s3->create_bucket($bucket);

# --- lanes --------------------------------------------------------------------------------------------

sub options_of { my ($proxy) = @_; return JSON::PP::encode_json({ endpoint => $proxy->endpoint, timeout => 1 }); }
sub run_of { my ($lane) = @_; return "SELECT backup_run(database => 'db_$lane->{name}', store => '$lane->{name}')"; }

for my $lane (@lanes)
{
	$lane->{proxy} = FaultProxy->new($s3->address);
	my $db = "db_$lane->{name}";
	sql($node, "CREATE DATABASE $db");
	sql($node, $db => 'CREATE TABLE t AS SELECT n FROM generate_series(1, 10) AS n');
	sql($node, "SELECT backup_create_store('$lane->{name}', 's3://$bucket/$lane->{name}', '" . options_of($lane->{proxy}) . "', encryption => 'none')");
}

# What a run asks for, in how many requests: of the second one, which finds what the first has left. One more for what a retry may add.
$lanes[0]{proxy}->rules();
sql($node, run_of($lanes[0]));
$lanes[0]{proxy}->rules();
sql($node, run_of($lanes[0]));
my @asked = $lanes[0]{proxy}->log;
note(join "\n", map { "$_->{n} $_->{method} $_->{path} $_->{status}" } @asked);
cmp_ok(scalar @asked, '>', 10, scalar(@asked) . ' requests make a small backup');

# Runs of all lanes at once; what psql said of each.
sub run_all
{
	my (@rules) = @_;
	for my $lane (@lanes)
	{
		$lane->{proxy}->rules(map { fault($lane->{fault}, %$_) } @rules);
		$lane->{run} = background($node, "\\set VERBOSITY verbose\n" . run_of($lane));
	}
	return;
}

sub id_or_error
{
	my ($lane) = @_;
	my ($rc, $out, $err) = finish_background($lane->{run});
	chomp $out;
	return ($rc == 0 ? $out : undef, $err);
}

# --- one request of a run in turn --------------------------------------------------------------------------

my %reasons = (
	403 => qr/^ERROR:  could not (write|read|look up|list|remove) .* in store "s3:.*"\nDETAIL:  The service answered 403 AccessDenied: Access Denied\. Its request id is TESTREQUEST\.\nHINT:  The key needs the right s3:/m);
my (%succeeded, %refused, %met);
for my $n (1 .. @asked)
{
	run_all({ n => $n });
	for my $lane (@lanes)
	{
		my ($id, $err) = id_or_error($lane);
		my ($entry) = grep { defined $_->{rule} } $lane->{proxy}->log;
		$met{ $lane->{fault} }++ if $entry;
		my $what = $entry ? "$entry->{method} $entry->{path}" =~ s{/\Q$bucket\E/\w+/}{}r : 'nothing';
		my $reason = $reasons{ $lane->{fault} };
		if (defined $id)
		{
			$succeeded{ $lane->{fault} }++;
			push @{ $lane->{ids} }, $id;
		}
		elsif ($reason && $err =~ $reason) { $refused{ $lane->{fault} }++; }
		else { fail("$lane->{fault} for request $n, $what: the run goes on, or says why it does not"); diag($err); }
	}
}
for my $lane (@lanes)
{
	my $fault = $lane->{fault};
	cmp_ok($met{$fault} // 0, '>=', @asked - 2, "$fault: met nearly each request of a run");
	is($refused{$fault} // 0, 0, "$fault: a single one stops no run") unless $reasons{$fault};
	cmp_ok($refused{$fault} // 0, '>', 5, "$fault: stops runs, which say why") if $reasons{$fault};
}

# --- what is there --------------------------------------------------------------------------------------------

# Everything in the bucket of a lane, and what its whole backups need.
sub look_at
{
	my ($lane) = @_;
	my %there = map { s{^\Q$lane->{name}\E/}{}r => 1 } $s3->list($bucket, "$lane->{name}/");
	my %needed = ('repo.json' => 1);
	my @whole;
	for my $sums (grep { m{^backups/[^/]+/SHA256SUMS$} } keys %there)
	{
		my ($folder, $id) = $sums =~ m{^(backups/([^/]+))/};
		push @whole, $id;
		$needed{"$folder/$_"} = 1 for qw(started manifest.json SHA256SUMS toc.zst);
		my $text = $s3->get($bucket, "$lane->{name}/$sums");
		$needed{$1} = 1 while $text =~ /^[0-9a-f]{64}  (.+)$/mg;
	}
	return (\@whole, [ grep { !$there{$_} } sort keys %needed ], [ grep { !$needed{$_} } sort keys %there ]);
}

sub listed
{
	my ($lane) = @_;
	my $out = cli_ok('list', '--store', "s3://$bucket/$lane->{name}", '--option', 'endpoint=' . $s3->endpoint, '--json');
	return sort map { $_->{backup_id} } map { ref $_ eq 'ARRAY' ? @$_ : $_ } JSON::PP->new->incr_parse($out);
}

sub all_is_well
{
	my ($lane, $when) = @_;
	my ($whole, $missing) = look_at($lane);
	is("@$missing", '', "$lane->{fault}, $when: no object that a backup needs is missing");
	is(join("\n", listed($lane)), join("\n", sort @$whole), "$lane->{fault}, $when: the whole backups are listed");
	my %known = map { $_ => 1 } @$whole;
	is(join("\n", grep { !$known{$_} } @{ $lane->{ids} // [] }), '', "$lane->{fault}, $when: each run that succeeded is among them");
	return;
}

for my $lane (@lanes) { $lane->{proxy}->rules(); all_is_well($lane, 'after each request'); }

# --- a fault that stays ------------------------------------------------------------------------------------------

my %stays = (
	drop => qr/^DETAIL:  No answer from http:\S+: Empty reply from server\.$/m,
	reset => qr/^DETAIL:  No answer from http:\S+: .+\.$/m,
	500 => qr/^DETAIL:  The service answered 500 InternalError: We encountered an internal error\. Please try again\. Its request id is TESTREQUEST\.$/m,
	503 => qr/^DETAIL:  The service answered 503 SlowDown: Please reduce your request rate\. Its request id is TESTREQUEST\.$/m,
	403 => qr/^DETAIL:  The service answered 403 AccessDenied: Access Denied\. Its request id is TESTREQUEST\.$/m,
	'200 with an error' => qr/^DETAIL:  The service answered 200 InternalError: We encountered an internal error\. Please try again\. Its request id is TESTREQUEST\.$/m,
	delay => qr/^DETAIL:  No answer from http:\S+: .*(timed out|too slow).*\.$/m,
	cut => qr/^DETAIL:  No answer from http:\S+: .+\.$/m,
	lost => qr/^DETAIL:  No answer from http:\S+: Empty reply from server\.$/m);
for my $case ([ 'an object', '/objects/' ], [ 'the commit mark', '/SHA256SUMS$' ])
{
	my ($what, $path) = @$case;
	my $name = $what eq 'an object' ? 'objects/\S+' : 'backups/\S+/SHA256SUMS';
	run_all({ method => 'PUT', path => $path, times => 0 });
	for my $lane (@lanes)
	{
		my ($id, $err) = id_or_error($lane);
		if (my $expected = $stays{ $lane->{fault} })
		{
			ok(!defined $id, "$lane->{fault} whenever $what is written: the run fails");
			like($err, qr{^ERROR:  could not write "$name" in store "s3://\Q$bucket/$lane->{name}\E"$}m, "$lane->{fault}: with what it could not do");
			like($err, $expected, "$lane->{fault}: and why");
		}
		else
		{
			ok(defined $id, "$lane->{fault} whenever $what is written: the run does not mind") or diag($err);
			push @{ $lane->{ids} }, $id;
		}
		$lane->{proxy}->rules();
		all_is_well($lane, "after a fault that stays for $what");
	}
}
is(sql($node, q{SELECT count(*) FROM backup_runs WHERE status NOT IN ('succeeded', 'failed')}), '0', 'every run has ended');

# --- the next run ---------------------------------------------------------------------------------------------------

run_all();
for my $lane (@lanes)
{
	my ($id, $err) = id_or_error($lane);
	ok(defined $id, "$lane->{fault}: without it the next run succeeds") or diag($err);
	push @{ $lane->{ids} }, $id;
	all_is_well($lane, 'in the end');
	my (undef, undef, $unneeded) = look_at($lane);
	is("@$unneeded", '', "$lane->{fault}: nothing that no backup needs is left");
	for my $listed (listed($lane))
	{
		my ($rc, undef, $said) = cli('verify', $listed, '--store', "s3://$bucket/$lane->{name}", '--option', 'endpoint=' . $s3->endpoint, '--quiet');
		is($rc, 0, "$lane->{fault}: $listed verifies") or diag($said);
	}
}

# --- a restore meets faults, too ---------------------------------------------------------------------------------------

for my $lane (@lanes)
{
	my $id = $lane->{ids}[-1];
	my @restore = ('restore', $id, '--store', "s3://$bucket/$lane->{name}", '--option', 'endpoint=' . $lane->{proxy}->endpoint, '--option', 'timeout=1',
		'--allow-untrusted', '--target', $node->connstr('postgres'), '--target-database', 'back', '--quiet');
	$lane->{proxy}->rules(map { fault($lane->{fault}, n => $_) } 3, 6, 9, 12);
	my ($rc, undef, $err) = cli(@restore);
	if ($reasons{ $lane->{fault} })
	{
		is($rc, 4, "$lane->{fault}: a restore says why it stops");
		like($err, qr/The service answered 403 AccessDenied/, "$lane->{fault}: in the service's words");
		$lane->{proxy}->rules();
		cli_ok(@restore);
	}
	else { is($rc, 0, "$lane->{fault}: a restore goes on") or diag($err); }
	is(sql($node, back => 'SELECT sum(n) FROM t'), '55', "$lane->{fault}: and brings the rows");
	sql($node, 'DROP DATABASE back');
}

$node->stop;
done_testing();
