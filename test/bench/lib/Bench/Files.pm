# Sizes and ends of directories.
package Bench::Files;

use strict;
use warnings;

use File::Find ();
use File::Path ();

sub size_of
{
	my ($dir) = @_;
	my $bytes = 0;
	File::Find::find({ no_chdir => 1, wanted => sub { $bytes += -s _ if lstat && -f _; } }, $dir);
	return $bytes;
}

# ext4 gives no inode away again for minutes (recently_deleted() in fs/ext4/ialloc.c): whoever makes thousands of files just after
# as many were removed pays for looking at each of those. In a case of many files what a run has left goes only when the case ends.
our $keep = 0;
my @aside;

sub remove
{
	my ($dir) = @_;
	return File::Path::remove_tree($dir) unless $keep;
	my $name = sprintf '%s.aside-%d', $dir, scalar @aside;
	rename $dir, $name or die "$dir: $!";
	push @aside, $name;
	return;
}

sub remove_kept { File::Path::remove_tree(splice @aside); return; }

1;
