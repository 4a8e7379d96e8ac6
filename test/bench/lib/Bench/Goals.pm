# What the project promises of its speed, and what this run showed of it.
package Bench::Goals;

use strict;
use warnings;
use utf8;

use Exporter 'import';
use List::Util qw(max min);

our @EXPORT_OK = qw(goals);

sub ours { my ($case) = @_; return (grep { $_->{ours} } @{ $case->{rows} })[0]; }

# Of those that compress as we do, if there is one.
sub fastest
{
	my ($case) = @_;
	my @peers = sort { $a->{seconds} <=> $b->{seconds} } grep { !$_->{ours} } @{ $case->{rows} };
	my $level = ours($case)->{compression};
	return (grep { $_->{compression} eq $level } @peers)[0] // $peers[0];
}

# The peer that stores least at our level.
sub same_level
{
	my ($case) = @_;
	my $level = ours($case)->{compression};
	return (sort { $a->{stored} <=> $b->{stored} } grep { !$_->{ours} && $_->{compression} eq $level } @{ $case->{rows} })[0];
}

sub at_least { my ($n, $what, $value, $limit, $unit) = @_; return goal($n, $what, $value, 'at least', $limit, $unit, $value >= $limit); }
sub at_most { my ($n, $what, $value, $limit, $unit) = @_; return goal($n, $what, $value, 'at most', $limit, $unit, $value <= $limit); }

sub goal
{
	my ($number, $what, $value, $how, $limit, $unit, $met) = @_;
	return {
		number => $number, what => $what, value => 0 + sprintf('%.2f', $value), how => $how, limit => $limit, unit => $unit,
		met => $met ? JSON::PP::true() : JSON::PP::false() };
}

sub faster
{
	my ($n, $case, $limit) = @_;
	my $peer = fastest($case) or return;
	return at_least($n, "$case->{title}: times faster than $peer->{who} $peer->{what} $peer->{compression}",
		$peer->{seconds} / ours($case)->{seconds}, $limit, '×');
}

sub mixed_goals
{
	my ($case, $limit) = @_;
	my $peer = fastest($case) or return;
	my @goals = (
		faster(1, $case, $limit),
		at_most(1, "$case->{title}: CPU seconds of $peer->{who}'s", 100 * ours($case)->{cpu} / $peer->{cpu}, 55, '%'));
	if (my $same = same_level($case))
	{
		my $more = 100 * (ours($case)->{stored} / $same->{stored} - 1);
		push @goals, at_most(9, "$case->{title}: stored bytes above $same->{who}'s at the same level", $more, 2, '%');
	}
	return @goals;
}

sub format_goals
{
	my ($case) = @_;
	return map { at_least(3, "Formatting alone, $_->{table}: times faster than COPY", $_->{copy} / $_->{ours}, 3.5, '×') }
	  grep { $_->{table} =~ /^(sensor|lineitem|events)$/ } @{ $case->{tables} };
}

# The kernel's own highest total, unless what was sampled is more: shared buffers touched after the peak are taken off too.
sub memory_goal
{
	my ($memory) = @_;
	my $most = max(map { ($_->{private}, $_->{hwm_less_shmem}) } grep { $_->{what} =~ /worker|leader/ } @{ $memory->{processes} }) or return;
	my $row = $memory->{largest_row} ? sprintf(' with a row of %.0f MB', $memory->{largest_row} / 1e6) : '';
	return at_most(7, "Memory of a worker without shared buffers, $memory->{title}$row", $most / 1e6,
		0 + sprintf('%.0f', 150 + $memory->{largest_row} / 1e6), 'MB');
}

sub pgbench_goals
{
	my ($case) = @_;
	my (undef, $theirs, $ours) = @{ $case->{rows} };
	my $loss = sub { 100 * max(0, 1 - $_[0]{tps} / $_[0]{due}) };
	return (
		at_most(8, "pgbench beside a backup: transactions lost (beside $theirs->{who}: " . sprintf('%.1f %%)', $loss->($theirs)),
			$loss->($ours), 0 + sprintf('%.1f', $loss->($theirs)), '%'),
		at_most(8, 'pgbench beside a backup: for how long', $ours->{seconds}, 0 + sprintf('%.2f', $theirs->{seconds}), 's'));
}

sub goals
{
	my ($result) = @_;
	my %case = map { $_->{name} => $_ } @{ $result->{cases} };
	return [
		($case{'mixed-zstd1'} ? mixed_goals($case{'mixed-zstd1'}, 1.8) : ()),
		($case{'mixed-zstd3'} ? mixed_goals($case{'mixed-zstd3'}, 1.6) : ()),
		($case{single} ? faster(2, $case{single}, 2.5) : ()),
		($case{format} ? format_goals($case{format}) : ()),
		($case{small} ? faster(4, $case{small}, 1) : ()),
		($case{empty} ? at_most(5, 'An empty database', ours($case{empty})->{seconds}, 1.5, 's') : ()),
		(map { $case{$_} ? faster(6, $case{$_}, 1.3) : () } qw(docs-1 docs-2)),
		(map { memory_goal($_) } @{ $result->{memory} // [] }),
		($case{pgbench} ? pgbench_goals($case{pgbench}) : ()) ];
}

1;
