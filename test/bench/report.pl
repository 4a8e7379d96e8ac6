#!/usr/bin/perl
# report.pl [RESULT.json ...]: writes docs/benchmarks.md and docs/benchmarks.svg. Without a name: from the newest full run, the
# newest runs of some of its cases (rest, memory), and the newest run of the levels, in bench/results.
use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::RealBin/lib";
use JSON::PP ();
use Bench::Goals;
use Bench::Svg qw(picture);
use Bench::Table qw(bytes markdown case_table data_table format_table memory_table pgbench_table spans_table);

my $repo = "$FindBin::RealBin/../..";
my @files = @ARGV ? @ARGV : map { my @all = sort glob "$repo/bench/results/*-$_.json"; $all[-1] // () } qw(full rest memory levels);
die "no results in bench/results: run make bench\n" unless @files;

sub load
{
	my ($path) = @_;
	open my $fh, '<:raw', $path or die "$path: $!\n";
	local $/;
	return JSON::PP->new->utf8->decode(<$fh>);
}

sub save
{
	my ($path, $text) = @_;
	open my $fh, '>:utf8', "$repo/$path" or die "$path: $!\n";
	print $fh $text;
	close $fh or die "$path: $!\n";
	print "$path\n";
	return;
}

# --- the picture ---------------------------------------------------------------------------------

sub bars_of
{
	my ($result) = @_;
	return map {
		my $case = $_;
		my $peer = Bench::Goals::fastest($case);
		my $ours = Bench::Goals::ours($case);
		my $title = $case->{title} . ($case->{text} ? ', ' . bytes($case->{text}) . ' of text' : '');
		$peer && $ours ? [ $title, $ours->{who}, $ours->{seconds}, "$peer->{who} $peer->{what} $peer->{compression}", $peer->{seconds} ] : ()
	} grep { $_->{rows} && $_->{name} !~ /^(pgbench|levels)/ } @{ $result->{cases} };
}

# --- the page ------------------------------------------------------------------------------------

sub place
{
	my ($result) = @_;
	my ($machine, $versions) = @{$result}{qw(machine versions)};
	return "$machine->{cores} cores ($machine->{cpu}), " . bytes($machine->{memory}) . " of memory, $machine->{kernel}, $machine->{system}; "
	  . "PostgreSQL $versions->{postgresql}, libzstd $versions->{libzstd}; pg_lifeboat $versions->{pg_lifeboat} ($versions->{commit}) against "
	  . join(', ', @{ $versions->{peers} }) . '. ' . substr($result->{date}, 0, 10) . ", medians of $result->{rounds} rounds.\n";
}

sub caution
{
	my ($result) = @_;
	return '' unless $result->{load_before} > 0.5 * $result->{machine}{cores};
	return "\n**The load average was $result->{load_before} when this began: others worked on the machine, and the times mean little.**\n";
}

sub goals_section
{
	my %newest = map { $_->{what} => $_ } map { @{ Bench::Goals::goals($_) } } @_;
	my @goals = sort { $a->{number} <=> $b->{number} || $a->{what} cmp $b->{what} } values %newest;
	return '' unless @goals;
	return "\n## What was to be shown\n\n" . markdown(
		[ '', 'goal ', 'measured', 'wanted', 'met ' ],
		map {
			[ $_->{number}, $_->{what}, sprintf('%.2f %s', $_->{value}, $_->{unit}), "$_->{how} $_->{limit} $_->{unit}", $_->{met} ? 'yes' : '**no**' ]
		} @goals);
}

sub case_section
{
	my ($case) = @_;
	my $text = "\n### $case->{title}" . ($case->{text} ? ', ' . bytes($case->{text}) . ' of text' : '') . "\n\n";
	return $text . "$case->{highest} transactions a second at most, $case->{rate} asked for, 8 clients.\n\n" . markdown(pgbench_table($case))
	  if $case->{name} eq 'pgbench';
	return $text . markdown(format_table($case)) if $case->{name} eq 'format';
	$text .= markdown(case_table($case));
	$text .= "\nOne of those backups, process by process:\n\n" . markdown(spans_table($case)) if $case->{spans};
	return $text;
}

sub memory_section
{
	my ($result) = @_;
	return join '', map {
		"\n### Memory: $_->{title}" . ($_->{largest_row} ? ', the largest of ' . bytes($_->{largest_row}) : '') . "\n\n"
		  . "Highest of each process, looked at twenty times a second.\n\n" . markdown(memory_table($_))
	} @{ $result->{memory} // [] };
}

sub method
{
	return <<'END';

## How it is measured

- `test/bench/run` starts a server of its own with `fsync = on`, fills it with generated data that are the same every time (`test/bench/data`), and runs
  the programs in turns, A B A B, after one round that does not count. Everything written before is synced before a clock starts.
- Ours: from `psql -c 'SELECT backup_run(…)'` to its end, when the signed manifest is on disk: hashed, encrypted, with the dump of the schema and of
  roles. Theirs: `pg_dump -Fd` to its end, which syncs its files. Both write to the same file system.
- CPU seconds are user and system time of all the server's processes and of the client. Stored bytes are the files' sizes.
- In the round that does not count, `lifeboat verify` reads the backup, and each table's rows from `lifeboat cat` are compared (SHA-256) with those of
  `COPY … TO STDOUT`. What differs ends the benchmark.
- In the case of many files what a run has left is removed when the case ends: ext4 makes new files slowly for minutes after many were removed
  ([why](design/performance.md)).
- Versions before 16 know gzip only. The peer in goals is the fastest of those measured in the same case.
- Tables come from the operating system's cache: this measures processors, not disks.
- Memory: `RssAnon` is what a process has for itself; `VmHWM − RssShmem` is its highest total less the shared buffers it has touched by its end.
- pgbench: transactions at half of the highest rate, `-R`; times count from when a transaction was due.
END
}

sub repeat
{
	my (@names) = @_;
	return <<"END";

## Repeat it

```sh
make bench              # as here, half an hour; make bench-quick: 300 MB, three minutes
make bench-levels       # the levels
make bench-report       # this page
```

Further versions of `pg_dump` are found in the chroots that `make other-majors` makes, or named: `ROOTS="/roots/pg17 /roots/pg18" make bench`, or
`PEERS="/opt/pg18/bin/pg_dump" make bench`. `test/bench/run` without arguments lists what else can be chosen. Let nothing else run on the machine.

Written by `make bench-report` from @{[ join ' and ', map { "[`$_`](../bench/results/$_)" } @names ]}.
END
}

my ($result, @others) = map { load($_) } @files;
my @bars = bars_of($result);
save('docs/benchmarks.svg', picture("Seconds for a whole backup: pg_lifeboat (encrypted, signed) and the fastest pg_dump", @bars)) if @bars;
my $page = "# Benchmarks\n\n" . place($result) . caution($result);
$page .= "\n![Seconds for a whole backup, ours and the fastest pg_dump's](benchmarks.svg)\n" if @bars;
$page .= goals_section($result, @others) . "\n## Measurements\n" . join('', map { case_section($_) } @{ $result->{cases} }) . memory_section($result);
for my $other (@others)
{
	$page .= "\n## Further measurements\n\n" . place($other) . caution($other) . join('', map { case_section($_) } @{ $other->{cases} }) . memory_section($other);
}
$page .= "\n### The data\n\n" . markdown(data_table($result->{data})) . method() . repeat(map { s{.*/}{}r } @files);
save('docs/benchmarks.md', $page);
