#!/usr/bin/perl
# bench.pl: runs the cases against the server that test/bench/run started, prints tables, leaves result.json in BENCH_WORK.
use strict;
use warnings;
use utf8;

use JSON::PP ();
use POSIX ();
use Bench::Cases;
use Bench::Facts qw(data load_average machine machine_word versions);
use Bench::Files;
use Bench::Format;
use Bench::Goals qw(goals);
use Bench::Lifeboat qw(set_up);
use Bench::Peers qw(find_peers);
use Bench::Pgbench;
use Bench::Table qw(bytes plain case_table data_table format_table memory_table pgbench_table spans_table);

binmode STDOUT, ':utf8';
$| = 1;

my $size = $ENV{BENCH_SIZE};
my %wanted = map { $_ => 1 } split ' ',
  $ENV{CASES} || ($size eq 'levels' ? 'levels' : 'mixed single docs small empty format memory pgbench');

set_up();
my @peers = find_peers();
# A version between the newest and the server's own adds minutes and no knowledge to a quick run.
@peers = ($peers[0], grep { $_ != $peers[0] && "@{ $_->{command} }" eq "$ENV{BENCH_BIN}/pg_dump" } @peers) if $size eq 'quick';
my $machine = machine();
my $result = {
	format => 1, date => POSIX::strftime('%Y-%m-%dT%H:%MZ', gmtime), size => $size, rounds => 0 + $ENV{ROUNDS},
	machine => $machine, load_before => load_average(), versions => versions(\@peers), data => data(), cases => [] };
my $run = { size => $size, peers => \@peers, data => $result->{data} };

sub save
{
	open my $fh, '>:raw', "$ENV{BENCH_WORK}/result.json" or die "result.json: $!";
	print $fh JSON::PP->new->utf8->canonical->pretty->indent_length(1)->encode($result);
	close $fh or die "result.json: $!";
	open $fh, '>', "$ENV{BENCH_WORK}/machine" or die "machine: $!";
	print $fh machine_word($machine);
	return close $fh;
}

sub show
{
	my ($case) = @_;
	print "\n$case->{title}", ($case->{text} ? ', ' . bytes($case->{text}) . ' of text' : ''), "\n";
	if ($case->{name} eq 'pgbench') { print plain(pgbench_table($case)); }
	elsif ($case->{name} eq 'format') { print plain(format_table($case)); }
	else { print plain(case_table($case)); }
	print "\n  one of those backups, process by process\n", plain(spans_table($case)) if $case->{spans};
	push @{ $result->{cases} }, $case;
	return;
}

print "pg_lifeboat $result->{versions}{pg_lifeboat} ($result->{versions}{commit}) on PostgreSQL $result->{versions}{postgresql}, ",
  "libzstd $result->{versions}{libzstd}; peers: @{[ join ', ', @{ $result->{versions}{peers} } ]}\n",
  "$machine->{cores} cores, $machine->{cpu}, ", bytes($machine->{memory}), ", $machine->{kernel}, $machine->{system}\n";
print "CAUTION: the load average was $result->{load_before} at the start: others work on this machine, and times mean little\n"
  if $result->{load_before} > 0.5 * $machine->{cores};
print "\nData\n", plain(data_table($result->{data}));

my %cases = (
	mixed => \&Bench::Cases::mixed, single => \&Bench::Cases::single, docs => \&Bench::Cases::docs, small => \&Bench::Cases::small,
	empty => \&Bench::Cases::empty, format => \&Bench::Format::formatting, pgbench => \&Bench::Pgbench::pgbench,
	levels => \&Bench::Cases::levels);
for my $name (qw(mixed single docs small empty format pgbench levels))
{
	next unless $wanted{$name};
	show($_) for $cases{$name}->($run);
	save();
}
if ($wanted{memory})
{
	$result->{memory} = [ Bench::Cases::memory($run) ];
	for my $memory (@{ $result->{memory} })
	{
		print "\nMemory, highest of each process: $memory->{title}",
		  ($memory->{largest_row} ? ', the largest of ' . bytes($memory->{largest_row}) : ''), "\n", plain(memory_table($memory));
	}
}

$result->{load_after} = load_average();
$result->{goals} = goals($result);
save();
if (@{ $result->{goals} })
{
	print "\nGoals", ($size eq 'quick' ? " (a quick run is too small to judge by)" : ""), "\n",
	  plain(
		[ '', 'goal ', 'measured', 'wanted ', ' ' ],
		map {
			[ $_->{number}, $_->{what}, sprintf('%.2f %s', $_->{value}, $_->{unit}), "$_->{how} $_->{limit} $_->{unit}", $_->{met} ? 'met' : 'NOT MET' ]
		} @{ $result->{goals} });
}
