# Clusters and runs that share a store, prunes included: two clusters with a schedule each of the same name and database, a
# cluster that prunes while another's run is at work, and two runs of one database at once. Neither harms the other.
use strict;
use warnings;

use Held;
use LifeboatTest;
use Time::HiRes qw(sleep time);

my ($bin, $slow) = slow_pg_dump();

my $store;
my @nodes;
for my $name (qw(first second))
{
	my $node = new_cluster($name, conf => {
		'lifeboat.workers' => 1, 'lifeboat.max_concurrent_runs' => 2, $name eq 'first' ? ('lifeboat.bin_directory' => "'$bin'") : () });
	make_keys($node);
	if (!$store) { $store = make_store($node); }
	else { sql($node, "SELECT backup_create_store('local', 'file://$store')"); }
	sql($node, 'CREATE DATABASE app');
	sql($node, app => "CREATE TABLE t AS SELECT n, '$name' AS of FROM generate_series(1, 1000) n");
	sql($node, q{SELECT backup_schedule('nightly', '0 0 1 1 *', 'app', retries => 0, keep_last => 2)});
	push @nodes, $node;
}
my ($first, $second) = @nodes;

sub prune { my ($node) = @_; return sql($node, q{SELECT count(*) FROM backup_prune(dry_run => false)}); }

# What it has taken itself.
sub available
{
	my ($node) = @_;
	return split /\n/, sql($node, q{SELECT backup_id FROM backup_restore_points WHERE status = 'available' AND NOT imported ORDER BY taken_at DESC});
}

sub in_store { return join ' ', sort map { s{.*/}{}r } glob "$store/backups/*"; }

# Every backup that a cluster has taken is sound.
sub all_sound
{
	my ($what) = @_;
	for my $node (@nodes)
	{
		is(sql($node, q{SELECT count(*) FROM backup_catalog WHERE status = 'damaged'}), '0', "$what: none is damaged");
		for my $id (available($node))
		{
			is(sql($node, "SELECT ok, problems FROM backup_verify('$id')"), 't|{}', "$what: $id is sound");
		}
	}
	return;
}

# Objects and key files that no manifest names.
sub unnamed
{
	my %named;
	for my $manifest (glob "$store/backups/*/manifest.json")
	{
		my $text = read_file($manifest);
		my ($keys) = $text =~ /"key_ids":\s*\[([^\]]*)\]/;
		$named{$_} = 1 for $text =~ m{"(objects/[^"]+)"}g, $keys =~ /"([0-9a-f]{32})"/g;
	}
	return join "\n", grep { !$named{ m{^keys/([0-9a-f]{32})\.} ? $1 : $_ } }
	  map { substr $_, length("$store/") } glob "$store/objects/*/* $store/keys/*";
}

# --- in turn ----------------------------------------------------------------------------------------------

for (1 .. 3) { sql($_, q{SELECT backup_run('nightly')}) for @nodes; }
is(scalar(available($_)), 2, $_->name . ' has its two') for @nodes;
is(in_store(), join(' ', sort map { available($_) } @nodes), 'and the store has those of both');
is(unnamed(), '', 'and no more');
all_sound('in turn');

# What another has taken is no floor of ours, and none of our rules apply to it.
sql($second, q{SELECT count(*) FROM backup_import('local')});
is(sql($second, q{SELECT keep_rule, count(*) FROM backup_catalog WHERE status = 'available' GROUP BY 1 ORDER BY 1}),
	"keep_last|1\nkeep_last,floor_complete,floor_verified|1\nno_policy|2", 'imported backups have no rule');
sql($second, q{SELECT backup_alter_schedule('nightly', keep_last => 1)});
prune($second);
my $own = sql($second, q{SELECT backup_id FROM backup_catalog WHERE status = 'available' AND keep_rule LIKE 'keep_last%'});
is(in_store(), join(' ', sort($own, available($first))), "a prune leaves the other's alone");
is(unnamed(), '', 'and nothing of what it deleted');
sql($second, q{SELECT backup_alter_schedule('nightly', keep_last => 2)});

# --- while a run of the other is at work ----------------------------------------------------------------------

write_file($slow, '');
my $run = background($first, q{SELECT backup_run('nightly')});
wait_for($first, q{SELECT count(*) > 0 FROM backup_progress WHERE phase = 'schema'}, timeout => 30);
my $live = sql($first, 'SELECT backup_id FROM backup_runs ORDER BY id DESC LIMIT 1');
my @keys_before = glob "$store/keys/*";
sql($second, q{SELECT backup_run('nightly')}) for 1 .. 2;
sql($second, q{SELECT backup_alter_schedule('nightly', keep_last => 1)});
my ($rc, $out, $err) = $second->psql('postgres', q{SELECT count(*) FROM backup_prune(dry_run => false)});
is($rc, 0, "a prune while the other's run is at work");
like($err, qr/NOTICE:  some objects that no backup uses were kept in store "local": a run may be at work there/, 'keeps what is young');
isnt(unnamed(), '', "the run's key is there, which nothing names yet");
ok(-e "$store/backups/$live/started", 'and what says that it is at work');
unlink $slow;
($rc, $out, $err) = finish_background($run);
is($rc, 0, "the other's run ends well") or diag($err);
all_sound('beside a run');
prune($second);
is(unnamed(), '', 'the next prune removes what was left');
sql($second, q{SELECT backup_alter_schedule('nightly', keep_last => 2)});

# --- two runs of one database at once ------------------------------------------------------------------------

for my $node (@nodes)
{
	sql($node, q{SELECT backup_schedule('hourly', '0 0 1 1 *', 'app', retries => 0, keep_last => 1)});
}
my $until = time + 12;
my $rounds = 0;
while (time < $until)
{
	my @at_once = map { my $node = $_; map { background($node, "SELECT backup_run('$_')") } qw(nightly hourly) } @nodes;
	push @at_once, map { background($_, q{SELECT count(*) FROM backup_prune(dry_run => false)}) } @nodes;
	for my $one (@at_once)
	{
		my ($rc, $out, $err) = finish_background($one);
		is($rc, 0, 'at once: a run or a prune succeeds') or diag($err);
	}
	++$rounds;
}
note("$rounds rounds");
all_sound('at once');
prune($_) for @nodes;
is(sql($_, q{SELECT schedule, count(*) FROM backup_catalog WHERE status = 'available' AND keep_rule <> 'no_policy' AND keep_rule ~ 'keep_last' GROUP BY 1 ORDER BY 1}),
	"hourly|1\nnightly|2", $_->name . ' has what its rules say') for @nodes;
is(unnamed(), '', 'and the store nothing that nobody names');
is(sql($_, q{SELECT count(*) FROM backup_runs WHERE EXISTS (SELECT FROM unnest(notes) n WHERE n LIKE '%could not%')}), '0',
	$_->name . ': no run had to complain') for @nodes;

$_->stop for @nodes;
done_testing();
