-- The interface is a promise: names, argument names and defaults, result columns, comments, rights.
BEGIN;
SELECT no_plan();

-- Every table, view, column, function, sequence owner … says what it is for.
SELECT is_empty($$
    SELECT pg_describe_object(d.classid, d.objid, 0)
      FROM pg_depend d
      JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
      LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
     WHERE e.extname = 'pg_lifeboat' AND d.deptype = 'e'
       AND (d.classid = 'pg_proc'::regclass OR c.relkind IN ('r', 'v'))
       AND obj_description(d.objid, (SELECT relname FROM pg_class WHERE oid = d.classid)) IS NULL
    $$, 'every function, table and view has a comment');

SELECT is_empty($$
    SELECT a.attrelid::regclass, a.attname
      FROM unnest(ARRAY['backup_stores', 'backup_keys', 'backup_schedules', 'backup_runs', 'backup_restores',
                        'backup_events', 'backup_progress', 'backup_catalog', 'backup_relations', 'backup_status',
                        'backup_health', 'backup_copies', 'backup_storage']::regclass[]) AS t (oid)
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE col_description(a.attrelid, a.attnum) IS NULL
    $$, 'every column that people query has a comment');

-- Columns, in the order of the documentation; further ones may follow.
CREATE FUNCTION pg_temp.has_columns_in_order(relation regclass, expected text[]) RETURNS text LANGUAGE sql AS $$
    SELECT is((SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attname = ANY (expected)),
              expected, relation || ' has its columns')
$$;
SELECT pg_temp.has_columns_in_order('backup_stores', '{name,url,options,is_default,created_at,created_by}');
SELECT pg_temp.has_columns_in_order('backup_schedules', '{name,owner,cron,timezone,database,store,copies,type,key,compression,workers,max_rate,include_tables,exclude_tables,exclude_table_data,schema_only,timeout,max_stored_bytes,retries,retry_delay,catch_up,yield_to_ddl,lock_patience,keep_last,keep_within,keep_hourly,keep_daily,keep_weekly,keep_monthly,keep_yearly,verify,verify_cron,drill_cron,drill_checks,enabled,tags,created_at,updated_at}');
SELECT pg_temp.has_columns_in_order('backup_runs', '{id,backup_id,schedule,database,store,type,status,scheduled_for,queued_at,started_at,finished_at,attempt,tables,rows,raw_bytes,stored_bytes,reused_bytes,segments,snapshot_lsn,sqlstate,error,detail,hint,requested_by}');
SELECT pg_temp.has_columns_in_order('backup_progress', '{run_id,backup_id,phase,relation,bytes_done,bytes_total,rows_done,percent,bytes_per_second,eta,workers,snapshot_age}');
SELECT pg_temp.has_columns_in_order('backup_catalog', '{backup_id,database,type,schedule,store,taken_at,lsn,timeline,system_identifier,server_version,tables,rows,raw_bytes,stored_bytes,total_stored_bytes,ratio,duration,encrypted,key,verified_level,verified_at,drilled_at,drill_ok,pinned,keep_rule,status}');
SELECT pg_temp.has_columns_in_order('backup_relations', '{backup_id,schema,relation,kind,rows,raw_bytes,stored_bytes,segments,reused_segments}');
SELECT pg_temp.has_columns_in_order('backup_status', '{schedule,database,enabled,last_success_at,last_success_id,last_attempt_at,last_status,last_error,next_run_at,consecutive_failures,age,overdue,last_duration,last_stored_bytes}');
SELECT pg_temp.has_columns_in_order('backup_health', '{check_name,subject,status,detail,hint}');
SELECT pg_temp.has_columns_in_order('backup_copies', '{backup_id,store,database,schedule,status,wanted_at,retry,attempts,id,started_at,finished_at,objects,bytes,sqlstate,error,detail,hint,requested_by,notes}');
SELECT pg_temp.has_columns_in_order('backup_storage', '{store,scope,database,schedule,backups,bytes,oldest,newest,url,reachable,latency,free_bytes,error,checked_at}');
SELECT pg_temp.has_columns_in_order('backup_events', '{at,actor,action,subject,detail}');

SELECT col_type_is('backup_schedules', 'owner', 'regrole', 'owner is a role');
SELECT col_type_is('backup_schedules', 'timeout', 'interval', 'timeout is an interval');
SELECT col_type_is('backup_schedules', 'max_rate', 'bigint', 'rates are bigint');
SELECT col_type_is('backup_schedules', 'tags', 'text[]', 'tags are text[]');
SELECT col_type_is('backup_schedules', 'copies', 'text[]', 'copies are text[]');
SELECT col_type_is('backup_status', 'copies', 'jsonb', 'backup_status shows them as jsonb');
SELECT col_type_is('backup_runs', 'id', 'bigint', 'ids are bigint');
SELECT col_type_is('backup_runs', 'snapshot_lsn', 'pg_lsn', 'a position in the WAL is pg_lsn');
SELECT col_type_is('backup_catalog', 'lsn', 'pg_lsn', 'so in the catalog');
SELECT col_type_is('backup_catalog', 'system_identifier', 'text', 'system_identifier is text');

-- Functions with argument names, types and defaults.
SELECT is(pg_get_function_arguments(f.oid), f.expected, f.oid::regproc || ' has its arguments')
  FROM (VALUES
    ('backup_create_store'::regproc, $$name text, url text, options jsonb DEFAULT '{}'::jsonb, make_default boolean DEFAULT false, encryption text DEFAULT 'required'::text$$),
    ('backup_alter_store', $$name text, url text DEFAULT NULL::text, options jsonb DEFAULT NULL::jsonb, make_default boolean DEFAULT NULL::boolean$$),
    ('backup_drop_store', $$name text$$),
    ('backup_check_store', $$name text, OUT step text, OUT ok boolean, OUT detail text, OUT elapsed interval$$),
    ('backup_create_key', $$name text, recipients text[] DEFAULT '{}'::text[], secret text DEFAULT NULL::text, signer text DEFAULT NULL::text, make_default boolean DEFAULT false$$),
    ('backup_drop_key', $$name text$$),
    ('backup_check_key', $$name text, OUT step text, OUT ok boolean, OUT detail text$$),
    ('backup_rotate_key', $$name text, recipients text[] DEFAULT NULL::text[], secret text DEFAULT NULL::text, signer text DEFAULT NULL::text$$),
    ('backup_unschedule', $$name text$$),
    ('backup_pause', $$name text$$),
    ('backup_resume', $$name text$$),
    ('backup_adopt', $$schedule text DEFAULT NULL::text$$),
    ('backup_next_runs', $$cron text, timezone text DEFAULT current_setting('TimeZone'::text), count integer DEFAULT 5, after timestamp with time zone DEFAULT now(), OUT run_at timestamp with time zone, OUT note text$$),
    ('backup_run', $$schedule text DEFAULT NULL::text, database text DEFAULT NULL::text, store text DEFAULT NULL::text, type text DEFAULT NULL::text, key text DEFAULT NULL::text, wait boolean DEFAULT true$$),
    ('backup_cancel', $$backup_id text$$),
    ('backup_verify', $$backup_id text DEFAULT 'latest'::text, level text DEFAULT 'content'::text, store text DEFAULT NULL::text$$),
    ('backup_copy', $$backup_id text, store text$$),
    ('backup_accept_origin', $$store text, origin text$$),
    ('backup_restore_plan', $$backup_id text DEFAULT 'latest'::text, target_database text DEFAULT NULL::text, tables text[] DEFAULT NULL::text[], mode text DEFAULT 'create'::text, jobs integer DEFAULT NULL::integer$$),
    ('backup_restore', $$backup_id text DEFAULT 'latest'::text, target_database text DEFAULT NULL::text, tables text[] DEFAULT NULL::text[], mode text DEFAULT 'create'::text, jobs integer DEFAULT NULL::integer, wait boolean DEFAULT true$$),
    ('backup_pin', $$backup_id text, reason text$$),
    ('backup_unpin', $$backup_id text$$),
    ('backup_delete', $$backup_id text$$),
    ('backup_prune', $$store text DEFAULT NULL::text, dry_run boolean DEFAULT true$$),
    ('backup_import', $$store text$$),
    ('backup_grant', $$role regrole, level text$$)) AS f (oid, expected);

SELECT alike(pg_get_function_arguments('backup_schedule'::regproc),
    $$name text, cron text, database text DEFAULT current_database(), store text DEFAULT NULL::text, type text DEFAULT 'full'::text, key text DEFAULT NULL::text, timezone text DEFAULT current_setting('TimeZone'::text), %$$,
    'backup_schedule has its arguments');
SELECT is((SELECT array_agg(proargname ORDER BY ordinality) FROM unnest((SELECT proargnames FROM pg_proc
              WHERE oid = 'backup_schedule'::regproc)) WITH ORDINALITY AS a (proargname, ordinality) WHERE ordinality > 1),
          (SELECT array_agg(proargname ORDER BY ordinality) FROM unnest((SELECT proargnames FROM pg_proc
              WHERE oid = 'backup_alter_schedule'::regproc)) WITH ORDINALITY AS a (proargname, ordinality)
              WHERE ordinality > 1 AND proargname NOT IN ('owner', 'reset')),
          'backup_alter_schedule takes the options of backup_schedule');
SELECT function_returns('backup_run', ARRAY['text', 'text', 'text', 'text', 'text', 'boolean'], 'setof text');
SELECT function_returns('backup_restore', ARRAY['text', 'text', 'text[]', 'text', 'integer', 'boolean'], 'bigint');
SELECT function_returns('backup_cancel', ARRAY['text'], 'boolean');

-- The extension.
SELECT is((SELECT extrelocatable FROM pg_extension WHERE extname = 'pg_lifeboat'), false, 'it is not relocatable');
SELECT set_eq($$SELECT unnest(extconfig)::regclass::text FROM pg_extension WHERE extname = 'pg_lifeboat'$$,
    ARRAY['backup_stores', 'backup_keys', 'backup_schedules', 'backup_runs', 'backup_runs_id_seq', 'backup_restores',
          'backup_events', 'backup_events_id_seq', 'backup_restore_points', 'backup_restore_point_relations',
          'backup_chains', 'backup_copies'],
    'pg_dump takes the catalog along, not the witness');

-- Settings.
SELECT is(s.setting, w.setting, 'default of ' || w.name)
  FROM (VALUES ('lifeboat.max_concurrent_runs', '2'), ('lifeboat.workers', '2'), ('lifeboat.segment_size', '65536'),
               ('lifeboat.bin_directory', ''), ('lifeboat.connection', ''), ('lifeboat.allowed_stores', ''),
               ('lifeboat.database', 'postgres'), ('lifeboat.drill_role', '')) w (name, setting)
  LEFT JOIN pg_settings s USING (name);
SELECT is((SELECT context FROM pg_settings WHERE name = 'lifeboat.database'), 'postmaster', 'lifeboat.database needs a restart');
SELECT is_empty($$SELECT name FROM pg_settings WHERE name LIKE 'lifeboat.%' AND name <> 'lifeboat.database' AND context <> 'sighup'$$,
    'the others are read again on reload');
SELECT throws_ok($$SET lifeboat.no_such_setting = 1$$, '42602', NULL, 'the prefix is reserved');

SELECT * FROM finish();
ROLLBACK;
