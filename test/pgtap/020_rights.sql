-- Who may do what: nothing for PUBLIC, monitor, operator and admin, owners, secrets.
BEGIN;
SELECT no_plan();

CREATE ROLE lifeboat_nobody LOGIN;
CREATE ROLE lifeboat_monitor LOGIN;
CREATE ROLE lifeboat_operator LOGIN;
CREATE ROLE lifeboat_admin LOGIN;
SELECT backup_grant('lifeboat_monitor', 'monitor');
SELECT backup_grant('lifeboat_operator', 'operator');
SELECT backup_grant('lifeboat_admin', 'admin');

CREATE TEMP VIEW functions AS
    SELECT p.oid, p.proname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_lifeboat'
      JOIN pg_proc p ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass
     WHERE d.deptype = 'e' AND p.prorettype <> 'trigger'::regtype;
CREATE TEMP VIEW tables AS
    SELECT c.oid, c.relname, c.relkind FROM pg_depend d
      JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_lifeboat'
      JOIN pg_class c ON c.oid = d.objid AND d.classid = 'pg_class'::regclass
     WHERE d.deptype = 'e' AND c.relkind IN ('r', 'v', 'S');

SELECT is_empty($$SELECT proname FROM functions WHERE has_function_privilege('lifeboat_nobody', oid, 'EXECUTE')$$,
    'nobody may execute anything');
SELECT is_empty($$SELECT relname FROM tables WHERE relkind <> 'S' AND has_table_privilege('lifeboat_nobody', oid,
    'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')$$, 'nor read or write any table');
SELECT is_empty($$SELECT relname FROM tables WHERE relkind <> 'S' AND has_table_privilege('lifeboat_admin', oid,
    'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')$$, 'not even an admin writes tables');

SELECT set_eq($$SELECT relname::text FROM tables WHERE relkind <> 'S' AND has_table_privilege('lifeboat_monitor', oid, 'SELECT')$$,
    ARRAY['backup_stores', 'backup_keys', 'backup_schedules', 'backup_runs', 'backup_restores', 'backup_events',
          'backup_progress', 'backup_catalog', 'backup_relations', 'backup_status', 'backup_health', 'backup_copies',
          'backup_storage'],
    'a monitor reads what is documented');
SELECT set_eq($$SELECT relname::text FROM tables WHERE relkind <> 'S' AND has_table_privilege('pg_monitor', oid, 'SELECT')$$,
    $$SELECT relname::text FROM tables WHERE relkind <> 'S' AND has_table_privilege('lifeboat_monitor', oid, 'SELECT')$$,
    'pg_monitor has the level monitor: tables');
SELECT set_eq($$SELECT proname::text FROM functions WHERE has_function_privilege('pg_monitor', oid, 'EXECUTE')$$,
    $$SELECT proname::text FROM functions WHERE has_function_privilege('lifeboat_monitor', oid, 'EXECUTE')$$,
    'pg_monitor has the level monitor: functions');
SELECT set_eq($$SELECT proname::text FROM functions WHERE has_function_privilege('lifeboat_operator', oid, 'EXECUTE')
                  AND NOT has_function_privilege('lifeboat_monitor', oid, 'EXECUTE')$$,
    ARRAY['backup_run', 'backup_cancel', 'backup_verify', 'backup_copy', 'backup_restore_plan', 'backup_check_store',
          'backup_check_key'],
    'an operator runs, cancels, verifies, copies and plans');
SELECT is_empty($$SELECT proname FROM functions WHERE NOT has_function_privilege('lifeboat_admin', oid, 'EXECUTE')$$,
    'an admin may call everything');
SELECT throws_ok($$SELECT backup_grant('lifeboat_monitor', 'root')$$, '22023', 'level "root" is not known', 'levels are checked');
SELECT backup_grant('lifeboat_monitor', 'none');
SELECT is_empty($$SELECT relname FROM tables WHERE relkind <> 'S' AND has_table_privilege('lifeboat_monitor', oid, 'SELECT')$$,
    'none takes everything back');
SELECT backup_grant('lifeboat_monitor', 'monitor');

-- Views work for a monitor, who owns nothing of what they read.
SET ROLE lifeboat_monitor;
SELECT lives_ok($$SELECT * FROM backup_status$$, 'a monitor reads backup_status');
SELECT lives_ok($$SELECT * FROM backup_health$$, 'a monitor reads backup_health');
SELECT lives_ok($$SELECT * FROM backup_progress$$, 'a monitor reads backup_progress');
SELECT lives_ok($$SELECT * FROM backup_catalog$$, 'a monitor reads backup_catalog');
SELECT lives_ok($$SELECT * FROM backup_storage$$, 'a monitor reads backup_storage');
SELECT lives_ok($$SELECT * FROM backup_copies$$, 'a monitor reads backup_copies');
SELECT throws_ok($$SELECT backup_run()$$, '42501', NULL, 'but runs nothing');
RESET ROLE;

-- What an admin who is no superuser may not do.
SET ROLE lifeboat_admin;
SELECT throws_ok($$SELECT backup_create_store('x', 'file:///srv/x')$$, '42501',
    'role "lifeboat_admin" may not use store file:///srv/x', 'a directory needs pg_write_server_files');
SELECT throws_ok($$SELECT backup_create_key('x', secret => 'file:/etc/secret')$$, '42501',
    'role "lifeboat_admin" may not use secret "file:/etc/secret"', 'a file needs pg_read_server_files');
SELECT throws_ok($$SELECT backup_create_key('x', secret => 'command:id')$$, '42501',
    'role "lifeboat_admin" may not use secret "command:id"', 'a command needs pg_execute_server_program');
SELECT throws_ok($$SELECT backup_create_key('x', secret => 'env:PATH')$$, '42501',
    'role "lifeboat_admin" may not use secret "env:PATH"', 'an environment variable needs superuser');
RESET ROLE;

-- The audit only grows, for everybody.
SELECT throws_ok($$UPDATE backup_events SET actor = 'x'$$, '55000', 'rows of backup_events are only added', 'no UPDATE of events');
SELECT throws_ok($$DELETE FROM backup_events$$, '55000', 'rows of backup_events are only added', 'no DELETE of events');
SELECT throws_ok($$TRUNCATE backup_events$$, '55000', 'rows of backup_events are only added', 'no TRUNCATE of events');
SELECT is((SELECT count(*) FROM backup_events WHERE action = 'grant'), 5::bigint, 'grants are recorded');

SELECT * FROM finish();
ROLLBACK;
