#!/usr/bin/perl
# s3.pl: what test/bench/s3 measures.
use strict;
use warnings;

use FaultProxy ();
use JSON::PP ();
use List::Util qw(max min);
use S3Service;
use Time::HiRes qw(sleep time);

$| = 1;
my $proxy = FaultProxy->new(S3Service->address);
my %elsewhere = map { $_ => FaultProxy->start('test/s3/elsewhere.py', 'lengths') } qw(away beside);
my $s3 = S3Service->new;

sub sql
{
	my ($text, $database) = @_;
	open my $psql, '-|', 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $database // 'postgres', '-c', $text or die "psql: $!";
	chomp(my $out = do { local $/; <$psql> } // '');
	close $psql or die "failed: $text\n";
	return $out;
}

sub median { my @sorted = sort { $a <=> $b } @_; return $sorted[ $#sorted / 2 ]; }

# Seconds of a backup's run, the bytes it has stored and those it has read. Nobody waits for it, who would be told of its progress.
sub backup
{
	my ($store) = @_;
	my $id = sql("SELECT backup_run(database => 'bench', store => '$store', wait => false)");
	sleep 0.5 until sql("SELECT status NOT IN ('queued', 'running') FROM backup_runs WHERE backup_id = '$id'") eq 't';
	die "the run failed\n" if sql("SELECT status FROM backup_runs WHERE backup_id = '$id'") ne 'succeeded';
	return split /\|/, sql("SELECT extract(epoch FROM finished_at - started_at), stored_bytes, raw_bytes FROM backup_runs WHERE backup_id = '$id'");
}

# Ceph keeps everything in memory.
sub forget
{
	$s3->remove('bench', $_) for grep { !/repo\.json$/ } $s3->list('bench');
	$_->order(order => 'forget') for values %elsewhere;
	return;
}

sub store
{
	my ($name, $location, $endpoint) = @_;
	my $options = $endpoint ? JSON::PP::encode_json({ endpoint => $endpoint }) : '{}';
	return sql("SELECT backup_create_store('$name', '$location', '$options', encryption => 'none')");
}

# --- the data -----------------------------------------------------------------------------------------

sql('CREATE DATABASE bench');
# A row of 100 bytes of heap, of which about half are left when it is compressed.
sql("CREATE TABLE t AS SELECT n, md5(n::text) AS a, md5(n::text) AS b FROM generate_series(1, $ENV{BENCH_MB} * 10000) AS n", 'bench');
sql('VACUUM (FREEZE, ANALYZE) t', 'bench');
sql('CREATE EXTENSION pg_lifeboat');
mkdir "$ENV{BENCH_WORK}/store", 0700 or die $!;
$s3->create_bucket('bench');
store('directory', "file://$ENV{BENCH_WORK}/store");
store('away', 's3://bench/elsewhere', $elsewhere{away}->endpoint);
store('beside', 's3://bench/beside', $elsewhere{beside}->endpoint);
store('ceph_away', 's3://bench/away', $proxy->endpoint);
store('ceph', 's3://bench/near', S3Service->endpoint);

# --- in turns -------------------------------------------------------------------------------------------

my @far = (delay => 0.03, loss => $ENV{LOSS} / 100);
$_->line(@far) for $proxy, $elsewhere{away};
my @stores = split ' ', $ENV{STORES};
my (%seconds, $stored, $raw);
for my $round (0 .. $ENV{ROUNDS})
{
	for my $store (@stores)
	{
		my @measured = backup($store);
		push @{ $seconds{$store} }, $measured[0] if $round > 0;
		($stored, $raw) = @measured[ 1, 2 ];
	}
	forget();
}
my %median = map { $_ => median(@{ $seconds{$_} }) } keys %seconds;
printf "%-52s %6s %10s  %s\n", sprintf('%.0f MB of text, %.0f MB stored', $raw / 2**20, $stored / 2**20), 'median', 'throughput', 'seconds of each';
for my $case (
	[ directory => 'a directory' ],
	[ beside => 'a service that costs next to nothing' ],
	[ away => "  30 ms away, $ENV{LOSS} % lost" ],
	[ ceph => 'Ceph, on the same processors' ],
	[ ceph_away => "  30 ms away, $ENV{LOSS} % lost" ])
{
	my ($store, $name) = @$case;
	next if !$median{$store};
	printf "  %-50s %6.2f %9.0f%%  %s\n", $name, $median{$store}, 100 * $median{directory} / $median{$store}, join ' ', map { sprintf '%.2f', $_ } @{ $seconds{$store} };
}
exit if !$median{ceph_away};
printf "Ceph away: %.0f %% of Ceph's own throughput\n\n", 100 * $median{ceph} / $median{ceph_away};

# --- a tenth of the speed -----------------------------------------------------------------------------------

my $rate = $stored / $median{directory} / 10;
$proxy->line(rate => $rate);
my $began = time;
my $slow = sql(q{SELECT backup_run(database => 'bench', store => 'ceph_away', wait => false)});

# Anonymous memory of each process of the run, in MB.
sub memory
{
	my %memory;
	for my $line (split /\n/, sql(q{SELECT pid, backend_type FROM pg_stat_activity WHERE backend_type LIKE 'lifeboat run%' OR backend_type LIKE 'lifeboat leader%' OR backend_type = 'parallel worker'}))
	{
		my ($process, $type) = split /\|/, $line;
		open my $status, '<', "/proc/$process/status" or next;
		my ($kb) = map { /^RssAnon:\s+(\d+)/ ? $1 : () } <$status>;
		$memory{"$type $process" =~ s/(parallel worker).*? (\d+)$/$1 $2/r} = ($kb // 0) / 1024;
	}
	return \%memory;
}

my (%peak, @said);
while (sql("SELECT status FROM backup_runs WHERE backup_id = '$slow'") eq 'running')
{
	my $memory = memory();
	$peak{$_} = max($peak{$_} // 0, $memory->{$_}) for keys %$memory;
	my ($phase, $percent, $eta) = split /\|/, sql('SELECT phase, percent, extract(epoch FROM eta) FROM backup_progress');
	push @said, [ time - $began, $percent, $eta ] if ($phase // '') eq 'data';
	sleep 0.5;
}
die "the slow run failed\n" if sql("SELECT status FROM backup_runs WHERE backup_id = '$slow'") ne 'succeeded';
my $took = time - $began;
printf "a service of %.1f MB/s, a tenth of the directory's: %.0f s\n", $rate / 2**20, $took;
printf "  memory, most: %s\n", join ', ', map { sprintf '%s %.0f MB', s/ \d+$//r, $peak{$_} } sort keys %peak;
for my $part (0.25, 0.5, 0.75)
{
	my ($then) = grep { $_->[0] >= $part * $took } @said or next;
	printf "  after %.0f s of %.0f (%.0f %%) it said %.0f %% and %s s to go (%.0f were)\n", $then->[0], $took, 100 * $then->[0] / $took, $then->[1],
	  defined $then->[2] && $then->[2] ne '' ? sprintf('%.0f', $then->[2]) : 'no', $took - $then->[0];
}
