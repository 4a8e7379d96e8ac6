# Each request of a run in turn meets each kind of fault, by a proxy before a real service: the run succeeds, or fails and says why;
# nothing half is ever listed, and the next run leaves nothing behind that no backup needs.
use strict;
use warnings;

use LifeboatTest;
use FaultProxy qw(fault faults);
use S3Service;
use Digest::SHA qw(sha256_hex);
use JSON::PP ();

plan skip_all => 'no S3 service: test/run starts one where radosgw is installed' unless S3Service::here();

# A lane for each fault: a database, a proxy and a store of its own, so that all of them are at work at once.
my @lanes = map { { fault => $_, name => tr/a-z0-9/_/cr } } faults();
my $node = new_cluster('main', conf => {
	'lifeboat.workers' => 1, 'lifeboat.max_concurrent_runs' => scalar @lanes, max_worker_processes => 80, max_connections => 150, fsync => 'off' });
my $s3 = S3Service->new;
my $keys = make_keys($node);
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
	sql($node, "SELECT backup_create_store('$lane->{name}', 's3://$bucket/$lane->{name}', '" . options_of($lane->{proxy}) . "')");
	push @{ $lane->{ids} }, sql($node, run_of($lane));
}

# What a run asks for, apart from ids: each kind of request, and which one of that kind.
sub kind_of
{
	my ($entry) = @_;
	my $path = $entry->{path} =~ m{\?list-type=.*prefix=(?:.*%2F)?(\w+)%2F$} ? "prefix=.*$1%2F\$"
	  : $entry->{path} =~ m{/backups/[^/]+/(.+)$} ? "/backups/[^/]+/\Q$1\E\$"
	  : $entry->{path} =~ m{/keys/.*\.(\w+)$} ? "/keys/.*\.$1\$"
	  : $entry->{path} =~ m{/(objects/|repo\.json)} ? "/$1"
	  : die "what is $entry->{path}?";
	return { method => $entry->{method}, path => $path };
}

# With patience: a request that is sent again would count.
sub patience { my ($seconds) = @_; return sql($node, qq{SELECT backup_alter_store('$lanes[0]{name}', options => '{"timeout": $seconds}')}); }
patience(60);
$lanes[0]{proxy}->rules();
push @{ $lanes[0]{ids} }, sql($node, run_of($lanes[0]));
my (@steps, %seen);
for my $entry ($lanes[0]{proxy}->log)
{
	note("$entry->{n} $entry->{method} $entry->{path} $entry->{status}");
	my $kind = kind_of($entry);
	push @steps, { %$kind, skip => $seen{"$kind->{method} $kind->{path}"}++ // 0 };
}
cmp_ok(scalar @steps, '>', 20, scalar(@steps) . ' requests make a small backup');
for (1 .. 3)
{
	$lanes[0]{proxy}->rules();
	push @{ $lanes[0]{ids} }, sql($node, run_of($lanes[0]));
	my @log = $lanes[0]{proxy}->log;
	is(scalar @log, scalar @steps, 'whatever number of backups there are already') or note(map { "$_->{method} $_->{path}\n" } @log);
}
patience(1);

# Runs of all lanes at once, with the rules that a function gives for each.
sub run_all
{
	my ($rules) = @_;
	for my $lane (@lanes)
	{
		$lane->{proxy}->rules(map { fault($lane->{fault}, %$_) } $rules ? $rules->($lane) : ());
		$lane->{run} = background($node, run_of($lane));
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
	403 => qr/^ERROR:  could not (write|read|look up|list|remove) .* in store "s3:.*"\nDETAIL:  The service answered 403( AccessDenied: Access Denied\. Its request id is TESTREQUEST)?\.\nHINT:  The key needs the right s3:/m);
# A HEAD has no body to say an error in. An upload of which libcurl has seen the first bytes is waited for six seconds longer
# than is asked for: two of them must do.
sub makes_sense
{
	my ($lane, $step) = @_;
	return 0 if $lane->{fault} eq '200 with an error' && $step->{method} eq 'HEAD';
	return 0 if $lane->{fault} eq 'delay' && $step->{method} eq 'PUT' && ($step->{skip} != 0 || $step->{path} !~ m{objects/|\.sig});
	return 1;
}

my (%refused, %met, %expected);
for my $step (@steps)
{
	run_all(sub { makes_sense($_[0], $step) ? $step : () });
	$expected{ $_->{fault} } += makes_sense($_, $step) for @lanes;
	for my $lane (@lanes)
	{
		my ($id, $err) = id_or_error($lane);
		my $met = grep { defined $_->{rule} } $lane->{proxy}->log;
		$met{ $lane->{fault} } += $met;
		my $reason = $reasons{ $lane->{fault} };
		if (defined $id) { push @{ $lane->{ids} }, $id; }
		elsif ($reason && $err =~ $reason) { push @{ $refused{ $lane->{fault} } }, "$step->{method} $step->{path}"; }
		else
		{
			fail("$lane->{fault}, $step->{method} $step->{path} after $step->{skip}: the run goes on, or says why it does not");
			diag($err);
		}
	}
}
for my $lane (@lanes)
{
	my $fault = $lane->{fault};
	is($met{$fault}, $expected{$fault}, "$fault: met each request of a run, $expected{$fault} in all");
	is($refused{$fault} // 0, 0, "$fault: a single one stops no run") unless $reasons{$fault};
}
# What cannot be cleaned can still take a backup, and who may not look up what is not there may still write it.
my $stops = join "\n", sort @{ $refused{403} // [] };
note("refused:\n$stops");
like($stops, qr{^PUT /keys/.*^PUT /objects/}ms, '403: stops a run that may not write, and says why');
unlike($stops, qr{prefix=}, '403: stops no run that may not list');

# --- what is there --------------------------------------------------------------------------------------------

# The whole backups in the bucket of a lane; what they lack or have in another form than they say; and what nobody needs.
my %sound;
sub look_at
{
	my ($lane) = @_;
	my %there = map { s{^\Q$lane->{name}\E/}{}r => 1 } $s3->list($bucket, "$lane->{name}/");
	my $text = sub { return $s3->get($bucket, "$lane->{name}/$_[0]") };
	my %needed = ('repo.json' => 1);
	my @whole;
	for my $mark (grep { m{^backups/[^/]+/SHA256SUMS\.sig$} } keys %there)
	{
		my ($folder, $id) = $mark =~ m{^(backups/([^/]+))/};
		push @whole, $id;
		$needed{"$folder/$_"} = 1 for qw(started manifest.json SHA256SUMS SHA256SUMS.sig toc);
		my $sums = $text->("$folder/SHA256SUMS");
		while ($sums =~ /^([0-9a-f]{64})  (.+)$/mg)
		{
			my ($digest, $name) = ($1, $2);
			$needed{$name} = 1;
			$sound{$name} //= $there{$name} && sha256_hex($text->($name)) eq $digest;
			delete $there{$name} unless $sound{$name};
		}
		for my $key (@{ JSON::PP::decode_json($text->("$folder/manifest.json"))->{key_ids} })
		{
			$needed{"keys/$key.1.$_"} = 1 for qw(cms srv);
		}
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
	is("@$missing", '', "$lane->{fault}, $when: no object that a backup needs is missing or damaged");
	is(join("\n", listed($lane)), join("\n", sort @$whole), "$lane->{fault}, $when: the whole backups are listed");
	my %known = map { $_ => 1 } @$whole;
	is(join("\n", grep { !$known{$_} } @{ $lane->{ids} }), '', "$lane->{fault}, $when: each run that succeeded is among them");
	return;
}

for my $lane (@lanes) { $lane->{proxy}->rules(); all_is_well($lane, 'after each request'); }

# --- a fault that stays ------------------------------------------------------------------------------------------

# (Of an answer that is cut the status has come through.)
my %stays = (
	drop => qr/^DETAIL:  No answer from http:\S+: Empty reply from server\.$/m,
	reset => qr/^DETAIL:  No answer from http:\S+: .+\.$/m,
	500 => qr/^DETAIL:  The service answered 500 InternalError: We encountered an internal error\. Please try again\. Its request id is TESTREQUEST\.$/m,
	503 => qr/^DETAIL:  The service answered 503 SlowDown: Please reduce your request rate\. Its request id is TESTREQUEST\.$/m,
	403 => qr/^DETAIL:  The service answered 403 AccessDenied: Access Denied\. Its request id is TESTREQUEST\.$/m,
	'200 with an error' => qr/^DETAIL:  The service answered 200 InternalError: We encountered an internal error\. Please try again\. Its request id is TESTREQUEST\.$/m,
	delay => qr/^DETAIL:  No answer from http:\S+: nothing was sent or received for 1 s\.$/m,
	lost => qr/^DETAIL:  No answer from http:\S+: Empty reply from server\.$/m);
for my $case ([ 'an object', '/objects/' ], [ 'the commit mark', '/SHA256SUMS\.sig$' ])
{
	my ($what, $path) = @$case;
	my $name = $what eq 'an object' ? 'objects/\S+' : 'backups/\S+/SHA256SUMS\.sig';
	run_all(sub { return { method => 'PUT', path => $path, times => 0 } });
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
	my @listed = listed($lane);
	my $ids = join ',', map { "'$_'" } @listed[ 0, $#listed / 2, -1 ];
	is(sql($node, "SELECT string_agg(concat_ws(' ', id, v.problems), '; ') FROM unnest(ARRAY[$ids]) AS id, LATERAL backup_verify(id) AS v WHERE NOT v.ok"),
		'', "$lane->{fault}: what is listed verifies");
}

# --- a restore meets faults, too ---------------------------------------------------------------------------------------

for my $lane (@lanes)
{
	my $id = $lane->{ids}[-1];
	my @restore = ('restore', $id, '--store', "s3://$bucket/$lane->{name}", '--option', 'endpoint=' . $lane->{proxy}->endpoint, '--option', 'timeout=1',
		'--secret', "$keys/server.secret", '--signer-public', "$keys/signer.pub", '--target', $node->connstr('postgres'), '--target-database', 'back', '--quiet');
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
