-- Bad input, each with its exact message. Paths of this machine are shown as DATADIR.
\set VERBOSITY terse
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS pg_lifeboat;
CREATE DATABASE lifeboat_app;

-- Runs a command that is refused, and shows what is said.
CREATE PROCEDURE pg_temp.refused(command text) LANGUAGE plpgsql AS $$
DECLARE
    said text[];
    hint text;
    detail text;
    line text;
BEGIN
    BEGIN
        EXECUTE command;
        RAISE WARNING '% was not refused', command;
        RETURN;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        said := ARRAY[SQLSTATE || ': ' || SQLERRM];
    END;
    IF detail <> '' THEN said := said || ('DETAIL: ' || detail); END IF;
    IF hint <> '' THEN said := said || ('HINT: ' || hint); END IF;
    RAISE WARNING '%', command;
    FOREACH line IN ARRAY said LOOP
        line := replace(line, current_setting('data_directory'), 'DATADIR');
        line := regexp_replace(line, '-o \S+ ', '-o USER '); -- whoever runs the server
        RAISE WARNING '    %', regexp_replace(line, '(There are|others are): ".*', '\1: …');
    END LOOP;
END $$;

\echo -- stores
CALL pg_temp.refused($$SELECT backup_create_store('', 'file:///srv/backups')$$);
CALL pg_temp.refused($$SELECT backup_create_store(NULL, 'file:///srv/backups')$$);
CALL pg_temp.refused($$SELECT backup_create_store(' x', 'file:///srv/backups')$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'backups')$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'file:backups')$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'file:///srv/../backups')$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'ftp://host/backups')$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'file://user:secret@host/backups')$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'file:///nonexistent/backups')$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'file://' || current_setting('data_directory'))$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'file://' || current_setting('data_directory') || '/backups/here')$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'file:///etc/passwd')$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'file:///tmp', encryption => 'maybe')$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'file:///tmp', '{"region": "x"}')$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'file:///tmp', '{"max_rate": ["x"]}')$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'file:///tmp', '{"max_rate": "fast"}')$$);
CALL pg_temp.refused($$SELECT backup_create_store('x', 'file:///tmp', '[]')$$);
CALL pg_temp.refused($$SELECT backup_alter_store('nowhere')$$);
CALL pg_temp.refused($$SELECT backup_drop_store('nowhere')$$);
CALL pg_temp.refused($$SELECT * FROM backup_check_store('nowhere')$$);

\echo -- keys
CALL pg_temp.refused($$SELECT backup_create_key('x')$$);
CALL pg_temp.refused($$SELECT backup_create_key('x', secret => 'hunter2')$$);
CALL pg_temp.refused($$SELECT backup_create_key('x', secret => 'fd:3')$$);
CALL pg_temp.refused($$SELECT backup_create_key('x', secret => 'file:/nonexistent/secret')$$);
CALL pg_temp.refused($$SELECT backup_create_key('x', secret => 'env:LIFEBOAT_NO_SUCH_SECRET')$$);
CALL pg_temp.refused($$SELECT backup_create_key('x', secret => 'command:exit 3')$$);
CALL pg_temp.refused($$SELECT backup_create_key('x', secret => 'command:echo short')$$);
CALL pg_temp.refused($$SELECT backup_create_key('x', recipients => '{file:/nonexistent/recovery.crt}')$$);
CALL pg_temp.refused($$SELECT backup_create_key('x', recipients => ARRAY[E'-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])$$);
CALL pg_temp.refused($$SELECT backup_create_key('x', recipients => '{NULL}')$$);
CALL pg_temp.refused($$SELECT backup_drop_key('nokey')$$);
CALL pg_temp.refused($$SELECT * FROM backup_check_key('nokey')$$);
CALL pg_temp.refused($$SELECT backup_rotate_key('nokey')$$);

\echo -- cron
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('')$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('0 2 * *')$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('0 0 2 * * *')$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('60 2 * * *')$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('0 25 * * *')$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('0 5-2 * * *')$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('*/0 * * * *')$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('0 2 * * monday')$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('0 0 30 2 *')$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('@reboot')$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('60 seconds')$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('0 2 * * *', 'CEST')$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('0 2 * * *', 'Mars/Olympus')$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('0 2 * * *', 'UTC', 0)$$);
CALL pg_temp.refused($$SELECT * FROM backup_next_runs('0 2 * * *', 'UTC', 1, 'infinity')$$);

\echo -- schedules
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app')$$);
CALL pg_temp.refused($$SELECT backup_schedule('it''s mine', '30 4 * * 7')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', 'nowhere')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'no such database')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'template0')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', timezone => 'CET-1CEST')$$);
SET timezone = '<+02>-02';
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app')$$);
SET timezone = 'UTC';
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', type => 'incremental')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', type => 'partial')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', compression => 'gzip')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', compression => 'zstd:20')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', compression => 'zstd:0')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', compression => 'lz4:1')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', compression => 'none,long')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', keep_last => 0)$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', keep_within => '-7 days')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', drill_cron => '@daily')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', verify => 'restore')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', verify => 'maybe')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', catch_up => 'all')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', workers => -1)$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', timeout => '-1 hour')$$);
CALL pg_temp.refused($$SELECT backup_schedule('s', '0 2 * * *', 'lifeboat_app', include_tables => '{a.b.c}')$$);
CALL pg_temp.refused($$SELECT backup_alter_schedule('noschedule')$$);
CALL pg_temp.refused($$SELECT backup_unschedule('noschedule')$$);
CALL pg_temp.refused($$SELECT backup_pause('noschedule')$$);
CALL pg_temp.refused($$SELECT backup_resume('noschedule')$$);
CALL pg_temp.refused($$SELECT backup_adopt('noschedule')$$);

\echo -- runs and backups
CALL pg_temp.refused($$SELECT backup_run('noschedule')$$);
CALL pg_temp.refused($$SELECT backup_run(database => 'lifeboat_app')$$);
CALL pg_temp.refused($$SELECT backup_run(database => 'no such database', store => 'nowhere')$$);
CALL pg_temp.refused($$SELECT * FROM backup_verify('nobackup')$$);
CALL pg_temp.refused($$SELECT * FROM backup_verify('latest:lifeboat_app')$$);
CALL pg_temp.refused($$SELECT * FROM backup_verify('nobackup', 'restore')$$);
CALL pg_temp.refused($$SELECT * FROM backup_verify('nobackup', 'deeply')$$);
CALL pg_temp.refused($$SELECT * FROM backup_verify('nobackup', store => 'nowhere')$$);
CALL pg_temp.refused($$SELECT * FROM backup_copy('nobackup', 'nowhere')$$);
CALL pg_temp.refused($$SELECT backup_accept_origin('nowhere', '00112233445566778899aabbccddeeff')$$);
CALL pg_temp.refused($$SELECT * FROM backup_restore_plan('nobackup')$$);
CALL pg_temp.refused($$SELECT backup_restore('nobackup')$$);
CALL pg_temp.refused($$SELECT backup_restore('nobackup', mode => 'replace')$$);
CALL pg_temp.refused($$SELECT backup_pin('nobackup', 'audit')$$);
CALL pg_temp.refused($$SELECT backup_unpin('nobackup')$$);
CALL pg_temp.refused($$SELECT backup_delete('nobackup')$$);
CALL pg_temp.refused($$SELECT * FROM backup_prune('nowhere')$$);
CALL pg_temp.refused($$SELECT * FROM backup_import('nowhere')$$);
SELECT backup_cancel('nobackup');

\echo -- outside the control database
\c lifeboat_app
\set VERBOSITY default
CREATE EXTENSION pg_lifeboat;
SELECT backup_run();
SELECT * FROM backup_health;
\c postgres
SET client_min_messages = warning;
DROP DATABASE lifeboat_app;
