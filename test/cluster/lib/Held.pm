# Held: what is held up where a test wants it.
#
#   my ($bin, $slow) = slow_pg_dump();        # for lifeboat.bin_directory; pg_dump waits while the file $slow exists
#   my ($node, $stop) = stoppable_cluster('name', conf => { ... });   # stop_at.c says what the file $stop does
package Held;

use strict;
use warnings;

use Exporter 'import';
use LifeboatTest ();

our @EXPORT = qw(slow_pg_dump stoppable_cluster);

sub slow_pg_dump
{
	my $bin = LifeboatTest::temp_dir() . '/bin';
	my $slow = LifeboatTest::temp_dir() . '/slow';
	my $real = LifeboatTest::bin_dir();
	mkdir $bin or die $!;
	for my $program (qw(pg_dumpall pg_restore lifeboat psql))
	{
		symlink "$real/$program", "$bin/$program" or die $!;
	}
	LifeboatTest::write_file("$bin/pg_dump", <<"END", 0755);
#!/bin/sh
case " \$* " in *" --version "*) ;; *) while [ -e $slow ]; do sleep 0.1; done ;; esac
exec $real/pg_dump "\$@"
END
	return ($bin, $slow);
}

# The file is named in the environment of this process from now on, too.
sub stoppable_cluster
{
	my ($name, %opts) = @_;
	my $stop = LifeboatTest::temp_dir() . '/stop';
	my $library = LifeboatTest::temp_dir() . '/stop_at.so';
	system('cc', '-shared', '-fPIC', '-o', $library, LifeboatTest::source_dir() . '/test/cluster/lib/stop_at.c', '-ldl') == 0
	  or die 'cannot compile stop_at.c';
	$ENV{STOP_AT} = $stop;
	local $ENV{LD_PRELOAD} = $library;
	return (LifeboatTest::new_cluster($name, %opts), $stop);
}

1;
