# Contenders in turns: A B A B, one round that does not count first.
package Bench::Rounds;

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(max min sum0);
use Time::HiRes qw(sleep time);
use Bench::Files;
use Bench::Server qw(cpu_seconds);

our @EXPORT_OK = qw(one_run take_turns timed median);

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	return undef unless @sorted;
	return @sorted % 2 ? $sorted[ $#sorted / 2 ] : ($sorted[ @sorted / 2 - 1 ] + $sorted[ @sorted / 2 ]) / 2;
}

# Seconds, and processor seconds of the server and of the command with its children. What earlier runs left to be written is
# written first.
sub timed
{
	my (@command) = @_;
	system 'sync';
	my ($server, @client) = (cpu_seconds(), times);
	my $start = time;
	system(@command) == 0 or die "failed: @command\n";
	my $seconds = time - $start;
	my @after = times;
	sleep 0.1; # for processes of the server that end after their client
	return {
		started => $start, seconds => $seconds, server_cpu => cpu_seconds() - $server,
		client_cpu => $after[2] + $after[3] - $client[2] - $client[3] };
}

sub one_run
{
	my ($contender, $after) = @_;
	my $run = timed(@{ $contender->{prepare}->() });
	$run->{stored} = $contender->{stored}->() if $contender->{stored};
	$after->($contender) if $after;
	$contender->{clean}->() if $contender->{clean};
	return $run;
}

sub summary
{
	my ($contender, @runs) = @_;
	my %row = map { $_ => $contender->{$_} } grep { defined $contender->{$_} } qw(who what compression ours jobs);
	$row{all_seconds} = [ map { 0 + sprintf '%.3f', $_->{seconds} } @runs ];
	$row{seconds} = 0 + sprintf '%.3f', median(map { $_->{seconds} } @runs);
	for my $cpu (qw(server_cpu client_cpu))
	{
		$row{$cpu} = 0 + sprintf '%.2f', median(map { $_->{$cpu} } @runs);
	}
	$row{cpu} = 0 + sprintf '%.2f', median(map { $_->{server_cpu} + $_->{client_cpu} } @runs);
	$row{stored} = median(map { $_->{stored} } @runs) if $contender->{stored};
	return \%row;
}

# Options: rounds; many_files; check => code for the contender whose output is there, in the round that does not count.
sub take_turns
{
	my ($contenders, %opts) = @_;
	my @runs = map { [] } @$contenders;
	local $Bench::Files::keep = $opts{many_files};
	for my $round (0 .. $opts{rounds} // $ENV{ROUNDS})
	{
		for my $i (0 .. $#$contenders)
		{
			my $run = one_run($contenders->[$i], $round == 0 ? $opts{check} : undef);
			push @{ $runs[$i] }, $run if $round > 0;
		}
	}
	Bench::Files::remove_kept();
	return [ map { summary($contenders->[$_], @{ $runs[$_] }) } 0 .. $#$contenders ];
}

1;
