# Which machine, which versions, which data.
package Bench::Facts;

use strict;
use warnings;

use Exporter 'import';
use POSIX ();
use Bench::Server qw(rows value);

our @EXPORT_OK = qw(machine machine_word versions data load_average);

sub first_match
{
	my ($path, $pattern) = @_;
	open my $fh, '<', $path or return undef;
	while (<$fh>) { return $1 if $_ =~ $pattern; }
	return undef;
}

sub load_average { return 0 + (first_match('/proc/loadavg', qr/^(\S+)/) // 0); }

sub machine
{
	open my $cpus, '<', '/proc/cpuinfo' or die "/proc/cpuinfo: $!";
	my $cores = grep { /^processor/ } <$cpus>;
	return {
		cpu => first_match('/proc/cpuinfo', qr/^model name\s*:\s*(.*?)\s*$/) // (POSIX::uname())[4],
		cores => $cores,
		memory => 1024 * (first_match('/proc/meminfo', qr/^MemTotal:\s+(\d+)/) // 0),
		kernel => join(' ', (POSIX::uname())[ 0, 2 ]) =~ s/^(\S+ [\d.]*\d).*/$1/r,
		system => first_match('/etc/os-release', qr/^PRETTY_NAME="(.*)"/) // '' };
}

# For a file's name: cores and processor, no host.
sub machine_word
{
	my ($machine) = @_;
	my $cpu = lc $machine->{cpu};
	$cpu =~ s/\((r|tm)\)|\b(cpu|processor)\b|@.*//g;
	$cpu =~ s/[^a-z0-9]+/-/g;
	$cpu =~ s/^-|-$//g;
	return "$machine->{cores}x-" . ($cpu || 'cpu');
}

sub versions
{
	my ($peers) = @_;
	my ($zstd) = glob '/usr/lib/*/libzstd.so.1.*';
	return {
		postgresql => value('postgres', 'SHOW server_version'),
		pg_lifeboat => Bench::Lifeboat::version(),
		commit => $ENV{BENCH_COMMIT} // '',
		peers => [ map { $_->{name} } @$peers ],
		libzstd => ($zstd // '') =~ /so\.([\d.]+)$/ ? $1 : 'unknown' };
}

sub table_facts
{
	my ($database, $table) = @_;
	my ($facts) = rows($database,
		"SELECT reltuples::bigint, pg_table_size(oid) FROM pg_class WHERE oid = '$table'::regclass");
	my $text = value($database, "COPY $table TO PROGRAM 'wc -c >$ENV{BENCH_WORK}/bytes'", "SELECT pg_read_file('$ENV{BENCH_WORK}/bytes')");
	return { table => $table, rows => 0 + $facts->[0], bytes => 0 + $facts->[1], text => 0 + $text };
}

# The tables and how large they are on disk and as COPY text.
sub data
{
	my @mixed = map { table_facts('bench_mixed', $_) } qw(accounts lineitem events docs sensor);
	my ($small) = rows('bench_small',
		"SELECT count(*), sum(pg_table_size(oid)) FROM pg_class WHERE relname LIKE 'small%' AND relkind = 'r'");
	return {
		mixed => \@mixed,
		single => table_facts('bench_single', 'lineitem'),
		small => { tables => 0 + $small->[0], bytes => 0 + $small->[1] },
		row => 0 + value('bench_row', 'SELECT max(length(wide)) FROM one') };
}

1;
