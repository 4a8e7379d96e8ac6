# FaultProxy: test/s3/proxy.py in front of a service, for tests. Ends with the test, however that ends.
#
#   my $proxy = FaultProxy->new('127.0.0.1:30500');
#   $proxy->endpoint;                                    # http://127.0.0.1:PORT
#   $proxy->rules({ do => 'drop', n => 3 });             # the third request from now on
#   $proxy->rules(fault('503'), ...);                    # a fault by name, see below
#   $proxy->line(delay => 0.03, rate => 1_000_000);
#   my @requests = $proxy->log;                          # { n, method, path, status, rule }
package FaultProxy;

use strict;
use warnings;

use Exporter 'import';
use IPC::Open2 ();
use JSON::PP ();

our @EXPORT_OK = qw(fault faults xml_error);

sub new
{
	my ($class, $service) = @_;
	return $class->start('test/s3/proxy.py', $service);
}

# A program that takes the same orders.
sub start
{
	my ($class, $program, @arguments) = @_;
	my $pid = IPC::Open2::open2(my $from, my $to, 'python3', "$ENV{LIFEBOAT_SOURCE}/$program", @arguments);
	chomp(my $port = <$from> // die 'the proxy did not start');
	return bless { pid => $pid, from => $from, to => $to, port => $port }, $class;
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $@, $!);
	close $self->{to};
	waitpid $self->{pid}, 0;
	return;
}

sub endpoint { return "http://127.0.0.1:$_[0]{port}"; }
sub address { return "127.0.0.1:$_[0]{port}"; }

sub order
{
	my ($self, %order) = @_;
	local $SIG{PIPE} = 'IGNORE';
	my ($to, $from) = @$self{qw(to from)};
	syswrite $to, JSON::PP::encode_json(\%order) . "\n";
	return JSON::PP->new->utf8->allow_nonref->decode(scalar(<$from>) // die 'the proxy is gone');
}

sub rules { my ($self, @rules) = @_; return $self->order(order => 'rules', rules => \@rules); }
sub line { my ($self, %line) = @_; return $self->order(order => 'line', %line); }
sub log { my ($self) = @_; return @{ $self->order(order => 'log') }; }

# The answer of a service that refuses; `more` are further elements of its XML.
sub xml_error
{
	my ($status, $code, $message, %more) = @_;
	my $elements = join '', map { "<$_>$more{$_}</$_>" } sort keys %more;
	return { do => 'answer', status => $status,
		body => qq{<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>$code</Code><Message>$message</Message>$elements}
		  . '<RequestId>TESTREQUEST</RequestId></Error>' };
}

my %faults = (
	drop => { do => 'drop' },
	reset => { do => 'reset' },
	500 => xml_error(500, 'InternalError', 'We encountered an internal error. Please try again.'),
	503 => xml_error(503, 'SlowDown', 'Please reduce your request rate.'),
	403 => xml_error(403, 'AccessDenied', 'Access Denied'),
	'200 with an error' => xml_error(200, 'InternalError', 'We encountered an internal error. Please try again.'),
	'wrong etag' => { do => 'etag' },
	delay => { do => 'delay', seconds => 8 }, # longer than a timeout of a second
	cut => { do => 'cut' },
	lost => { do => 'lost' });

sub faults { return sort keys %faults; }
sub fault { my ($name, %more) = @_; return { %{ $faults{$name} // die "no fault $name" }, %more }; }

1;
