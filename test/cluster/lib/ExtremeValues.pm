# ExtremeValues: what PostgreSQL's types hold at their edges, as text that their input functions take.
#
#   seed_values(42);                      # the same seed, the same values
#   my @values = extreme_values('int4');  # known edges first, then random ones
#
# Strings are bytes in UTF-8.
package ExtremeValues;

use strict;
use warnings;

use Exporter 'import';
our @EXPORT = qw(seed_values extreme_values copy_line);

my $random = 120; # of a type

sub seed_values { srand $_[0]; return; }

sub below { return int rand $_[0]; }
sub one_of { return $_[ below(scalar @_) ]; }
sub some { my ($make, $count) = @_; return map { $make->() } 1 .. $count // $random; }
sub bytes { my ($count) = @_; return join '', map { chr below(256) } 1 .. $count; }
sub digits { my ($count) = @_; return join '', map { below(10) } 1 .. $count; }

# A line of COPY TEXT; undef is NULL.
sub copy_line
{
	my %letter = ("\b" => 'b', "\t" => 't', "\n" => 'n', "\x0b" => 'v', "\f" => 'f', "\r" => 'r', '\\' => '\\');
	return join("\t", map { defined $_ ? s/([\\\x08-\x0d])/\\$letter{$1}/gr : '\N' } @_) . "\n";
}

my %make = (
	bool => sub { return qw(t f) },
	int2 => sub { return integers(16) },
	int4 => sub { return integers(32) },
	int8 => sub { return integers(64) },
	oid => sub { return (0, 1, 9, 10, 99, 100, 2147483648, 4294967295, some(sub { unpack 'L', bytes(4) })) },
	float4 => sub { return floats(4) },
	float8 => sub { return floats(8) },
	numeric => \&numerics,
	text => \&strings,
	varchar => \&strings,
	'char(20)' => sub { return map { cut($_, 20) } strings() },
	name => sub { return map { cut($_, 12) } strings() },
	'"char"' => sub { return ('', map { $_ < 128 ? chr $_ : sprintf '\\%03o', $_ } 1 .. 255) },
	bytea => sub { return map { '\x' . unpack 'H*', $_ } '', join('', map { chr } 0 .. 255), some(sub { bytes(below(70)) }) },
	date => sub { return ('4714-11-24 BC', '5874897-12-31', 'infinity', '-infinity', '0001-12-31 BC', some(\&day)) },
	time => sub { return ('00:00:00', '24:00:00', '23:59:59.999999', '00:00:00.000001', some(\&clock)) },
	timetz => sub { return ('24:00:00-15:59:59', '00:00:00+15:59:59', some(sub { clock() . zone() })) },
	timestamp => sub { return stamps('') },
	timestamptz => sub { return stamps('+00') },
	interval => \&intervals,
	uuid => sub { return ('00000000-0000-0000-0000-000000000000', some(sub { unpack 'H*', bytes(16) })) },
	inet => sub { return addresses(0) },
	cidr => sub { return addresses(1) },
	macaddr => sub { return ('00:00:00:00:00:00', some(sub { unpack 'H*', bytes(6) })) },
	macaddr8 => sub { return ('ff:ff:ff:ff:ff:ff:ff:ff', some(sub { unpack 'H*', bytes(8) })) },
	json => sub { return ("{\t\"a\" :1,\n \"a\": [ ] }", documents()) },
	jsonb => \&documents);

sub extreme_values
{
	my ($type) = @_;
	return $make{$type}->();
}

# --- numbers ------------------------------------------------------------------------------------

sub integers
{
	my ($bits) = @_;
	my $largest = { 16 => '32767', 32 => '2147483647', 64 => '9223372036854775807' }->{$bits};
	my $smallest = '-' . ($largest =~ s/7$/8/r);
	my @round = map { my ($nines, $p) = ('9' x $_, '1' . '0' x $_); ($nines, "-$nines", $p, "-$p") } 1 .. length($largest) - 1;
	my $any = sub {
		use integer;
		return unpack('q', bytes(8)) >> 64 - 1 - below($bits);
	};
	return ($largest, $smallest, 0, 1, -1, @round, some($any));
}

sub floats
{
	my ($size) = @_;
	my ($letter, $exact) = $size == 4 ? ('f', '%.9g') : ('d', '%.17g');
	my @edges = $size == 4
	  ? qw(1.4e-45 1.1754942e-38 1.1754944e-38 3.4028235e38 16777216 16777218)
	  : qw(5e-324 2.2250738585072011e-308 2.2250738585072014e-308 1.7976931348623157e308 9007199254740993 123456789012345680);
	my $pattern = sub {
		my $float = unpack $letter, bytes($size);
		return $float == $float ? sprintf $exact, $float : 'NaN';
	};
	my $short = sub { return (one_of('', '-') . digits(1 + below(4)) . '.' . digits(below(4))) . 'e' . (below(40) - 20) };
	return (qw(0 -0 NaN Infinity -Infinity 0.1 0.3 1e-4 1e-5 1e-6 1e5 1e6 1e14 1e15 1e16 1e17 1e22 1e23), @edges,
		map({ "-$_" } @edges), some($pattern, 3 * $random), some($short));
}

sub numerics
{
	my $any = sub {
		my $text = one_of('', '-') . digits(1 + below(30)) . one_of('', '0' x below(40));
		return $text . one_of('', '.' . '0' x below(20) . digits(1 + below(20)) . '0' x below(10));
	};
	return (qw(0 0.0 0.0000 0.00000 NaN Infinity -Infinity 1 -1 9999 10000 10001 99999999 100000000 0.1 0.0001 0.00001 -0.00010
		  1.0000 1.00000 1e-16383 1e131071 1e10 12345.6789 1234567890123456789012345678901234567890 0.9999 0.99999 10000.0001),
		'0.' . '0' x 16383, '9' x 131072, '9' x 131072 . '.' . '9' x 16383, '1' . '0' x 65535 . '7', some($any, 3 * $random));
}

# --- text ---------------------------------------------------------------------------------------

my @pieces = (
	map({ chr } 1 .. 31, 127), split(/ /, q(\\ " ' , ; { } [ ] : % a NULL null \N \. \x41 \n \u0041 empty infinity)), '(', ')', ' ', '  ', '""',
	"\xc3\x9f", "\xe6\xbc\xa2", "\xf0\x9f\x98\x80", "\xc2\xa0", "\xc2\x85", "\xe2\x80\xa8", 'x' x 17, 'plain words');

sub string { return join '', map { one_of(@pieces) } 1 .. below($_[0] // 12); }

sub strings
{
	return ('', @pieces, map({ 'x' x $_ . '\\' } 14 .. 17, 31, 125, 126, 127), some(\&string, 3 * $random),
		some(sub { string(200) }, 20), 'long ' x 700, "\t" x 3000);
}

# The first characters.
sub cut
{
	my ($text, $count) = @_;
	return ($text =~ /^((?:[\x00-\x7f]|[\xc0-\xff][\x80-\xbf]+){0,$count})/)[0];
}

# --- times --------------------------------------------------------------------------------------

sub fraction { my $count = below(7); return $count ? '.' . digits($count) : ''; }
sub clock { return sprintf('%02d:%02d:%02d', below(24), below(60), below(60)) . fraction(); }

sub zone
{
	my $zone = sprintf '%02d:%02d:%02d', below(16), below(60), below(60);
	return one_of('+', '-') . substr $zone, 0, one_of(2, 5, 8);
}

sub day
{
	my $year = 1 + one_of(below(4712), 1900 + below(200), below(294275), below(10000), below(100));
	my $bc = $year < 4713 && one_of(0, 0, 1);
	return sprintf('%04d-%02d-%02d', $year, 1 + below(12), 1 + below(28)) . ($bc ? ' BC' : '');
}

sub stamps
{
	my ($zone) = @_;
	my $any = sub {
		my ($date, $bc) = split / /, day();
		return "$date " . clock() . $zone . ($bc ? ' BC' : '');
	};
	return ('infinity', '-infinity', "4714-11-24 00:00:00$zone BC", "294276-12-31 23:59:59.999999$zone", "0001-12-31 23:59:59$zone BC",
		"2000-01-01 00:00:00$zone", "1999-12-31 23:59:59.999999$zone", "1970-01-01 00:00:00.1$zone", some($any, 2 * $random));
}

sub intervals
{
	my $part = sub { return one_of(0, 0, 1, -1, below(100), -below(100), below(2**31), -below(2**31)) };
	my $any = sub {
		my $microseconds = one_of(0, 1, -1, below(1e7), -below(1e7), below(9e15), -below(9e15));
		return sprintf '%d mons %d days %d microseconds', $part->(), $part->(), $microseconds;
	};
	return ('0', '178956970 years 7 mons', '-178956970 years -8 mons', '2147483647 days', '-2147483648 days',
		'2562047788:00:54.775807', '-2562047788:00:54.775807', '1 mon -1 day 00:00:01', '-1 mon +1 day -00:00:00.5', '1 year',
		'-1 year', '1 day', '-1 day', some($any, 2 * $random));
}

# --- networks -----------------------------------------------------------------------------------

sub addresses
{
	my ($is_network) = @_;
	my $any = sub {
		my $size = one_of(4, 16, 16);
		my $bits = one_of($size * 8, below($size * 8 + 1));
		# Runs of zeros, and what makes an IPv6 address end like an IPv4 one.
		my $address = join '', map { one_of("\0\0", "\0\0", bytes(2), "\0" . bytes(1)) } 1 .. $size / 2;
		substr($address, 0, 12) = "\0" x 10 . one_of("\0\0", "\xff\xff") if $size == 16 && below(4) == 0;
		$address &= pack "B" . $size * 8, '1' x $bits . '0' x ($size * 8 - $bits) if $is_network;
		my $text = $size == 4 ? join '.', unpack 'C4', $address : join ':', map { sprintf '%x', $_ } unpack 'n8', $address;
		return "$text/$bits";
	};
	return ('0.0.0.0/0', '255.255.255.255/32', '::/0', '::/128', '::1/128', '1::/16', '::1.2.3.4/128', '::ffff:0.0.0.0/96',
		'1:0:0:2:0:0:0:3/128', some($any, 4 * $random));
}

# --- json ---------------------------------------------------------------------------------------

sub json_string
{
	my ($text) = @_;
	$text =~ s/(["\\])/\\$1/g;
	$text =~ s/([\x00-\x1f])/sprintf '\\u%04x', ord $1/ge;
	return qq{"$text"};
}

sub document
{
	my ($depth) = @_;
	my $kind = below($depth > 0 ? 9 : 6);
	return json_string(string()) if $kind < 3;
	return one_of(qw(0 -0 1 -1 12 1.50 1e30 1.5e-7 -12345.678900 123456789012345678901234567890 9999 10000 0.0001)) if $kind < 5;
	return one_of(qw(true false null)) if $kind == 5;
	my @parts = map { document($depth - 1) } 1 .. one_of(0, 1, 2, 3, 7, below(70));
	return '[' . join(',', @parts) . ']' if $kind == 6;
	return '{' . join(',', map { json_string(string(4)) . ':' . $_ } @parts) . '}';
}

sub documents
{
	my $depth = 4000;
	return ('[]', '{}', '[[]]', '{"":{}}', 'null', '""', '0', 'true', json_string(join '', map { chr } 1 .. 127),
		'"\b\f\n\r\t\"\\\\\/\u00e9"', map({ json_string($_) } @pieces), '[' x $depth . ']' x $depth, '{"a":[' x ($depth / 2) . ']}' x ($depth / 2),
		'[' . join(',', 0 .. 2000) . ']', '{' . join(',', map { qq("key$_":"value$_") } 0 .. 2000) . '}', '1e1000', '[1e-1000, 1.0e5]',
		json_string('x' x 5000), json_string('"' x 5000), some(sub { document(4) }, 3 * $random));
}

1;
