# What a backup does to others: pgbench at half of the machine's throughput, alone and beside backups.
package Bench::Pgbench;

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(sum0);
use POSIX ();
use Time::HiRes qw(sleep time);
use Bench::Lifeboat qw(contender);
use Bench::Peers qw(can_compress peer_contender);
use Bench::Rounds qw(median);
use Bench::Server qw(value);

our @EXPORT_OK = qw(pgbench);

sub arguments { return ('pgbench', '-n', '-c', '8', '-j', '2', '-M', 'prepared', @_, 'bench_pgbench'); }

sub highest_rate
{
	my ($seconds) = @_;
	open my $out, '-|', 'sh', '-c', 'exec "$@" 2>/dev/null', 'sh', arguments('-T', $seconds) or die "pgbench: $!";
	my ($rate) = do { local $/; <$out> } =~ /^tps = ([\d.]+)/m;
	close $out or die "pgbench failed\n";
	return $rate;
}

# What transactions met between two moments: how many a second were due and how many ended, and the milliseconds from when
# each was due until it ended.
sub read_log
{
	my ($prefix, $from, $to) = @_;
	my ($ended, @latencies) = 0;
	for my $file (glob "$prefix.*")
	{
		open my $fh, '<', $file or die "$file: $!";
		while (my $line = <$fh>)
		{
			# client, number, microseconds, script, end as seconds and microseconds, lag; the last line may be cut off
			my ($microseconds, $epoch, $fraction) = $line =~ /^\d+ \d+ (\d+) \d+ (\d+) (\d+) \d+$/ or next;
			my $end = $epoch + $fraction / 1e6;
			$ended++ if $end >= $from && $end < $to;
			my $due = $end - $microseconds / 1e6;
			push @latencies, $microseconds / 1000 if $due >= $from && $due < $to;
		}
		close $fh;
		unlink $file;
	}
	@latencies = sort { $a <=> $b } @latencies;
	return {
		seconds => $to - $from, tps => $ended / ($to - $from), due => @latencies / ($to - $from),
		latency => @latencies ? sum0(@latencies) / @latencies : 0, p99 => $latencies[ int(0.99 * @latencies) ] // 0 };
}

# pgbench at a rate, and after three seconds the code; what was met while that ran.
sub beside
{
	my ($rate, $code) = @_;
	my $prefix = "$ENV{BENCH_WORK}/pgbench";
	system 'sync';
	value('postgres', 'CHECKPOINT');
	defined(my $pid = fork) or die "fork: $!";
	if ($pid == 0)
	{
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', '/dev/null';
		exec arguments('-R', $rate, '-T', 3600, '-l', "--log-prefix=$prefix") or POSIX::_exit(127);
	}
	sleep 3;
	my $from = time;
	$code->();
	my $to = time;
	sleep 1; # what was due then ends in this time, unless it was held up badly
	kill 'TERM', $pid; # INT is ignored by what runs in the background
	waitpid $pid, 0;
	return read_log($prefix, $from, $to);
}

sub while_running
{
	my ($rate, $contender) = @_;
	my $command = $contender->{prepare}->();
	my $met = beside($rate, sub { system(@$command) == 0 or die "failed: @$command\n"; });
	$contender->{clean}->();
	return $met;
}

sub rounded { my ($figures) = @_; return { map { $_ => 0 + sprintf '%.2f', $figures->{$_} } keys %$figures }; }

sub medians
{
	my @met = @_;
	return rounded({ map { my $what = $_; $what => median(map { $_->{$what} } @met) } qw(seconds due tps latency p99) });
}

# Rate, and for each of: nothing beside it, pg_dump, pg_lifeboat as it is and held back in two ways, what the transactions met.
# In turns.
sub pgbench
{
	my ($run) = @_;
	my ($peer) = grep { can_compress($_, 'zstd:1') } @{ $run->{peers} };
	my $highest = highest_rate($run->{size} eq 'quick' ? 4 : 20);
	my $rate = int($highest / 2);
	my $theirs = $peer ? peer_contender($peer, 'bench_mixed', 'zstd:1') : peer_contender($run->{peers}[0], 'bench_mixed', 'gzip:1');
	my @ours = (
		contender('bench_mixed', 'zstd:1'),
		contender('bench_mixed', 'zstd:1', nice => 0, what => '2 workers, worker_nice 0,'),
		contender('bench_mixed', 'zstd:1', max_rate => 30_000_000, what => '2 workers, max_rate 30 MB/s,'));
	my %met;
	for (1 .. ($run->{size} eq 'quick' ? 1 : $ENV{ROUNDS}))
	{
		push @{ $met{alone} }, beside($rate, sub { sleep($run->{size} eq 'quick' ? 3 : 20); });
		push @{ $met{theirs} }, while_running($rate, $theirs);
		for my $contender (@ours) { push @{ $met{ $contender->{what} } }, while_running($rate, $contender); }
	}
	return {
		name => 'pgbench', title => 'pgbench at half of its highest rate', highest => 0 + sprintf('%.0f', $highest), rate => $rate,
		rows => [
			{ who => 'nothing', what => '', %{ medians(@{ $met{alone} }) } },
			(map { { who => $_->[0]{who}, what => "$_->[0]{what} $_->[0]{compression}", ours => $_->[0]{ours}, %{ medians(@{ $_->[1] }) } } }
				[ $theirs, $met{theirs} ], map { [ $_, $met{ $_->{what} } ] } @ours) ] };
}

1;
