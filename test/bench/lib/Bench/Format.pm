# Formatting alone: rows to text and away with it, one process, no compression, against COPY TO '/dev/null'.
package Bench::Format;

use strict;
use warnings;

use Exporter 'import';
use Bench::Rounds qw(median timed);
use Bench::Server qw(psql value);

our @EXPORT_OK = qw(formatting);

sub one { my ($sql) = @_; return timed(psql('bench_mixed', '-o', '/dev/null', '-c', $sql)); }

sub of { my ($what, @runs) = @_; return 0 + sprintf '%.3f', median(map { $_->{$what} } @runs); }

# None when the module with the function was not built.
sub formatting
{
	my ($run) = @_;
	my $module = "$ENV{BENCH_WORK}/format_bench.so";
	return unless -e $module;
	value('bench_mixed', "CREATE OR REPLACE FUNCTION lifeboat_bench_format(regclass) RETURNS bigint LANGUAGE c STRICT AS '$module'");
	my @tables;
	for my $facts (@{ $run->{data}{mixed} })
	{
		my $table = $facts->{table};
		my $bytes = value('bench_mixed', "SELECT lifeboat_bench_format('$table')");
		die "$table: $bytes bytes formatted, COPY writes $facts->{text}\n" if $bytes != $facts->{text};
		my (@copy, @ours);
		for my $round (0 .. $ENV{ROUNDS})
		{
			my $copy = one("COPY $table TO '/dev/null'");
			my $ours = one("SELECT lifeboat_bench_format('$table')");
			next if $round == 0;
			push @copy, $copy;
			push @ours, $ours;
		}
		push @tables, {
			table => $table, text => $facts->{text},
			copy => of(seconds => @copy), copy_cpu => of(server_cpu => @copy),
			ours => of(seconds => @ours), ours_cpu => of(server_cpu => @ours) };
	}
	return { name => 'format', title => "Formatting alone, one process, against COPY TO '/dev/null'", tables => \@tables };
}

1;
