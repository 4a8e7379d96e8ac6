# What a user is told of stores, secrets and schedules that cannot work, word for word.
use strict;
use warnings;

use LifeboatTest;

my $node = new_cluster('words', conf => { 'lifeboat.workers' => 1 });
make_keys($node);
sql($node, 'CREATE DATABASE app');
sql($node, app => 'CREATE TABLE t AS SELECT 1 AS n');
my $user = getpwuid $>;
my $dir = make_store($node);
my $store_id = sql($node, 'SELECT store_id FROM backup_stores');

sub refused
{
	my ($query, $expected, $name) = @_;
	chomp(my $error = sql_error($node, $query));
	return is($error, $expected, $name);
}

# --- directories -------------------------------------------------------------------------------------

my $locked = temp_dir();
chmod 0500, $locked;
refused("SELECT backup_create_store('locked', 'file://$locked')",
	qq{ERROR:  58030: could not create "repo.json" in store directory "$locked": Permission denied
DETAIL:  "$locked" belongs to user "$user" and has mode 0500; this process runs as user "$user".
HINT:  Run: chmod u+rwX "$locked"}, 'an unwritable directory');
rmdir $locked;
refused("SELECT backup_create_store('locked', 'file://$locked')",
	qq{ERROR:  58P01: store directory "$locked" does not exist\nHINT:  Make it: install -d -m 700 -o $user "$locked"}, 'a missing directory');

SKIP:
{
	skip 'needs root, who can mount a read-only file system', 1 unless $ENV{LIFEBOAT_READ_ONLY_DISK};
	my $disk = $ENV{LIFEBOAT_READ_ONLY_DISK};
	refused("SELECT backup_create_store('read_only', 'file://$disk')",
		qq{ERROR:  58030: could not create "repo.json" in store directory "$disk": Read-only file system
DETAIL:  The file system of the store is mounted read-only.
HINT:  Remount it with "mount -o remount,rw", or choose another store.}, 'a read-only file system');
}

my $other = make_store($node, name => 'other');
my $other_id = sql($node, q{SELECT store_id FROM backup_stores WHERE name = 'other'});
rename "$dir/repo.json", "$dir/repo.json.was" or die $!;
write_file("$dir/repo.json", read_file("$other/repo.json"));
refused(q{SELECT backup_run(database => 'app', store => 'local')},
	qq{ERROR:  58P01: store "local" at file://$dir is another store
DETAIL:  The catalog knows it as $store_id, its repo.json says $other_id.
HINT:  Is it mounted?}, 'another store in its place');
rename "$dir/repo.json.was", "$dir/repo.json" or die $!;

# Nobody signs repo.json.
my $repo = read_file("$dir/repo.json");
my $stranger = 'ab' x 16;
my $unknown = qq{ERROR:  XX001: repo.json of store "local" accepts objects of a store that the catalog does not know
DETAIL:  It names $stranger in accepted_origins, and nobody signs repo.json.
HINT:  If objects of that store were copied here, call backup_create_store for it too, or, if it is lost, backup_accept_origin('local', '$stranger'); else take the id out of repo.json.};
(my $accepting = $repo) =~ s/"accepted_origins": \[\]/"accepted_origins": ["$stranger"]/ or die $repo;
chmod 0600, "$dir/repo.json";
write_file("$dir/repo.json", $accepting);
refused(q{SELECT backup_run(database => 'app', store => 'local')}, $unknown, 'a store that accepts a stranger takes no backup');
refused(q{SELECT * FROM backup_import('local')}, $unknown, 'and nothing is imported from it');
(my $known = $repo) =~ s/"accepted_origins": \[\]/"accepted_origins": ["$other_id"]/ or die $repo;
write_file("$dir/repo.json", $known);
like(sql($node, q{SELECT backup_run(database => 'app', store => 'local')}), qr/^app-/, 'one that accepts a store of the catalog does');
write_file("$dir/repo.json", $repo);

# --- secrets -----------------------------------------------------------------------------------------

my $secret = temp_dir() . '/secret';
write_file($secret, ('00' x 32) . "\n", 0644);
refused("SELECT backup_create_key('open', secret => 'file:$secret')",
	qq{ERROR:  42501: file "$secret" given as "secret" has mode 0644, which others may read or which is unusual
DETAIL:  A secret file must belong to the user that reads it and have mode 0600 or 0400, or belong to root and have mode 0640.
HINT:  chmod 600 $secret}, 'a secret that everybody can read');

# --- pg_hba.conf ---------------------------------------------------------------------------------------

my $hba = $node->data_dir . '/pg_hba.conf';
my $rules = read_file($hba);
write_file($hba, "local app all reject\n$rules");
$node->reload;
like(sql_error($node, q{SELECT backup_run(database => 'app')}),
	qr/\AERROR:  08001: pg_dump could not connect to database "app"\nDETAIL:  .*pg_hba\.conf rejects connection for host "\[local\]", user "\Q$user\E", database "app".*\nHINT:  Set lifeboat\.connection to a connection string that pg_hba\.conf admits/s,
	'pg_hba.conf that refuses the child');
write_file($hba, $rules);
$node->reload;

# --- schedules -----------------------------------------------------------------------------------------

refused(q{SELECT backup_schedule('never', '* 2 8-14 3 */7', 'app', timezone => 'America/New_York')},
	qq{ERROR:  22023: cron expression "* 2 8-14 3 */7" does not fire in time zone "America/New_York"
DETAIL:  All its times of the next 100 years are skipped when clocks are put forward.
HINT:  Name the minute and hour without *, so that skipped times run at the first moment after.}, 'a schedule that never fires in its zone');
is(sql($node, 'SELECT count(*) FROM backup_schedules'), '0', 'is not made');
sql($node, q{SELECT backup_schedule('march', '* 2 8-14 3 */7', 'app', timezone => 'UTC')});
refused(q{SELECT backup_alter_schedule('march', timezone => 'America/New_York')},
	qq{ERROR:  22023: cron expression "* 2 8-14 3 */7" does not fire in time zone "America/New_York"
DETAIL:  All its times of the next 100 years are skipped when clocks are put forward.
HINT:  Name the minute and hour without *, so that skipped times run at the first moment after.}, 'nor changed into one');
sql($node, q{SELECT backup_unschedule('march')});

# A clock that was days ahead and is set right: what came due then comes due again, and says so.
sql($node, q{SELECT backup_schedule('daily', format('%s %s * * *', extract(minute FROM at), extract(hour FROM at)), 'app', timezone => 'UTC')
	FROM (SELECT (now() - interval '2 hours') AT TIME ZONE 'UTC') t (at)});
sub due_again
{
	sql($node, q{UPDATE backup_ticks SET last_due = now() - interval '20 hours' WHERE schedule = 'daily'});
	sql($node, q{SELECT backup_alter_schedule('daily', tags => '{again}')});
	return;
}
due_again();
wait_for($node, q{SELECT count(*) = 1 FROM backup_runs WHERE schedule = 'daily' AND status = 'succeeded'}, timeout => 60);
my $first = sql($node, q{SELECT id FROM backup_runs WHERE schedule = 'daily'});
due_again();
wait_for($node, q{SELECT count(*) = 2 FROM backup_runs WHERE schedule = 'daily' AND status = 'succeeded'}, timeout => 60);
is(sql($node, q{SELECT count(DISTINCT scheduled_for) FROM backup_runs WHERE schedule = 'daily'}), '1', 'a due time that comes again runs again');
is(sql($node, q{SELECT string_agg(n, ',') FROM backup_runs r, unnest(notes) n WHERE schedule = 'daily' AND n LIKE 'due a second%' AND r.id > } . $first),
	"due a second time after run $first: the clock was set back", 'and names the run it had');

$node->stop;
done_testing();
