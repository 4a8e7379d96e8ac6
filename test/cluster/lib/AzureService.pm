# AzureService: the Azure Blob Storage that test/run has started, as a client of our own sees it.
#
#   my $azure = AzureService->new;                       # or plan skip_all unless AzureService::here()
#   $azure->create_container('c');
#   my $sas = $azure->token('c', 'rcw');                 # a shared access signature: read, create, write, for an hour
#   my ($status, $body) = $azure->request('GET', '/c/name');
package AzureService;

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256_base64);
use HTTP::Tiny ();
use MIME::Base64 qw(decode_base64);
use POSIX ();

my $version = '2020-10-02';

sub here { return defined $ENV{LIFEBOAT_AZURE}; }
sub endpoint { return $ENV{LIFEBOAT_AZURE}; }
sub account { return $ENV{LIFEBOAT_AZURE} =~ m{/([^/]+)$} ? $1 : die 'LIFEBOAT_AZURE has no account'; }
sub key { return $ENV{AZURE_STORAGE_KEY}; }

sub new { my ($class) = @_; return bless {}, $class; }

sub signature
{
	my ($text) = @_;
	my $hash = hmac_sha256_base64($text, decode_base64(key()));
	return $hash . '=' x (-length($hash) % 4);
}

# Status, body and headers. `query` is a hash.
sub request
{
	my ($self, $method, $path, %opts) = @_;
	my %query = %{ $opts{query} // {} };
	my %headers = ('x-ms-date' => POSIX::strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime), 'x-ms-version' => $version,
		'content-type' => 'application/octet-stream', %{ $opts{headers} // {} });
	my $body = $opts{body} // '';
	my $to_sign = join("\n", $method, '', '', length $body || '', '', $headers{'content-type'}, ('') x 6) . "\n"
	  . join('', map { "$_:$headers{$_}\n" } sort grep { /^x-ms-/ } keys %headers)
	  . '/' . $self->account . '/' . $self->account . $path . join('', map { "\n$_:$query{$_}" } sort keys %query);
	my $url = $self->endpoint . $path . (%query ? '?' . join('&', map { "$_=$query{$_}" } sort keys %query) : '');
	my $answer = HTTP::Tiny->new->request($method, $url,
		{ headers => { %headers, authorization => 'SharedKey ' . $self->account . ':' . signature($to_sign) }, content => $body });
	return ($answer->{status}, $answer->{content}, $answer->{headers});
}

sub create_container
{
	my ($self, $name) = @_;
	my ($status, $body) = $self->request('PUT', "/$name", query => { restype => 'container' });
	die "could not create container $name: $status $body" unless $status == 201 || $status == 409;
	return $name;
}

# A shared access signature of the service for one container.
sub token
{
	my ($self, $container, $rights) = @_;
	my ($from, $until) = map { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $_)) } -300, 3600;
	my $resource = '/blob/' . $self->account . "/$container";
	my $text = join "\n", $rights, $from, $until, $resource, '', '', '', $version, 'c', ('') x 6;
	my %query = (sv => $version, sr => 'c', sp => $rights, st => $from, se => $until, sig => signature($text));
	s/([^A-Za-z0-9\-_.~])/sprintf '%%%02X', ord $1/ge for values %query;
	return join '&', map { "$_=$query{$_}" } sort keys %query;
}

1;
