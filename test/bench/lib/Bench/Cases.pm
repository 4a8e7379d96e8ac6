# The cases in which whole backups are timed. Each returns { name, title, text, rows: what take_turns gives, … }.
package Bench::Cases;

use strict;
use warnings;

use Exporter 'import';
use Bench::Lifeboat qw(accepts contender verify_rows);
use Bench::Peers qw(can_compress peer_contender);
use Bench::Proc qw(watch_tree);
use Bench::Rounds qw(one_run take_turns);
use Bench::Server qw(postmaster);

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
		take_turns([ contender('bench_small', 'zstd:1'), peers_at($run, 'bench_small', 'zstd:1') ], many_files => 1));
}

sub title_of
{
	my ($process) = @_;
	my $title = $process->{title} =~ s/^postgres: //r =~ s/ for PID \d+//r =~ s/(lifeboat run) \d+/$1/r;
	my ($program) = $title =~ m{(?:^|/)(pg_dump(?:all)?)\b} or return $title;
	return $title =~ / (?:-V|--version)$/ ? "$program --version" : $program;
}

# Which of a backup's processes were there when, in seconds after the command began; the command itself first.
sub spans
{
	my ($run, @processes) = @_;
	my $place = sub { 0 + sprintf '%.3f', $_[0] - $run->{started} };
	return [
		{ what => 'psql, until backup_run has returned', from => 0, to => 0 + sprintf('%.3f', $run->{seconds}) },
		map { { what => title_of($_), from => $place->($_->{first}), to => $place->($_->{gone} // $run->{started} + $run->{seconds}) } }
		grep { $_->{title} =~ /lifeboat (run|leader)|parallel worker|pg_dump/ } @processes ];
}

sub empty
{
	my ($run) = @_;
	my @contenders = (contender('bench_empty', 'zstd:1'), peers_at($run, 'bench_empty', 'zstd:1'));
	my $rows = take_turns(\@contenders);
	my $one;
	my @seen = watch_tree(postmaster(), 200, sub { $one = one_run($contenders[0]) });
	return case_of('empty', 'An empty database, zstd:1, 2 workers', undef, $rows, spans => spans($one, @seen));
}

sub watched
{
	my ($name, $title, $database, $largest_row, $level) = @_;
	my @seen = watch_tree(postmaster(), 20, sub { one_run(contender($database, $level // 'zstd:1')) });
	my @processes = map {
		my $process = $_;
		{ what => title_of($process), map { $_ => 1024 * $process->{$_} } qw(RssAnon private VmHWM hwm_less_shmem) }
	} grep { $_->{title} =~ /lifeboat (run|leader)|parallel worker/ } @seen;
	return { name => $name, title => $title, largest_row => $largest_row, processes => \@processes };
}

# The usual, and rows so large that they count.
sub memory
{
	my ($run) = @_;
	return (
		watched('memory-mixed', 'mixed tables', 'bench_mixed', 0),
		watched('memory-row', 'a table of two very large rows', 'bench_row', $run->{data}{row}),
		watched('memory-long', 'mixed tables, zstd:1,long', 'bench_mixed', 0, 'zstd:1,long'));
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
