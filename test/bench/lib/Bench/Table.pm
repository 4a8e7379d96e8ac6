# Results as tables of text: on the terminal, and in Markdown.
package Bench::Table;

use strict;
use warnings;
use utf8;

use Exporter 'import';
use List::Util qw(max min);

our @EXPORT_OK = qw(plain markdown case_table memory_table spans_table pgbench_table format_table data_table bytes);

sub bytes
{
	my ($n) = @_;
	return '' unless defined $n;
	return sprintf '%.2f GB', $n / 1e9 if $n >= 1e9;
	return sprintf '%.1f MB', $n / 1e6 if $n >= 1e5;
	return sprintf '%.1f kB', $n / 1e3;
}

# A table is a list of rows; the first is the heading. Columns whose heading ends in a blank go to the left.
sub plain
{
	my @rows = @_;
	my @width = map { my $c = $_; max(map { length($_->[$c] // '') } @rows) } 0 .. $#{ $rows[0] };
	return join '', map {
		my $row = $_;
		'  ' . join('  ', map { sprintf($rows[0][$_] =~ / $/ ? '%-*s' : '%*s', $width[$_], $row->[$_] // '') } 0 .. $#width) =~ s/\s+$//r . "\n"
	} @rows;
}

sub markdown
{
	my ($head, @rows) = @_;
	my $line = sub { '| ' . join(' | ', map { ($_ // '') =~ s/\s+$//r =~ s/\|/\\|/gr } @_) . " |\n" };
	return $line->(@$head) . '|' . join('|', map { / $/ ? '---' : '--:' } @$head) . "|\n" . join '', map { $line->(@$_) } @rows;
}

sub spread
{
	my ($row) = @_;
	my @all = @{ $row->{all_seconds} };
	return @all > 1 ? sprintf '%.2f–%.2f', min(@all), max(@all) : '';
}

# Ratios are to our row of the same case.
sub case_table
{
	my ($case) = @_;
	my ($ours) = grep { $_->{ours} } @{ $case->{rows} };
	my $several = 1 < grep { $_->{ours} } @{ $case->{rows} };
	my @rows = map {
		my $row = $_;
		[
			"$row->{who}, $row->{what}", $row->{compression},
			sprintf('%.2f', $row->{seconds}), spread($row),
			($several ? () : sprintf('%.2f×', $row->{seconds} / $ours->{seconds})),
			($case->{text} ? sprintf('%.0f', $case->{text} / 1e6 / $row->{seconds}) : ()),
			sprintf('%.2f', $row->{cpu}), sprintf('%.2f', $row->{server_cpu}), sprintf('%.2f', $row->{client_cpu}),
			bytes($row->{stored}) ]
	} @{ $case->{rows} };
	return (
		[
			'program ', 'compression ', 'seconds', 'spread', ($several ? () : 'to ours'), ($case->{text} ? 'MB/s of text' : ()),
			'CPU s', 'of it server', 'client', 'stored' ],
		@rows);
}

sub memory_table
{
	my ($memory) = @_;
	return (
		[ 'process ', 'own memory (RssAnon)', 'with program files', 'VmHWM − RssShmem', 'VmHWM' ],
		map { my $p = $_; [ $p->{what}, map { bytes($p->{$_}) } qw(RssAnon private hwm_less_shmem VmHWM) ] }
		  sort { $b->{RssAnon} <=> $a->{RssAnon} } @{ $memory->{processes} });
}

sub spans_table
{
	my ($case) = @_;
	return (
		[ 'process ', 'from s', 'to s', 'took s' ],
		map { [ $_->{what}, map { sprintf '%.2f', $_ } $_->{from}, $_->{to}, $_->{to} - $_->{from} ] } @{ $case->{spans} });
}

sub pgbench_table
{
	my ($case) = @_;
	return (
		[ 'beside it ', 'backup took s', 'due a second', 'done a second', 'latency ms', '99 % ms' ],
		map {
			my $r = $_;
			[
				"$r->{who} $r->{what}", $r->{who} eq 'nothing' ? '' : sprintf('%.1f', $r->{seconds}),
				map { sprintf '%.1f', $r->{$_} } qw(due tps latency p99) ]
		} @{ $case->{rows} });
}

sub format_table
{
	my ($case) = @_;
	return (
		[ 'table ', 'COPY s', 'CPU s', 'ours s', 'CPU s', 'times faster', 'ours MB/s' ],
		map {
			[
				$_->{table}, (map { sprintf '%.2f', $_ } @{$_}{qw(copy copy_cpu ours ours_cpu)}), sprintf('%.1f', $_->{copy} / $_->{ours}),
				sprintf('%.0f', $_->{text} / 1e6 / $_->{ours}) ]
		} @{ $case->{tables} });
}

sub data_table
{
	my ($data) = @_;
	return (
		[ 'table ', 'rows', 'on disk', 'as text' ],
		(map { [ $_->{table}, $_->{rows}, bytes($_->{bytes}), bytes($_->{text}) ] } @{ $data->{mixed} }),
		[ 'single: lineitem', $data->{single}{rows}, bytes($data->{single}{bytes}), bytes($data->{single}{text}) ]);
}

1;
