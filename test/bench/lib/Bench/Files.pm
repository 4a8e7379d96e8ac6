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

sub remove { my ($dir) = @_; File::Path::remove_tree($dir); return; }

1;
