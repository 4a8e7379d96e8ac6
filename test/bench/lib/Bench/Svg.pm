# A picture: for each case our bar above the fastest peer's. Readable on light and on dark ground.
package Bench::Svg;

use strict;
use warnings;
use utf8;

use Exporter 'import';
use List::Util qw(max);

our @EXPORT_OK = qw(picture);

my ($width, $left, $bars, $line, $gap) = (820, 250, 400, 18, 16);

sub escaped { my ($text) = @_; $text =~ s/&/&amp;/g; $text =~ s/</&lt;/g; return $text; }

sub text
{
	my ($x, $y, $class, $text, $anchor) = @_;
	return sprintf qq{<text x="%.0f" y="%.0f" class="%s"%s>%s</text>\n}, $x, $y, $class,
	  $anchor ? qq{ text-anchor="$anchor"} : '', escaped($text);
}

sub bar
{
	my ($y, $class, $share, $name, $label) = @_;
	my $length = max(1, $bars * $share);
	return text($left - 8, $y + 13, 'name', $name, 'end')
	  . sprintf(qq{<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" class="%s"/>\n}, $left, $y + 2, $length, $line - 4, $class)
	  . text($left + $length + 6, $y + 13, 'label', $label);
}

# Cases as [title, our name, our seconds, peer's name, peer's seconds]: bars of one case have one scale.
sub picture
{
	my ($heading, @cases) = @_;
	my $y = 46;
	my $body = text(16, 26, 'heading', $heading);
	for (@cases)
	{
		my ($title, $our_name, $ours, $peer_name, $theirs) = @$_;
		my $longest = max($ours, $theirs);
		$body .= text(16, $y + 13, 'title', $title);
		$y += $line + 2;
		$body .= bar($y, 'ours', $ours / $longest, $our_name, sprintf '%.2f s', $ours);
		$y += $line;
		$body .= bar($y, 'theirs', $theirs / $longest, $peer_name, sprintf '%.2f s, %.2f times ours', $theirs, $theirs / $ours);
		$y += $line + $gap;
	}
	return <<"END" . $body . "</svg>\n";
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $width $y" width="$width" height="$y" role="img" aria-label="@{[ escaped($heading) ]}">
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.heading { font-size: 15px; font-weight: 600; } .title { font-weight: 600; } .name { fill: #57606a; }
.ours { fill: #1a7f64; } .theirs { fill: #9aa4af; }
\@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .name { fill: #9da7b3; } .ours { fill: #3fb68b; } .theirs { fill: #6e7681; }
}
</style>
END
}

1;
