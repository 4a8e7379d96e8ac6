# pg_lifeboat as its users have it: encrypted, signed, into a directory, by backup_run.
package Bench::Lifeboat;

use strict;
use warnings;

use Exporter 'import';
use Bench::Files;
use Bench::Server qw(psql value);

our @EXPORT_OK = qw(set_up contender accepts verify_rows version);

my $made = 0;
my ($keys, $store, $id);

sub lifeboat { return "$ENV{BENCH_BIN}/lifeboat"; }

sub run_or_die { system(@_) == 0 or die "failed: @_\n"; return; }

# Extension and keys; the data may come from an earlier time with an older extension.
sub set_up
{
	$keys = "$ENV{BENCH_WORK}/keys";
	run_or_die('sh', '-c', '"$0" keygen "$1" --no-passphrase >"$1.log" 2>&1', lifeboat(), $keys);
	value('postgres', 'SET client_min_messages = error', 'DROP EXTENSION IF EXISTS pg_lifeboat CASCADE',
		'CREATE EXTENSION pg_lifeboat',
		"SELECT backup_create_key('main', recipients => '{file:$keys/recovery.crt}', secret => 'file:$keys/server.secret', "
		  . "signer => 'file:$keys/signer.key', make_default => true)");
	return;
}

sub version { return value('postgres', q{SELECT extversion FROM pg_extension WHERE extname = 'pg_lifeboat'}); }

# A store of its own for each run, so that removing one leaves no trace in another.
sub new_run
{
	my ($database, $compression, $workers, %opts) = @_;
	my $name = 'bench' . ++$made;
	$store = "$ENV{BENCH_WORK}/store-$name";
	mkdir $store, 0700 or die "$store: $!";
	my $more = ($opts{table} ? ", include_tables => '{$opts{table}}'" : '') . ($opts{max_rate} ? ", max_rate => $opts{max_rate}" : '');
	value('postgres', "SELECT backup_create_store('$name', 'file://$store')",
		"SELECT backup_schedule('$name', '\@yearly', database => '$database', store => '$name', "
		  . "compression => '$compression', workers => $workers, enabled => false$more)");
	return $name;
}

# Does this build know that compression?
sub accepts
{
	my ($compression) = @_;
	my $name = 'accepts' . ++$made;
	my $dir = "$ENV{BENCH_WORK}/$name";
	mkdir $dir;
	value('postgres', "SELECT backup_create_store('$name', 'file://$dir')");
	return system('sh', '-c', 'exec 2>/dev/null; exec "$@"', 'sh', psql('postgres', '-o', '/dev/null', '-c',
		"SELECT backup_schedule('$name', '\@yearly', database => 'bench_empty', store => '$name', compression => '$compression', "
		  . "enabled => false)")) == 0;
}

sub set_nice
{
	my ($nice) = @_;
	value('postgres', "ALTER SYSTEM SET lifeboat.worker_nice = $nice");
	value('postgres', 'SELECT pg_reload_conf()');
	return;
}

# Options: jobs, table; max_rate (bytes a second) and nice (of the workers), with `what` to say so.
sub contender
{
	my ($database, $compression, %opts) = @_;
	my $workers = $opts{jobs} // 2;
	return {
		who => 'pg_lifeboat', what => $opts{what} // ($workers == 1 ? '1 worker' : "$workers workers"), compression => $compression,
		jobs => $workers, ours => 1,
		prepare => sub {
			my $name = new_run($database, $compression, $workers, %opts);
			set_nice($opts{nice}) if defined $opts{nice};
			return [ 'sh', '-c', 'out=$1; shift; exec "$@" >"$out" 2>"$out.err" || { cat "$out.err" >&2; exit 1; }', 'sh',
				"$ENV{BENCH_WORK}/id", psql('postgres', '-c', "SELECT backup_run(schedule => '$name')") ];
		},
		stored => sub { return Bench::Files::size_of($store); },
		clean => sub {
			Bench::Files::remove($store);
			set_nice('DEFAULT') if defined $opts{nice};
		} };
}

sub last_id
{
	open my $fh, '<', "$ENV{BENCH_WORK}/id" or die "no backup: $!";
	chomp(my $line = <$fh>);
	return $line;
}

sub digest_of
{
	my ($shell, @args) = @_;
	open my $out, '-|', 'bash', '-o', 'pipefail', '-c', "$shell | sha256sum", 'bash', @args or die "bash: $!";
	my ($digest) = <$out> =~ /^([0-9a-f]{64})/;
	close $out or die "failed: @args\n";
	return $digest;
}

# The backup that lies in the store now: its signature, every object's content, and each table's rows against COPY.
sub verify_rows
{
	my ($database, @tables) = @_;
	my @where = ('--store', "file://$store", '--secret', "file:$keys/server.secret", '--signer-public', "$keys/signer.pub");
	run_or_die('sh', '-c', 'exec "$@" >"$0" 2>&1 || { cat "$0" >&2; exit 1; }', "$ENV{BENCH_WORK}/verify.log",
		lifeboat(), 'verify', last_id(), @where);
	for my $table (@tables)
	{
		my $stored = digest_of('"$@"', lifeboat(), 'cat', last_id(), '--table', "public.$table", @where);
		my $copied = digest_of('"$@"', psql($database, '-c', "COPY $table TO STDOUT"));
		die "the rows of $table differ from COPY $table TO STDOUT\n" if $stored ne $copied;
	}
	return scalar @tables;
}

1;
