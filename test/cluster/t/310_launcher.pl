# The launcher: fires, retries, writes down what it missed, survives, and lets no bad schedule spoil the others.
use strict;
use warnings;

use LifeboatTest;
use Time::HiRes qw(sleep time);

my $node = new_cluster('main', conf => { 'lifeboat.workers' => 1, 'lifeboat.max_concurrent_runs' => 1 });
make_keys($node);
my $store = make_store($node);
sql($node, "CREATE DATABASE $_") for qw(app other doomed);
sql($node, app => 'CREATE TABLE t AS SELECT generate_series(1, 100) AS n');

is(sql($node, "SELECT status FROM backup_health WHERE check_name = 'launcher'"), 'ok', 'the launcher runs');
is(sql($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'lifeboat launcher'"), '1', 'under its name');

# --- fires ------------------------------------------------------------------------------------------

sql($node, "SELECT backup_schedule('often', '2 seconds', 'app', verify => 'content')");
wait_for($node, "SELECT count(*) >= 2 FROM backup_runs WHERE schedule = 'often' AND status = 'succeeded'");
pass('an interval fires again and again');
is(sql($node, "SELECT bool_and(scheduled_for IS NOT NULL AND requested_by IS NULL AND acting_role = current_user::regrole) FROM backup_runs WHERE schedule = 'often'"),
	't', 'runs of the launcher name their due time and the owner');
is(sql($node, "SELECT bool_or(verified_level = 'content') FROM backup_catalog WHERE schedule = 'often'"), 't', 'verify runs after each backup');
sql($node, "SELECT backup_pause('often')");
wait_for($node, "SELECT count(*) = 0 FROM backup_runs WHERE status IN ('queued', 'running')");
my $count = sql($node, "SELECT count(*) FROM backup_runs");
sleep 3;
is(sql($node, "SELECT count(*) FROM backup_runs"), $count, 'a paused schedule does not fire');
my $began = time;
sql($node, "SELECT backup_resume('often')");
wait_for($node, "SELECT count(*) > $count FROM backup_runs");
cmp_ok(time - $began, '<', 8, 'a resumed one does');
sql($node, "SELECT backup_unschedule('often')");
wait_for($node, "SELECT count(*) = 0 FROM backup_runs WHERE status IN ('queued', 'running')");

# --- every database ---------------------------------------------------------------------------------

sql($node, "SELECT backup_schedule('all', '2 seconds', '*')");
wait_for($node, "SELECT count(DISTINCT database) = 4 FROM backup_runs WHERE schedule = 'all' AND status = 'succeeded'");
sql($node, "SELECT backup_unschedule('all')");
is(sql($node, "SELECT string_agg(DISTINCT database, ' ' ORDER BY database) FROM backup_runs WHERE schedule = 'all'"),
	'app doomed other postgres', '* is every database that is no template');
wait_for($node, "SELECT count(*) = 0 FROM backup_runs WHERE status IN ('queued', 'running')");

# --- a bad schedule spoils itself only --------------------------------------------------------------

sql($node, 'CREATE ROLE mortal LOGIN SUPERUSER');
sql($node, "SET ROLE mortal; SELECT backup_schedule('orphan', '2 seconds', 'app', retries => 0)");
sql($node, "SELECT backup_schedule('homeless', '2 seconds', 'doomed', retries => 0)");
sql($node, "SELECT backup_schedule('broken', '2 seconds', 'app', retries => 0)");
sql($node, "UPDATE backup_schedules SET timezone = 'Mars/Olympus' WHERE name = 'broken'");
sql($node, 'DROP ROLE mortal');
wait_for($node, "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = 'doomed'");
sql($node, 'DROP DATABASE doomed WITH (FORCE)');
sql($node, "SELECT backup_schedule('sound', '2 seconds', 'other')");
wait_for($node, "SELECT count(*) > 0 FROM backup_runs WHERE schedule = 'sound' AND status = 'succeeded'");
wait_for($node, "SELECT count(*) > 0 FROM backup_runs WHERE schedule = 'orphan' AND status = 'failed' AND error = 'the role that the run acts as no longer exists'");
wait_for($node, "SELECT count(*) > 0 FROM backup_runs WHERE schedule = 'homeless' AND status = 'failed' AND error = 'database \"doomed\" does not exist'");
pass('a dropped role, a dropped database and a bad zone spoil their own schedules only');
is(sql($node, "SELECT string_agg(subject, ' ' ORDER BY subject) FROM backup_health WHERE check_name = 'schedule' AND status = 'critical' AND subject <> 'sound'"),
	'broken homeless orphan', 'backup_health names them');
sql($node, "SELECT backup_unschedule('$_')") for qw(orphan homeless broken);

# --- survives ---------------------------------------------------------------------------------------

my ($launcher) = worker_pids($node, 'lifeboat launcher');
sql($node, "SELECT pg_terminate_backend($launcher)");
wait_for($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'lifeboat launcher' AND pid <> $launcher");
$count = sql($node, "SELECT max(id) FROM backup_runs");
wait_for($node, "SELECT count(*) > 0 FROM backup_runs WHERE id > $count AND schedule = 'sound' AND status = 'succeeded'");
pass('the launcher comes back after pg_terminate_backend and goes on');
sql($node, "SELECT backup_unschedule('sound')");
wait_for($node, "SELECT count(*) = 0 FROM backup_runs WHERE status IN ('queued', 'running')");

# --- retries ----------------------------------------------------------------------------------------

rename $store, "$store.away" or die $!;
sql($node, "SELECT backup_create_store('elsewhere', 'file://" . temp_dir() . "')");
sql($node, "SELECT backup_schedule('stubborn', '\@hourly', 'app', store => 'elsewhere', retries => 2, retry_delay => '1 second')");
sql($node, "UPDATE backup_schedules SET store = 'local' WHERE name = 'stubborn'");
# Its due time is now.
sql($node, "INSERT INTO backup_runs (schedule, database, store, type, status, scheduled_for, acting_role) VALUES ('stubborn', 'app', 'local', 'full', 'queued', now(), current_user::regrole)");
sql($node, "SELECT backup_schedule('nudge', '\@yearly', 'app', store => 'elsewhere')");
wait_for($node, "SELECT count(*) = 3 FROM backup_runs WHERE schedule = 'stubborn' AND status = 'failed'");
is(sql($node, "SELECT array_agg(attempt ORDER BY id), min(sqlstate), count(DISTINCT scheduled_for) FROM backup_runs WHERE schedule = 'stubborn'"),
	'{1,2,3}|58P01|1', 'a failed run is tried again, as often as the schedule says');
sleep 2;
is(sql($node, "SELECT count(*) FROM backup_runs WHERE schedule = 'stubborn'"), '3', 'and no more');
rename "$store.away", $store or die $!;

# --- missed -----------------------------------------------------------------------------------------

sql($node, "SELECT backup_schedule('latest', '*/5 * * * *', 'app', timezone => 'UTC')");
sql($node, "SELECT backup_schedule('none', '*/5 * * * *', 'app', timezone => 'UTC', catch_up => 'none')");
$node->stop;
# The server was down over due times: the last one that was dealt with lies an hour back.
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\n");
$node->start;
sql($node, "UPDATE backup_ticks SET last_due = date_trunc('hour', now()) - interval '1 hour' WHERE schedule IN ('latest', 'none')");
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_lifeboat'\n");
$node->restart;
wait_for($node, "SELECT count(*) > 0 FROM backup_runs WHERE schedule = 'latest' AND status = 'succeeded'");
is(sql($node, "SELECT count(*) FROM backup_runs WHERE schedule = 'latest' AND status = 'succeeded'"), '1', 'catch_up = latest runs the newest one once');
cmp_ok(sql($node, "SELECT count(*) FROM backup_runs WHERE schedule = 'latest' AND status = 'missed'"), '>=', 11, 'each other due time leaves a row missed');
like(sql($node, "SELECT error FROM backup_runs WHERE schedule = 'latest' AND status = 'missed' ORDER BY id LIMIT 1"),
	qr/^the (server was down|launcher was not running)/, 'with the reason');
is(sql($node, "SELECT count(*) FROM (SELECT scheduled_for FROM backup_runs WHERE schedule = 'latest' GROUP BY 1 HAVING count(*) > 1) d"), '0',
	'and none twice');
cmp_ok(sql($node, "SELECT count(*) FROM backup_runs WHERE schedule = 'none' AND status = 'missed'"), '>=', 11, 'catch_up = none runs none of them');

$node->stop;
done_testing();
