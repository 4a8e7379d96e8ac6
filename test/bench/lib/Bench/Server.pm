# The server under test: SQL, and what its whole process tree has used of the processors.
package Bench::Server;

use strict;
use warnings;

use Exporter 'import';
use Bench::Proc qw(tree_ticks ticks_per_second);

our @EXPORT_OK = qw(psql value rows cpu_seconds postmaster);

sub postmaster { return $ENV{BENCH_POSTMASTER}; }

sub psql { return ('psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', @_); }

# What a query returns, without the last newline.
sub value
{
	my ($database, @statements) = @_;
	open my $out, '-|', psql($database, map { ('-c', $_) } @statements) or die "psql: $!";
	my $text = do { local $/; <$out> } // '';
	close $out or die "SQL failed in $database: @statements\n";
	chomp $text;
	return $text;
}

sub rows
{
	return map { [ split /\|/, $_, -1 ] } split /\n/, value(@_);
}

# User and system time of the postmaster and all that it ever started, children of children too.
sub cpu_seconds { return tree_ticks(postmaster()) / ticks_per_second(); }

1;
