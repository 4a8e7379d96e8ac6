# S3Service: the S3 service that test/run has started, as a client of our own sees it: what tests need to prepare buckets and to
# look into them without the code they test.
#
#   my $s3 = S3Service->new;                             # or plan skip_all unless S3Service::here()
#   $s3->create_bucket('b');
#   $s3->put('b', 'key', $bytes);  $s3->get('b', 'key');  $s3->remove('b', 'key');
#   my @keys = $s3->list('b', 'prefix/');
#   $s3->copy_to('b', 'prefix', $directory);             # as other tools do: every object a file
#   $s3->let_guest('b', 's3:PutObject', 's3:GetObject'); # nothing else, for the guest's keys
package S3Service;

use strict;
use warnings;

use Digest::SHA qw(sha256_hex hmac_sha256 hmac_sha256_hex);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IO::Socket::INET ();
use JSON::PP ();
use POSIX ();

sub here { return defined $ENV{LIFEBOAT_S3}; }
sub endpoint { return $ENV{LIFEBOAT_S3}; }
sub tls_endpoint { return $ENV{LIFEBOAT_S3_TLS}; }
sub ca_file { return $ENV{LIFEBOAT_S3_CA}; }
sub keys_of { my (undef, $who) = @_; return $who eq 'guest' ? @ENV{qw(LIFEBOAT_S3_GUEST_KEY LIFEBOAT_S3_GUEST_SECRET)}
	  : @ENV{qw(AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY)}; }
sub address { return $ENV{LIFEBOAT_S3} =~ s{^http://}{}r; }

sub new
{
	my ($class, %opts) = @_;
	my ($key, $secret) = $class->keys_of($opts{as} // 'owner');
	return bless { key => $key, secret => $secret, address => $class->address }, $class;
}

# The text of a file of credentials for one of the two, as option "credentials" names them.
sub credentials
{
	my ($class, $who, $profile) = @_;
	my ($key, $secret) = $class->keys_of($who);
	return sprintf "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", $profile // 'default', $key, $secret;
}

# --- requests -----------------------------------------------------------------------------------

sub encoded
{
	my ($text, $keep) = @_;
	$keep //= '';
	return $text =~ s/([^A-Za-z0-9\-_.~$keep])/sprintf '%%%02X', ord $1/ger;
}

sub authorization
{
	my ($self, $method, $path, $query, $headers) = @_;
	my $at = $headers->{'x-amz-date'};
	my $scope = substr($at, 0, 8) . '/us-east-1/s3/aws4_request';
	my $names = join ';', sort keys %$headers;
	my $canonical = join "\n", $method, $path, $query, map({ "$_:$headers->{$_}" } sort keys %$headers), '', $names,
	  $headers->{'x-amz-content-sha256'};
	my $key = "AWS4$self->{secret}";
	$key = hmac_sha256($_, $key) for split m{/}, $scope;
	my $signature = hmac_sha256_hex(join("\n", 'AWS4-HMAC-SHA256', $at, $scope, sha256_hex($canonical)), $key);
	return "AWS4-HMAC-SHA256 Credential=$self->{key}/$scope, SignedHeaders=$names, Signature=$signature";
}

# Status, body and headers (a hash) of what the service answers. `query` is a hash.
sub request
{
	my ($self, $method, $path, %opts) = @_;
	my $body = $opts{body} // '';
	my %query = %{ $opts{query} // {} };
	$path = encoded($path, '/');
	my $query = join '&', map { encoded($_) . '=' . encoded($query{$_}) } sort keys %query;
	my %headers = (host => $self->{address}, 'x-amz-date' => POSIX::strftime('%Y%m%dT%H%M%SZ', gmtime),
		'x-amz-content-sha256' => sha256_hex($body), %{ $opts{headers} // {} });
	$headers{authorization} = $self->authorization($method, $path, $query, \%headers);

	my $socket = IO::Socket::INET->new(PeerAddr => $self->{address}, Timeout => 60) or die "no S3 service at $self->{address}: $@";
	binmode $socket;
	local $SIG{PIPE} = 'IGNORE';
	print $socket "$method $path" . ($query eq '' ? '' : "?$query") . " HTTP/1.1\r\n", map({ "$_: $headers{$_}\r\n" } sort keys %headers),
	  'content-length: ' . length($body) . "\r\nconnection: close\r\n\r\n", $body;
	my $answer = do { local $/; <$socket> } // '';
	my ($head, $content) = split /\r\n\r\n/, $answer, 2;
	my ($status) = ($head // '') =~ m{^HTTP/1\.1 (\d+)} or die "$method $path: no answer";
	my %answered = map { /^([^:]+):\s*(.*)$/ ? (lc $1 => $2) : () } split /\r\n/, $head;
	$content = unchunked($content) if ($answered{'transfer-encoding'} // '') eq 'chunked';
	return ($status, $content, \%answered);
}

sub unchunked
{
	my ($text) = @_;
	my $whole = '';
	while ($text =~ s/^([0-9a-fA-F]+)[^\r]*\r\n//)
	{
		my $size = hex $1 or last;
		$whole .= substr $text, 0, $size + 2, '';
		substr $whole, -2, 2, '';
	}
	return $whole;
}

# The body of what must succeed.
sub ask
{
	my ($self, $method, $path, %opts) = @_;
	my ($status, $body) = $self->request($method, $path, %opts);
	die "$method $path: $status $body" unless $status =~ /^2/;
	return $body;
}

# --- buckets and objects ------------------------------------------------------------------------

sub create_bucket { my ($self, $bucket, %opts) = @_; return $self->ask(PUT => "/$bucket", %opts); }
sub remove_bucket { my ($self, $bucket) = @_; return $self->ask(DELETE => "/$bucket"); }
sub put { my ($self, $bucket, $key, $bytes) = @_; return $self->ask(PUT => "/$bucket/$key", body => $bytes); }
sub get { my ($self, $bucket, $key) = @_; return $self->ask(GET => "/$bucket/$key"); }
sub remove { my ($self, $bucket, $key) = @_; return $self->ask(DELETE => "/$bucket/$key"); }

sub head
{
	my ($self, $bucket, $key) = @_;
	my ($status, undef, $headers) = $self->request(HEAD => "/$bucket/$key");
	return $status == 200 ? $headers : undef;
}

sub list
{
	my ($self, $bucket, $prefix) = @_;
	my %query = ('list-type' => 2, prefix => $prefix // '');
	my @keys;
	while (1)
	{
		my $page = $self->ask(GET => "/$bucket", query => \%query);
		push @keys, $page =~ m{<Contents><Key>([^<]*)</Key>}g;
		$page =~ m{<NextContinuationToken>([^<]*)</NextContinuationToken>} or return @keys;
		$query{'continuation-token'} = $1;
	}
	return;
}

sub empty_bucket { my ($self, $bucket) = @_; $self->remove($bucket, $_) for $self->list($bucket); return; }

sub copy_to
{
	my ($self, $bucket, $prefix, $directory) = @_;
	for my $key ($self->list($bucket, $prefix eq '' ? '' : "$prefix/"))
	{
		my $file = "$directory/" . ($prefix eq '' ? $key : substr $key, 1 + length $prefix);
		make_path(dirname($file));
		open my $fh, '>:raw', $file or die "$file: $!";
		print $fh $self->get($bucket, $key);
		close $fh or die "$file: $!";
	}
	return;
}

# --- rights -------------------------------------------------------------------------------------

# The guest may do this with the bucket's objects, or the bucket, and nothing else.
sub let_guest
{
	my ($self, $bucket, @actions) = @_;
	my $policy = JSON::PP::encode_json({ Version => '2012-10-17', Statement => [ {
		Effect => 'Allow', Principal => { AWS => [ 'arn:aws:iam:::user/guest' ] }, Action => \@actions,
		Resource => [ "arn:aws:s3:::$bucket", "arn:aws:s3:::$bucket/*" ] } ] });
	return $self->ask(PUT => "/$bucket", query => { policy => '' }, body => $policy);
}

1;
