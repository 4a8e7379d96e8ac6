# The cases in which whole backups are timed. Each returns { name, title, text, rows: what take_turns gives, … }.
package Bench::Cases;

use strict;
use warnings;

use Exporter 'import';
use Bench::Lifeboat qw(accepts contender verify_rows);
use Bench::Peers qw(can_compress peer_contender);
use Bench::Proc qw(watch_tree);
use Bench::Rounds qw(take_turns);
use Bench::Server qw(postmaster value);

our @EXPORT_OK = qw(mixed single docs small empty levels memory);

my @mixed_tables = qw(accounts lineitem events docs sensor);

sub text_of { my ($tables) = @_; my $sum = 0; $sum += $_->{text} for @$tables; return $sum; }

# Peers at a level; where none knows it, at what they know that is nearest.
sub peers_at
{
	my ($run, $database, $compression, %opts) = @_;
	my @able = grep { can_compress($_, $compression) } @{ $run->{peers} };
	return map { peer_contender($_, $database, $compression, %opts) } @able if @able;
	return map { peer_contender($_, $database, 'gzip:1', %opts) } @{ $run->{peers} };
}

sub case_of
{
	my ($name, $title, $text, $rows, %more) = @_;
	return { name => $name, title => $title, ($text ? (text => $text) : ()), rows => $rows, %more };
}

sub ours_checked
{
	my ($database, @tables) = @_;
	return sub { my ($contender) = @_; verify_rows($database, @tables) if $contender->{ours}; };
}

# One case for each level. Peers that know gzip only are measured beside level 1.
sub mixed
{
	my ($run) = @_;
	my @cases;
	for my $level (1, 3)
	{
		my @contenders = (contender('bench_mixed', "zstd:$level"), peers_at($run, 'bench_mixed', "zstd:$level"));
		push @contenders, map { my $peer = $_; map { peer_contender($peer, 'bench_mixed', $_) } 'none', 'gzip:1' }
		  grep { $_->{major} < 16 } @{ $run->{peers} }
		  if $level == 1 && $run->{size} ne 'quick';
		my $check = $level == 1 ? ours_checked('bench_mixed', @mixed_tables) : undef;
		push @cases, case_of("mixed-zstd$level", "Mixed tables, zstd:$level, 2 workers", text_of($run->{data}{mixed}),
			take_turns(\@contenders, check => $check));
	}
	return @cases;
}

sub single
{
	my ($run) = @_;
	return case_of('single', 'One single table, zstd:1, 2 workers', $run->{data}{single}{text},
		take_turns([ contender('bench_single', 'zstd:1'), peers_at($run, 'bench_single', 'zstd:1') ],
			check => $run->{size} eq 'quick' ? ours_checked('bench_single', 'lineitem') : undef));
}

# A table of which pg_dump gives all to one job, so one worker of ours against that, too.
sub docs
{
	my ($run) = @_;
	my ($docs) = grep { $_->{table} eq 'docs' } @{ $run->{data}{mixed} };
	return map {
		my %opts = (jobs => $_, table => 'public.docs');
		case_of("docs-$_", 'TOASTed documents, zstd:1, ' . ($_ == 1 ? '1 worker' : "$_ workers"), $docs->{text},
			take_turns([ contender('bench_mixed', 'zstd:1', %opts), peers_at($run, 'bench_mixed', 'zstd:1', %opts) ]))
	} 1, 2;
}

sub small
{
	my ($run) = @_;
	return case_of('small', "$run->{data}{small}{tables} small tables of 10 rows, zstd:1, 2 workers", undef,
		take_turns([ contender('bench_small', 'zstd:1'), peers_at($run, 'bench_small', 'zstd:1') ]));
}

# Which programs ran within a backup, and when: seconds after its first process began.
sub spans
{
	my @processes = grep { $_->{title} =~ /lifeboat (run|leader)|parallel worker|pg_dump/ } @_;
	my $start = $processes[0]{first};
	return [
		map {
			my $title = $_->{title} =~ s/^postgres: //r;
			$title = "$1$2" if $title =~ m{(?:^|/)(pg_dump(?:all)?)\b.*?( --schema-only| --globals-only|$)};
			$title =~ s/ for PID \d+//;
			{ what => $title, from => 0 + sprintf('%.3f', $_->{first} - $start), to => 0 + sprintf('%.3f', $_->{last} - $start) }
		} @processes ];
}

sub empty
{
	my ($run) = @_;
	my @contenders = (contender('bench_empty', 'zstd:1'), peers_at($run, 'bench_empty', 'zstd:1'));
	my $rows = take_turns(\@contenders);
	my @seen = watch_tree(postmaster(), 200, sub { Bench::Rounds::one_run($contenders[0]) });
	return case_of('empty', 'An empty database', undef, $rows, spans => spans(@seen));
}

sub watched
{
	my ($name, $title, $database, $largest_row) = @_;
	my @seen = watch_tree(postmaster(), 20, sub { Bench::Rounds::one_run(contender($database, 'zstd:1')) });
	my @workers;
	for my $process (grep { $_->{title} =~ /lifeboat (run|leader)|parallel worker/ } @seen)
	{
		push @workers, {
			what => $process->{title} =~ s/^postgres: //r =~ s/ for PID \d+//r,
			map { $_ => 1024 * $process->{$_} } qw(RssAnon private VmHWM hwm_less_shmem) };
	}
	return { name => $name, title => $title, largest_row => $largest_row, processes => \@workers };
}

# A row is in memory as the server keeps it and as text.
sub memory
{
	my ($run) = @_;
	return (
		watched('memory-mixed', 'mixed tables', 'bench_mixed', 0),
		watched('memory-row', 'a table of two very large rows', 'bench_row', $run->{data}{row}));
}

# What each level costs and saves; a level this build does not know is left out and named.
sub levels
{
	my ($run) = @_;
	my @known = grep { $_ eq 'zstd:1' || accepts($_) } qw(none lz4 zstd:-7 zstd:-1 zstd:1 zstd:2 zstd:3 zstd:6 zstd:9);
	my @cases = case_of('levels', 'Levels: mixed tables, 2 workers', text_of($run->{data}{mixed}),
		take_turns([ map { contender('bench_mixed', $_) } @known ]));
	for my $table (@mixed_tables)
	{
		my ($facts) = grep { $_->{table} eq $table } @{ $run->{data}{mixed} };
		push @cases, case_of("levels-$table", "Levels: $table, 1 worker", $facts->{text},
			take_turns([ map { contender('bench_mixed', $_, table => "public.$table", jobs => 1) } @known ], rounds => 1));
	}
	return @cases;
}

1;
