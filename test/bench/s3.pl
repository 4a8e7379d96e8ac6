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
	sleep 0.2 until sql("SELECT status NOT IN ('queued', 'running') FROM backup_runs WHERE backup_id = '$id'") eq 't';
	die "the run failed\n" if sql("SELECT status FROM backup_runs WHERE backup_id = '$id'") ne 'succeeded';
	return split /\|/, sql("SELECT extract(epoch FROM finished_at - started_at), stored_bytes, raw_bytes FROM backup_runs WHERE backup_id = '$id'");
}

# The service keeps everything in memory.
sub forget
{
	$s3->remove('bench', $_) for grep { !/repo\.json$/ } $s3->list('bench');
	return;
}

# --- the data -----------------------------------------------------------------------------------------

sql('CREATE DATABASE bench');
# A row of 100 bytes of heap, of which about half are left when it is compressed.
sql("CREATE TABLE t AS SELECT n, md5(n::text) AS a, md5(n::text) AS b FROM generate_series(1, $ENV{BENCH_MB} * 10000) AS n", 'bench');
sql('VACUUM (FREEZE, ANALYZE) t', 'bench');
sql('CREATE EXTENSION pg_lifeboat');
mkdir "$ENV{BENCH_WORK}/store", 0700 or die $!;
$s3->create_bucket('bench');
sql("SELECT backup_create_store('local', 'file://$ENV{BENCH_WORK}/store', encryption => 'none')");
sql("SELECT backup_create_store('s3', 's3://bench', '" . JSON::PP::encode_json({ endpoint => $proxy->endpoint }) . "', encryption => 'none')");
sql("SELECT backup_create_store('near', 's3://bench/near', '" . JSON::PP::encode_json({ endpoint => S3Service->endpoint }) . "', encryption => 'none')");

# --- in turns -------------------------------------------------------------------------------------------

$proxy->line(delay => 0.03, loss => $ENV{LOSS} / 100);
my (%seconds, $stored, $raw);
for my $round (0 .. $ENV{ROUNDS})
{
	for my $store (qw(local s3 near))
	{
		my @measured = backup($store);
		push @{ $seconds{$store} }, $measured[0] if $round > 0;
		($stored, $raw) = @measured[ 1, 2 ];
	}
	forget();
}
printf "%-34s %6s  %s\n", sprintf('%.0f MB of text, %.0f MB stored', $raw / 2**20, $stored / 2**20), 'median', 'seconds of each';
for my $case ([ local => 'a directory' ], [ near => 'the service itself' ], [ s3 => "it, 30 ms away, $ENV{LOSS} % lost" ])
{
	my ($store, $name) = @$case;
	printf "  %-32s %6.2f  %s\n", $name, median(@{ $seconds{$store} }), join ' ', map { sprintf '%.2f', $_ } @{ $seconds{$store} };
}
printf "throughput to it: %.0f %% of the directory's\n", 100 * median(@{ $seconds{local} }) / median(@{ $seconds{s3} });
printf "throughput to the service itself: %.0f %%\n\n", 100 * median(@{ $seconds{local} }) / median(@{ $seconds{near} });

# --- a tenth of the speed -----------------------------------------------------------------------------------

my $rate = $stored / median(@{ $seconds{local} }) / 10;
$proxy->line(rate => $rate);
my $began = time;
my $slow = sql(q{SELECT backup_run(database => 'bench', store => 's3', wait => false)});

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
