# LifeboatTest: what the tests of test/cluster share. Each test starts servers of its own with the extension loaded.
#
#   use LifeboatTest;
#   my $node = new_cluster('main');                      # started, extension created in database postgres
#   my $keys = make_keys($node);                         # lifeboat keygen and backup_create_key('main', ...)
#   my $store = make_store($node);                       # a directory and backup_create_store('local', ...)
#   my $id = run_backup($node, 'app');
#   my ($rc, $out, $err) = cli('verify', $id, '--store', "file://$store");
#   same_database($node, 'app', $node, 'app_restored', 'restored without a difference');
#
# Everything else is PostgreSQL::Test::Cluster and Test::More, which this exports too.
package LifeboatTest;

use strict;
use warnings;
use utf8;

use Exporter 'import';
use File::Path qw(make_path);
use File::Temp ();
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = (
	@Test::More::EXPORT,
	qw(new_cluster temp_dir write_file read_file
	  make_keys make_store run_backup last_backup
	  sql sql_error wait_for wait_up background finish_background
	  worker_pids kill_worker kill_pid wait_gone
	  cli cli_ok dump_text same_database regression_database
	  seconds_for measured source_dir bin_dir)
);

my $next_port = 20000 + ($$ % 5000) * 2;
my %temp_dirs;

# --- servers ------------------------------------------------------------------------------------

# A started server. Options: conf => { setting => value }, start => 0, extension => 0, preload => 0,
# streaming => 1 (for standbys), initdb => [...].
sub new_cluster
{
	my ($name, %opts) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name, port => ++$next_port);
	$node->init(
		allows_streaming => $opts{streaming},
		extra => [ '--encoding=UTF8', '--locale=C.UTF-8', @{ $opts{initdb} // [] } ]);

	# Cluster.pm's own settings are for tests that never crash a server.
	my %conf = (
		fsync => 'on',
		restart_after_crash => 'on',
		log_statement => 'none',
		log_line_prefix => "'%m [%p] %b %q%u\@%d '",
		max_worker_processes => 16,
		(defined $opts{preload} && !$opts{preload} ? () : (shared_preload_libraries => 'pg_lifeboat')),
		%{ $opts{conf} // {} });
	$node->append_conf('postgresql.conf', join('', map { "$_ = $conf{$_}\n" } sort keys %conf));
	return $node if defined $opts{start} && !$opts{start};
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION pg_lifeboat')
	  unless defined $opts{extension} && !$opts{extension};
	return $node;
}

sub source_dir { return $ENV{LIFEBOAT_SOURCE}; }

sub bin_dir
{
	chomp(my $dir = `"$ENV{PG_CONFIG}" --bindir`);
	return $dir;
}

# --- files --------------------------------------------------------------------------------------

# A directory that lives as long as the test.
sub temp_dir
{
	my $dir = File::Temp->newdir('lifeboat-XXXXXX', TMPDIR => 1);
	$temp_dirs{"$dir"} = $dir;
	return "$dir";
}

sub write_file
{
	my ($path, $text, $mode) = @_;
	open my $fh, '>:raw', $path or die "$path: $!";
	print $fh $text;
	close $fh or die "$path: $!";
	chmod $mode, $path if defined $mode;
	return $path;
}

sub read_file
{
	my ($path) = @_;
	open my $fh, '<:raw', $path or die "$path: $!";
	local $/;
	return scalar <$fh>;
}

# --- stores, keys, backups ----------------------------------------------------------------------

# Keys in a new directory, which is returned: recovery.crt, recovery.key, server.secret, signer.key, signer.pub.
# With a node the key is made known to it, too, under the name main or name => ...
sub make_keys
{
	my ($node, %opts) = @_;
	my $dir = temp_dir() . '/keys';
	cli_ok('keygen', $dir, '--no-passphrase');
	if ($node)
	{
		my $name = $opts{name} // 'main';
		sql($node,
			"SELECT backup_create_key('$name', recipients => ARRAY['file:$dir/recovery.crt'], "
			  . "secret => 'file:$dir/server.secret', signer => 'file:$dir/signer.key', make_default => true)");
	}
	return $dir;
}

# A store in a new directory, which is returned. Options: name, encryption.
sub make_store
{
	my ($node, %opts) = @_;
	my $dir = temp_dir() . '/store';
	mkdir $dir, 0700 or die "$dir: $!";
	my $name = $opts{name} // 'local';
	my $encryption = $opts{encryption} // 'required';
	sql($node, "SELECT backup_create_store('$name', 'file://$dir', encryption => '$encryption')") if $node;
	return $dir;
}

# Backs a database up and waits; returns the backup's id. Further arguments are those of backup_run, as SQL text.
sub run_backup
{
	my ($node, $database, %args) = @_;
	my $more = join '', map { ", $_ => $args{$_}" } sort keys %args;
	return sql($node, "SELECT backup_run(database => \$db\$$database\$db\$$more)");
}

sub last_backup
{
	my ($node, $database) = @_;
	return sql($node,
		"SELECT backup_id FROM backup_catalog WHERE database = \$db\$$database\$db\$ ORDER BY taken_at DESC LIMIT 1");
}

# --- psql ---------------------------------------------------------------------------------------

# A psql that finds no server goes before it has read what it is sent: then IPC::Run dies of the broken pipe. That is an
# unsuccessful psql like any other (2: no connection).
sub run_psql
{
	my ($node, $database, $text) = @_;
	my @result = eval { $node->psql($database, $text, on_error_stop => 1, on_error_die => 0) };
	return @result if @result;
	die $@ unless $@ =~ /Broken pipe/;
	return (2, '', "psql was gone before it was sent its text: $@");
}

# Waits until the server answers, after a crash or a start.
sub wait_up
{
	my ($node) = @_;
	my $until = time + $PostgreSQL::Test::Utils::timeout_default;
	while (time < $until)
	{
		my ($out, $err) = ('', '');
		IPC::Run::run([ 'psql', '-X', '-A', '-t', '-d', $node->connstr('postgres'), '-c', 'SELECT NOT pg_is_in_recovery()' ],
			'<', \undef, '>', \$out, '2>', \$err);
		return 1 if $out eq "t\n";
		sleep 0.1;
	}
	return fail('the server does not answer');
}

# Runs SQL (in database postgres, or the one named first: sql($node, app => '...')), dies on an error, returns the output.
sub sql
{
	my ($node, @args) = @_;
	my ($database, $text) = @args == 2 ? @args : ('postgres', @args);
	my ($rc, $out, $err) = run_psql($node, $database, $text);
	die "SQL failed: $text\n$err" if $rc != 0;
	return $out;
}

# Runs SQL that fails; returns what psql wrote to stderr with SQLSTATE, detail and hint, without psql's own prefixes.
sub sql_error
{
	my ($node, @args) = @_;
	my ($database, $text) = @args == 2 ? @args : ('postgres', @args);
	my ($rc, $out, $err) = run_psql($node, $database, "\\set VERBOSITY verbose\n$text");
	$err =~ s/^psql:[^:]*:\d+: //mg;
	$err =~ s/^LOCATION:.*\n?//mg;
	return $rc == 0 ? "no error, but: $out" : $err;
}

# Polls until the query returns true (or `expected`); fails the test with the last answer after `timeout` seconds.
sub wait_for
{
	my ($node, $query, %opts) = @_;
	my $expected = $opts{expected} // 't';
	my $database = $opts{database} // 'postgres';
	my $until = time + ($opts{timeout} // $PostgreSQL::Test::Utils::timeout_default);
	my ($out, $err) = ('', '');
	while (time < $until)
	{
		(my $rc, $out, $err) = run_psql($node, $database, $query);
		return 1 if $rc == 0 && $out eq $expected;
		sleep 0.1;
	}
	fail("waited in vain for: $query");
	diag("last answer: $out $err");
	return 0;
}

# A psql that runs beside the test; finish_background returns (exit code, stdout, stderr).
sub background
{
	my ($node, @args) = @_;
	my ($database, $text) = @args == 2 ? @args : ('postgres', @args);
	my $run = { out => '', err => '' };
	$run->{handle} = IPC::Run::start(
		[ 'psql', '-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-c', $text ],
		'<', \undef, '>', \$run->{out}, '2>', \$run->{err});
	return $run;
}

sub finish_background
{
	my ($run, %opts) = @_;
	my $pid = $run->{handle}{KIDS}[0]{PID};
	kill $opts{signal}, $pid if $opts{signal};
	$run->{handle}->finish;
	return ($run->{handle}->full_result >> 8, $run->{out}, $run->{err});
}

# --- processes ----------------------------------------------------------------------------------

# Pids of background workers whose backend_type matches: 'lifeboat launcher', 'lifeboat run%', 'lifeboat leader%',
# 'parallel worker'; oldest first.
sub worker_pids
{
	my ($node, $type) = @_;
	return split /\n/, sql($node,
		"SELECT pid FROM pg_stat_activity WHERE backend_type LIKE '$type' ORDER BY backend_start, pid");
}

# Waits for such a worker, sends it a signal, returns its pid.
sub kill_worker
{
	my ($node, $type, $signal) = @_;
	wait_for($node, "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type LIKE '$type'") or return;
	my ($pid) = worker_pids($node, $type);
	return kill_pid($pid, $signal);
}

sub kill_pid
{
	my ($pid, $signal) = @_;
	kill($signal // 'KILL', $pid) or diag("kill $pid: $!");
	return $pid;
}

# Waits until a process is gone; returns the seconds it took, or fails the test.
sub wait_gone
{
	my ($pid, $timeout) = @_;
	my $start = time;
	while (kill 0, $pid)
	{
		return fail("process $pid is still there") if time - $start > ($timeout // 10);
		sleep 0.02;
	}
	return time - $start;
}

# --- the command line ---------------------------------------------------------------------------

# Runs lifeboat; returns exit code, stdout, stderr. A hash reference first: { env => {...}, stdin => '...' }.
sub cli
{
	my $opts = ref $_[0] ? shift : {};
	my @args = @_;
	local %ENV = (%ENV, %{ $opts->{env} // {} });
	my ($out, $err) = ('', '');
	my $stdin = $opts->{stdin} // '';
	note("lifeboat @args");
	IPC::Run::run([ bin_dir() . '/lifeboat', @args ], '<', \$stdin, '>', \$out, '2>', \$err);
	my $status = $?;
	return ($status & 127 ? 128 + ($status & 127) : $status >> 8, $out, $err);
}

# Runs lifeboat, which must succeed; returns stdout.
sub cli_ok
{
	my ($rc, $out, $err) = cli(@_);
	die "lifeboat @_: exit code $rc\n$err" if $rc != 0;
	return $out;
}

# --- comparing ----------------------------------------------------------------------------------

# The dump of a database as text, without what differs between any two dumps. Options: args => [...] for pg_dump,
# adjust => sub { text in $_ }.
sub dump_text
{
	my ($node, $database, %opts) = @_;
	my ($text, $err) = ('', '');
	IPC::Run::run(
		[ 'pg_dump', '--no-sync', @{ $opts{args} // [] }, '-d', $node->connstr($database) ],
		'>', \$text, '2>', \$err)
	  or die "pg_dump of $database failed: $err";
	$text =~ s/^\\(un)?restrict .*\n//mg;
	$text =~ s/^-- Dumped (from|by) .*\n//mg;
	$text =~ s/\b\Q$database\E\b/DATABASE/g if $opts{create};
	if ($opts{adjust}) { $opts{adjust}->() for $text; }
	return $text;
}

# Passes when both databases dump alike; otherwise shows the first differences.
sub same_database
{
	my ($node_a, $db_a, $node_b, $db_b, $name, %opts) = @_;
	my $dir = temp_dir();
	write_file("$dir/a", dump_text($node_a, $db_a, %opts));
	write_file("$dir/b", dump_text($node_b, $db_b, %opts));
	my $diff = '';
	IPC::Run::run([ 'diff', '-u', "$dir/a", "$dir/b" ], '>', \$diff);
	return pass($name) if $diff eq '';
	my @lines = split /\n/, $diff;
	fail($name);
	diag(join "\n", grep { defined } @lines[ 0 .. 59 ]);
	return 0;
}

# --- PostgreSQL's own regression database -------------------------------------------------------

# Fills database regression of the node. Tests that call this are given its sources by test/run.
sub regression_database
{
	my ($node) = @_;
	my $dir = $ENV{LIFEBOAT_REGRESSDB_DIR};
	die "the regression database's sources are missing, see test/regressdb/make.sh\n" unless $dir && -e "$dir/complete";
	local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, OUT => temp_dir());
	delete $ENV{PGUSER};
	delete $ENV{PGDATABASE};
	my $out = '';
	my $fsync = sub { sql($node, $_) for "ALTER SYSTEM $_[0]", 'SELECT pg_reload_conf()'; };
	$fsync->('SET fsync = off');
	IPC::Run::run([ source_dir() . '/test/regressdb/make.sh', 'load', $dir ], '>&', \$out) or die $out;
	$fsync->('RESET fsync');
	note($out);
	return;
}

# --- measuring ----------------------------------------------------------------------------------

sub seconds_for
{
	my ($code) = @_;
	my $start = time;
	$code->();
	return time - $start;
}

# Prints a figure that the summary of test/run repeats.
sub measured
{
	my ($what) = @_;
	diag("measured: $what");
	return;
}

1;
