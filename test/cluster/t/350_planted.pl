# Code that comes with a backup never runs with more rights than the caller's own.
use strict;
use warnings;

use LifeboatTest;

my $node;

sub is_no_more
{
	my ($name) = @_;
	is(sql($node, "SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'"), 'f', "$name: mallory is no superuser");
	return;
}

$node = new_cluster('main', conf => { 'lifeboat.workers' => 1 });
make_keys($node);
make_store($node);
sql($node, 'CREATE ROLE mallory LOGIN CREATEDB');
sql($node, "GRANT pg_read_server_files TO mallory; SELECT backup_grant('mallory', 'admin')");
sql($node, 'CREATE DATABASE app OWNER mallory');

# Every way a function might try to become more, each in its own trap; what it finds is written into a table.
$node->safe_psql('app', <<'SQL', extra_params => [ '-U', 'mallory' ]);
CREATE TABLE attempts (way text, who text);
CREATE FUNCTION climb() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    way text;
BEGIN
    FOREACH way IN ARRAY ARRAY['RESET ROLE', 'SET ROLE NONE', 'SET SESSION AUTHORIZATION DEFAULT', 'RESET SESSION AUTHORIZATION',
        'SELECT set_config(''role'', ''none'', false)', 'SELECT set_config(''session_authorization'', ''default'', false)',
        'ALTER ROLE mallory SUPERUSER'] LOOP
        BEGIN
            EXECUTE way;
            INSERT INTO public.attempts VALUES (way, session_user || '/' || current_user);
            ALTER ROLE mallory SUPERUSER;
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
    RETURN true;
END $$;
CREATE TABLE trap (n integer CHECK (public.climb()), g integer GENERATED ALWAYS AS (n + 1) STORED);
INSERT INTO trap VALUES (1), (2);
CREATE DOMAIN trapped AS integer CHECK (public.climb());
CREATE TABLE trap2 (d trapped);
INSERT INTO trap2 VALUES (1);
CREATE FUNCTION climb_index(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.climb(); RETURN $1; END $$;
CREATE INDEX ON trap (climb_index(n));
CREATE MATERIALIZED VIEW trap3 AS SELECT public.climb() AS c;
SQL
is_no_more('before');
sql($node, app => 'TRUNCATE attempts');

my $id = sql($node, "SET ROLE mallory; SELECT backup_run(database => 'app')");
like($id, qr/^app-/, 'a run acts as its caller');
is_no_more('backup');
is(sql($node, app => "SELECT count(*) FROM attempts"), '0', 'a backup runs none of it');

sql($node, "SET ROLE mallory; SELECT backup_restore('$id', 'app_mallory')");
is_no_more('restore by its owner');
is(sql($node, app_mallory => "SELECT count(*) FROM attempts WHERE who <> 'mallory/mallory'"), '0', 'and nothing ran as anybody else');
is(sql($node, app_mallory => 'SELECT count(*) FROM trap'), '2', 'all rows are there');

is(sql($node, "SELECT status FROM backup_restore_plan('$id') WHERE action = 'check code'"), 'warning', 'a superuser is warned');
like(sql($node, "SELECT detail FROM backup_restore_plan('$id') WHERE action = 'check code'"), qr/may belong to "mallory"/, 'of whom');
is(sql($node, "SET ROLE mallory; SELECT status FROM backup_restore_plan('$id') WHERE action = 'check code'"), 'ready', 'the owner is not');
is_no_more('plan');
is(sql($node, "SELECT ok FROM backup_verify('$id')"), 't', 'it verifies');
is_no_more('verify');

# Names that want to be options, strings or paths.
for my $name ('--help', '-x', "a'b\"c\\d", 'fd:0', '$(id)', "tab\there")
{
	(my $quoted = $name) =~ s/"/""/g;
	sql($node, "CREATE DATABASE \"$quoted\"");
	sql($node, "SELECT backup_run(database => \$n\$$name\$n\$)");
	my $target = "$name again";
	sql($node, "SELECT backup_restore('latest:' || \$n\$$name\$n\$, \$n\$$target\$n\$)");
	is(sql($node, "SELECT count(*) FROM pg_database WHERE datname = \$n\$$target\$n\$"), '1', "a database named $name comes back");
}

$node->stop;
done_testing();
