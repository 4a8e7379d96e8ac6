# What /proc says of processes: processor time of a tree, and who lived in it, how long and how large.
package Bench::Proc;

use strict;
use warnings;

use Exporter 'import';
use POSIX ();
use Storable ();
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(tree_ticks ticks_per_second watch_tree);

sub ticks_per_second { return POSIX::sysconf(POSIX::_SC_CLK_TCK()); }

sub slurp
{
	my ($path) = @_;
	open my $fh, '<', $path or return '';
	local $/;
	return scalar(<$fh>) // '';
}

# pid => [parent, ticks with those of children that were waited for]
sub processes
{
	my %all;
	for my $pid (grep { /^\d+$/ } map { substr $_, 6 } glob '/proc/[0-9]*')
	{
		my ($fields) = slurp("/proc/$pid/stat") =~ /.*\)\s+(.*)/s or next;
		my @field = split ' ', $fields;
		$all{$pid} = [ $field[1], $field[11] + $field[12] + $field[13] + $field[14] ];
	}
	return \%all;
}

sub tree
{
	my ($root, $all) = @_;
	my (%children, @found);
	push @{ $children{ $all->{$_}[0] } }, $_ for keys %$all;
	my @todo = ($root);
	while (defined(my $pid = shift @todo))
	{
		push @found, $pid;
		push @todo, @{ $children{$pid} // [] };
	}
	return @found;
}

# A child that has ended counts with its parent, so this never falls while the root lives.
sub tree_ticks
{
	my ($root) = @_;
	my $all = processes();
	my $sum = 0;
	$sum += $all->{$_}[1] for grep { $all->{$_} } tree($root, $all);
	return $sum;
}

# kB figures of /proc/PID/status.
sub memory
{
	my ($pid) = @_;
	my %kb = slurp("/proc/$pid/status") =~ /^(VmHWM|VmRSS|RssAnon|RssFile|RssShmem):\s+(\d+) kB/mg;
	return \%kb;
}

sub note_process
{
	my ($seen, $pid, $now) = @_;
	my $title = slurp("/proc/$pid/cmdline");
	$title =~ s/\0/ /g;
	$title =~ s/\s+$//;
	my $kb = memory($pid);
	return unless length $title && defined $kb->{RssAnon};
	my $life = $seen->{"$pid"} //= { pid => $pid, first => $now, RssAnon => 0, private => 0, VmHWM => 0 };
	$life->{title} = $title if !defined $life->{title} || $title =~ /lifeboat|parallel worker|pg_dump/;
	my %now = (RssAnon => $kb->{RssAnon}, private => $kb->{RssAnon} + $kb->{RssFile}, VmHWM => $kb->{VmHWM});
	for (keys %now) { $life->{$_} = $now{$_} if $now{$_} > $life->{$_}; }
	$life->{hwm_less_shmem} = $kb->{VmHWM} - $kb->{RssShmem};
	return;
}

# Runs the code; returns the processes that came into being below root meanwhile, looked at so many times a second:
# title, when each was first there and when gone (undefined: still there), and peaks in kB.
sub watch_tree
{
	my ($root, $per_second, $code) = @_;
	my %before = map { $_ => 1 } tree($root, processes());
	pipe my $stop_read, my $stop_write or die "pipe: $!";
	pipe my $out_read, my $out_write or die "pipe: $!";
	defined(my $pid = fork) or die "fork: $!";
	if ($pid == 0)
	{
		close $stop_write;
		my (%seen, $bits);
		do
		{
			my $all = processes();
			my $now = time;
			$_->{gone} //= $now for grep { !$all->{ $_->{pid} } } values %seen;
			note_process(\%seen, $_, $now) for grep { !$before{$_} } tree($root, $all);
			vec($bits = '', fileno $stop_read, 1) = 1;
		} until select($bits, undef, undef, 1 / $per_second);
		Storable::store_fd([ values %seen ], $out_write);
		close $out_write;
		POSIX::_exit(0);
	}
	close $_ for $stop_read, $out_write;
	$code->();
	close $stop_write;
	my $seen = Storable::fd_retrieve($out_read);
	waitpid $pid, 0;
	return sort { $a->{first} <=> $b->{first} } @$seen;
}

1;
