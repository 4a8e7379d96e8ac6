# The pg_dump programs of this machine.
package Bench::Peers;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(find_peers peer_contender can_compress);

# A program for another Debian is run by that Debian's own loader.
sub command_for
{
	my ($program, $libraries) = @_;
	return [$program] unless $libraries;
	my ($loader) = glob "$libraries/ld-linux-*.so.*";
	return $loader ? [ $loader, '--library-path', $libraries, $program ] : [ 'env', "LD_LIBRARY_PATH=$libraries", $program ];
}

# Each root is a Debian tree, or a directory of such.
sub in_roots
{
	my @found;
	for my $root (map { -d "$_/usr/lib/postgresql" ? $_ : glob "$_/*" } split ' ', $ENV{ROOTS} // '')
	{
		my ($libraries) = glob "$root/usr/lib/*-linux-gnu";
		push @found, map { [ $_, $libraries ] } glob "$root/usr/lib/postgresql/*/bin/pg_dump";
	}
	return @found;
}

# Newest first: { name, major, command }. One of each version.
sub find_peers
{
	my @programs = (
		[ "$ENV{BENCH_BIN}/pg_dump" ],
		(map { [ split /:/, $_, 2 ] } split ' ', $ENV{PEERS} // ''),
		in_roots(), map { [$_] } glob '/usr/lib/postgresql/*/bin/pg_dump');
	my %peers;
	for (@programs)
	{
		my $command = command_for(@$_);
		open my $out, '-|', @$command, '--version' or next;
		my ($version, $major) = (<$out> // '') =~ /\(PostgreSQL\) ((\d+)\S*)/;
		next unless close($out) && $version;
		$peers{$version} //= { name => "pg_dump $version", major => $major, command => $command };
	}
	return sort { $b->{major} <=> $a->{major} } values %peers;
}

# pg_dump knows zstd and lz4 since version 16.
sub can_compress { my ($peer, $compression) = @_; return $peer->{major} >= 16 || $compression =~ /^(none|gzip:\d)$/; }

sub compression_option
{
	my ($peer, $compression) = @_;
	return "--compress=$compression" if $peer->{major} >= 16;
	return '-Z' . ($compression eq 'none' ? 0 : substr $compression, 5);
}

# Options: jobs, table.
sub peer_contender
{
	my ($peer, $database, $compression, %opts) = @_;
	my $jobs = $opts{jobs} // 2;
	my $dir = "$ENV{BENCH_WORK}/peer";
	return {
		who => $peer->{name}, what => "-Fd -j$jobs", compression => $compression, jobs => $jobs, ours => 0,
		prepare => sub {
			return [
				@{ $peer->{command} }, '-Fd', "-j$jobs", compression_option($peer, $compression),
				(map { "--table=$_" } $opts{table} // ()), '-f', $dir, '-d', $database ];
		},
		stored => sub { return Bench::Files::size_of($dir); },
		clean => sub { Bench::Files::remove($dir); } };
}

1;
