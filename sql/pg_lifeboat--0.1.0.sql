-- pg_lifeboat 0.1.0: tables, functions, views, comments, rights.
\echo Use "CREATE EXTENSION pg_lifeboat" to load this file. \quit

-- The script sees the schema by its @-name only; what it calls is pg_catalog's.

-- ---------------------------------------------------------------------------------------------------------------------
-- Tables
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE @extschema@.backup_stores (
    name        text PRIMARY KEY,
    url         text NOT NULL,
    options     jsonb NOT NULL DEFAULT '{}',
    is_default  boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
    created_by  regrole NOT NULL,
    encryption  text NOT NULL DEFAULT 'required' CHECK (encryption IN ('required', 'none')),
    store_id    text NOT NULL CHECK (store_id ~ '^[0-9a-f]{32}$'),
    accepted_origins text[] NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX backup_stores_one_default ON @extschema@.backup_stores (is_default) WHERE is_default;
COMMENT ON TABLE @extschema@.backup_stores IS 'Where backups are kept. Change it with backup_create_store, backup_alter_store, backup_drop_store.';
COMMENT ON COLUMN @extschema@.backup_stores.name IS 'name of the store';
COMMENT ON COLUMN @extschema@.backup_stores.url IS 'where it is: file:///path, s3://bucket/prefix or azure://account/container/prefix';
COMMENT ON COLUMN @extschema@.backup_stores.options IS 'options of its driver; never a secret';
COMMENT ON COLUMN @extschema@.backup_stores.is_default IS 'taken where no store is named';
COMMENT ON COLUMN @extschema@.backup_stores.created_at IS 'when it was created';
COMMENT ON COLUMN @extschema@.backup_stores.created_by IS 'who created it: this role and superusers may change it; its rights are checked at every use';
COMMENT ON COLUMN @extschema@.backup_stores.encryption IS 'required or none; fixed for the life of the store';
COMMENT ON COLUMN @extschema@.backup_stores.store_id IS 'the id in the store''s repo.json; a run compares them';
COMMENT ON COLUMN @extschema@.backup_stores.accepted_origins IS 'ids of lost stores whose backups were copied into this one (backup_accept_origin); those of stores in this table need not be named';

CREATE TABLE @extschema@.backup_keys (
    name            text PRIMARY KEY,
    recipients      text[] NOT NULL DEFAULT '{}',
    fingerprints    text[] NOT NULL DEFAULT '{}',
    secret          text,
    signer          text,
    signer_public   text,
    signer_id       text,
    trusted_signers text[] NOT NULL DEFAULT '{}',
    is_default      boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT pg_catalog.now(),
    created_by      regrole NOT NULL,
    rotated_at      timestamptz,
    CHECK (pg_catalog.cardinality(recipients) > 0 OR secret IS NOT NULL)
);
CREATE UNIQUE INDEX backup_keys_one_default ON @extschema@.backup_keys (is_default) WHERE is_default;
COMMENT ON TABLE @extschema@.backup_keys IS 'Who can read backups. Holds certificates and the places of secrets, never a secret. Change it with backup_create_key, backup_rotate_key, backup_drop_key.';
COMMENT ON COLUMN @extschema@.backup_keys.name IS 'name of the key';
COMMENT ON COLUMN @extschema@.backup_keys.recipients IS 'recovery certificates (PEM)';
COMMENT ON COLUMN @extschema@.backup_keys.fingerprints IS 'SHA-256 of each certificate';
COMMENT ON COLUMN @extschema@.backup_keys.secret IS 'where the server secret is: file:, command:, env:; null: this server cannot read its own backups';
COMMENT ON COLUMN @extschema@.backup_keys.signer IS 'where the private signing key is; null: backups are not signed';
COMMENT ON COLUMN @extschema@.backup_keys.signer_public IS 'public half of the signing key (PEM)';
COMMENT ON COLUMN @extschema@.backup_keys.signer_id IS 'SHA-256 of the public signing key, as manifests name it';
COMMENT ON COLUMN @extschema@.backup_keys.trusted_signers IS 'public keys of this and earlier signers (PEM): their backups are trusted';
COMMENT ON COLUMN @extschema@.backup_keys.is_default IS 'taken where no key is named';
COMMENT ON COLUMN @extschema@.backup_keys.created_at IS 'when it was created';
COMMENT ON COLUMN @extschema@.backup_keys.created_by IS 'who created it: this role and superusers may change it; its rights are checked at every use';
COMMENT ON COLUMN @extschema@.backup_keys.rotated_at IS 'when it was last rotated';

CREATE TABLE @extschema@.backup_schedules (
    name               text PRIMARY KEY,
    owner              regrole NOT NULL,
    cron               text NOT NULL,
    timezone           text NOT NULL,
    database           text NOT NULL,
    store              text NOT NULL,
    copies             text[] NOT NULL DEFAULT '{}',
    type               text NOT NULL DEFAULT 'full' CHECK (type IN ('full', 'incremental', 'differential')),
    key                text,
    compression        text NOT NULL DEFAULT 'zstd:1',
    workers            integer CHECK (workers BETWEEN 0 AND 1024),
    max_rate           bigint CHECK (max_rate > 0),
    include_tables     text[] NOT NULL DEFAULT '{}',
    exclude_tables     text[] NOT NULL DEFAULT '{}',
    exclude_table_data text[] NOT NULL DEFAULT '{}',
    schema_only        boolean NOT NULL DEFAULT false,
    timeout            interval CHECK (timeout > interval '0'),
    max_stored_bytes   bigint CHECK (max_stored_bytes > 0),
    retries            integer NOT NULL DEFAULT 2 CHECK (retries BETWEEN 0 AND 100),
    retry_delay        interval NOT NULL DEFAULT interval '5 minutes' CHECK (retry_delay >= interval '0'),
    catch_up           text NOT NULL DEFAULT 'latest' CHECK (catch_up IN ('latest', 'none')),
    yield_to_ddl       boolean NOT NULL DEFAULT false,
    lock_patience      interval NOT NULL DEFAULT interval '30 seconds' CHECK (lock_patience > interval '0'),
    keep_last          integer,
    keep_within        interval,
    keep_hourly        integer,
    keep_daily         integer,
    keep_weekly        integer,
    keep_monthly       integer,
    keep_yearly        integer,
    verify             text CHECK (verify IN ('present', 'checksum', 'content', 'restore')),
    verify_cron        text,
    drill_cron         text,
    drill_checks       text[] NOT NULL DEFAULT '{}',
    enabled            boolean NOT NULL DEFAULT true,
    tags               text[] NOT NULL DEFAULT '{}',
    created_at         timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at         timestamptz NOT NULL DEFAULT pg_catalog.now(),
    system_identifier  text NOT NULL,
    data_directory     text NOT NULL
);
COMMENT ON TABLE @extschema@.backup_schedules IS 'What is backed up when. Change it with backup_schedule, backup_alter_schedule, backup_pause, backup_resume, backup_unschedule.';
COMMENT ON COLUMN @extschema@.backup_schedules.name IS 'name of the schedule';
COMMENT ON COLUMN @extschema@.backup_schedules.owner IS 'the role its runs act as';
COMMENT ON COLUMN @extschema@.backup_schedules.cron IS 'when it runs: five fields, @daily and the like, or N seconds';
COMMENT ON COLUMN @extschema@.backup_schedules.timezone IS 'tzdata name of the zone that cron is read in';
COMMENT ON COLUMN @extschema@.backup_schedules.database IS 'the database, or * for every one that accepts connections and is no template';
COMMENT ON COLUMN @extschema@.backup_schedules.store IS 'the store backups go to';
COMMENT ON COLUMN @extschema@.backup_schedules.copies IS 'further stores: each backup is copied into them once it is complete, and again until that succeeds';
COMMENT ON COLUMN @extschema@.backup_schedules.type IS 'full, incremental or differential (this version: full)';
COMMENT ON COLUMN @extschema@.backup_schedules.key IS 'the key backups are encrypted with; null: the default key at the time of the run';
COMMENT ON COLUMN @extschema@.backup_schedules.compression IS 'none, lz4, or zstd:N with N from -7 (fastest) to 19 (smallest); zstd:N,long also finds repetitions far apart';
COMMENT ON COLUMN @extschema@.backup_schedules.workers IS 'dump workers; null: lifeboat.workers';
COMMENT ON COLUMN @extschema@.backup_schedules.max_rate IS 'bytes a second to the store at most, shared out among the workers; the archive of the schema comes on top. null: no limit';
COMMENT ON COLUMN @extschema@.backup_schedules.include_tables IS 'patterns of tables whose rows are backed up; empty: all';
COMMENT ON COLUMN @extschema@.backup_schedules.exclude_tables IS 'patterns of tables that are left out';
COMMENT ON COLUMN @extschema@.backup_schedules.exclude_table_data IS 'patterns of tables whose rows are left out';
COMMENT ON COLUMN @extschema@.backup_schedules.schema_only IS 'no rows at all';
COMMENT ON COLUMN @extschema@.backup_schedules.timeout IS 'a run that takes longer is ended';
COMMENT ON COLUMN @extschema@.backup_schedules.max_stored_bytes IS 'a run that stores more is ended';
COMMENT ON COLUMN @extschema@.backup_schedules.retries IS 'how often a failed run is tried again';
COMMENT ON COLUMN @extschema@.backup_schedules.retry_delay IS 'time between a failure and the next attempt';
COMMENT ON COLUMN @extschema@.backup_schedules.catch_up IS 'after a pause of the server: latest runs the newest missed one, none runs none';
COMMENT ON COLUMN @extschema@.backup_schedules.yield_to_ddl IS 'end the run rather than hold up waiting DDL longer than lock_patience';
COMMENT ON COLUMN @extschema@.backup_schedules.lock_patience IS 'how long each of a run''s five tries waits for a lock, and how long DDL may wait with yield_to_ddl';
COMMENT ON COLUMN @extschema@.backup_schedules.keep_last IS 'retention: keeps the last n backups of a database; null: no such rule. Without any rule all are kept';
COMMENT ON COLUMN @extschema@.backup_schedules.keep_within IS 'retention: keeps what is less than this older than the newest sound backup';
COMMENT ON COLUMN @extschema@.backup_schedules.keep_hourly IS 'retention: keeps the newest of each of the last n hours that have a backup, in timezone';
COMMENT ON COLUMN @extschema@.backup_schedules.keep_daily IS 'retention: keeps the newest of each of the last n days that have one';
COMMENT ON COLUMN @extschema@.backup_schedules.keep_weekly IS 'retention: keeps the newest of each of the last n weeks (ISO) that have one';
COMMENT ON COLUMN @extschema@.backup_schedules.keep_monthly IS 'retention: keeps the newest of each of the last n months that have one';
COMMENT ON COLUMN @extschema@.backup_schedules.keep_yearly IS 'retention: keeps the newest of each of the last n years that have one';
COMMENT ON COLUMN @extschema@.backup_schedules.verify IS 'level of the verification after each backup; null: none';
COMMENT ON COLUMN @extschema@.backup_schedules.verify_cron IS 'when the newest backup is verified again (reserved)';
COMMENT ON COLUMN @extschema@.backup_schedules.drill_cron IS 'when a restore is rehearsed (reserved)';
COMMENT ON COLUMN @extschema@.backup_schedules.drill_checks IS 'queries a rehearsal must answer (reserved)';
COMMENT ON COLUMN @extschema@.backup_schedules.enabled IS 'false while paused';
COMMENT ON COLUMN @extschema@.backup_schedules.tags IS 'words of your own';
COMMENT ON COLUMN @extschema@.backup_schedules.created_at IS 'when it was created';
COMMENT ON COLUMN @extschema@.backup_schedules.updated_at IS 'when it was last changed';
COMMENT ON COLUMN @extschema@.backup_schedules.system_identifier IS 'the cluster it belongs to; elsewhere it does not run until backup_adopt';
COMMENT ON COLUMN @extschema@.backup_schedules.data_directory IS 'the data directory it belongs to; elsewhere it does not run until backup_adopt';

CREATE TABLE @extschema@.backup_runs (
    id            bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    backup_id     text,
    schedule      text,
    database      text NOT NULL,
    store         text,
    type          text NOT NULL,
    status        text NOT NULL
                  CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted', 'missed')),
    scheduled_for timestamptz,
    queued_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    started_at    timestamptz,
    finished_at   timestamptz,
    attempt       integer NOT NULL DEFAULT 1,
    tables        bigint,
    rows          bigint,
    raw_bytes     bigint,
    stored_bytes  bigint,
    reused_bytes  bigint,
    segments      bigint,
    snapshot_lsn  pg_lsn,
    sqlstate      text,
    error         text,
    detail        text,
    hint          text,
    requested_by  regrole,
    acting_role   regrole,
    notes         text[] NOT NULL DEFAULT '{}',
    pid           integer,
    handle        bigint,
    database_bytes bigint
);
CREATE INDEX backup_runs_by_schedule ON @extschema@.backup_runs (schedule, database, id);
CREATE INDEX backup_runs_active ON @extschema@.backup_runs (id) WHERE status IN ('queued', 'running');
CREATE INDEX backup_runs_by_backup ON @extschema@.backup_runs (backup_id);
COMMENT ON TABLE @extschema@.backup_runs IS 'One row per attempt to take a backup, and per due time that was missed. Not touched when backups are deleted.';
COMMENT ON COLUMN @extschema@.backup_runs.id IS 'number of the run, as in its process title';
COMMENT ON COLUMN @extschema@.backup_runs.backup_id IS 'the backup it makes or made';
COMMENT ON COLUMN @extschema@.backup_runs.schedule IS 'the schedule; null: ad hoc';
COMMENT ON COLUMN @extschema@.backup_runs.database IS 'the database';
COMMENT ON COLUMN @extschema@.backup_runs.store IS 'the store';
COMMENT ON COLUMN @extschema@.backup_runs.type IS 'full, incremental or differential';
COMMENT ON COLUMN @extschema@.backup_runs.status IS 'queued, running, succeeded, failed, cancelled, interrupted (its process or the server ended) or missed (it never began: error says why)';
COMMENT ON COLUMN @extschema@.backup_runs.scheduled_for IS 'the due time it runs for; null: ad hoc';
COMMENT ON COLUMN @extschema@.backup_runs.queued_at IS 'when it was asked for';
COMMENT ON COLUMN @extschema@.backup_runs.started_at IS 'when it began to work';
COMMENT ON COLUMN @extschema@.backup_runs.finished_at IS 'when it ended';
COMMENT ON COLUMN @extschema@.backup_runs.attempt IS '1, or more for a retry';
COMMENT ON COLUMN @extschema@.backup_runs.tables IS 'tables in the backup';
COMMENT ON COLUMN @extschema@.backup_runs.rows IS 'rows in the backup';
COMMENT ON COLUMN @extschema@.backup_runs.raw_bytes IS 'bytes before compression';
COMMENT ON COLUMN @extschema@.backup_runs.stored_bytes IS 'bytes written to the store';
COMMENT ON COLUMN @extschema@.backup_runs.reused_bytes IS 'stored bytes taken over from earlier backups';
COMMENT ON COLUMN @extschema@.backup_runs.segments IS 'data objects of the backup';
COMMENT ON COLUMN @extschema@.backup_runs.snapshot_lsn IS 'WAL position of the snapshot';
COMMENT ON COLUMN @extschema@.backup_runs.sqlstate IS 'SQLSTATE of the failure';
COMMENT ON COLUMN @extschema@.backup_runs.error IS 'what went wrong';
COMMENT ON COLUMN @extschema@.backup_runs.detail IS 'more about it';
COMMENT ON COLUMN @extschema@.backup_runs.hint IS 'what to do';
COMMENT ON COLUMN @extschema@.backup_runs.requested_by IS 'who asked for it; null: the launcher';
COMMENT ON COLUMN @extschema@.backup_runs.acting_role IS 'the role it acts as';
COMMENT ON COLUMN @extschema@.backup_runs.notes IS 'what the run had to say besides';
COMMENT ON COLUMN @extschema@.backup_runs.pid IS 'process of the run';
COMMENT ON COLUMN @extschema@.backup_runs.handle IS 'shared memory of the run, while it lasts';
COMMENT ON COLUMN @extschema@.backup_runs.database_bytes IS 'size of the database when the run began; the next one is estimated by it';

CREATE TABLE @extschema@.backup_restores (
    id              bigint PRIMARY KEY,
    backup_id       text NOT NULL,
    store           text NOT NULL,
    target_database text NOT NULL,
    tables          text[] NOT NULL DEFAULT '{}',
    mode            text NOT NULL,
    jobs            integer,
    status          text NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted')),
    queued_at       timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    started_at      timestamptz,
    finished_at     timestamptz,
    phase           text,
    rows_done       bigint,
    bytes_done      bigint,
    bytes_total     bigint,
    sqlstate        text,
    error           text,
    detail          text,
    hint            text,
    requested_by    regrole NOT NULL,
    notes           text[] NOT NULL DEFAULT '{}',
    pid             integer,
    handle          bigint
);
CREATE INDEX backup_restores_active ON @extschema@.backup_restores (id) WHERE status IN ('queued', 'running');
COMMENT ON TABLE @extschema@.backup_restores IS 'One row per restore that was started from SQL.';
COMMENT ON COLUMN @extschema@.backup_restores.id IS 'number of the restore; runs and restores share one sequence';
COMMENT ON COLUMN @extschema@.backup_restores.backup_id IS 'the backup';
COMMENT ON COLUMN @extschema@.backup_restores.store IS 'the store it is read from';
COMMENT ON COLUMN @extschema@.backup_restores.target_database IS 'the database it goes to';
COMMENT ON COLUMN @extschema@.backup_restores.tables IS 'patterns of the tables that are restored; empty: all';
COMMENT ON COLUMN @extschema@.backup_restores.mode IS 'create: into a new database';
COMMENT ON COLUMN @extschema@.backup_restores.jobs IS 'connections that load';
COMMENT ON COLUMN @extschema@.backup_restores.status IS 'queued, running, succeeded, failed, cancelled or interrupted';
COMMENT ON COLUMN @extschema@.backup_restores.queued_at IS 'when it was asked for';
COMMENT ON COLUMN @extschema@.backup_restores.started_at IS 'when it began to work';
COMMENT ON COLUMN @extschema@.backup_restores.finished_at IS 'when it ended';
COMMENT ON COLUMN @extschema@.backup_restores.phase IS 'preflight, schema, data, sequences, indexes or finish';
COMMENT ON COLUMN @extschema@.backup_restores.rows_done IS 'rows loaded';
COMMENT ON COLUMN @extschema@.backup_restores.bytes_done IS 'bytes loaded, before compression';
COMMENT ON COLUMN @extschema@.backup_restores.bytes_total IS 'bytes to load';
COMMENT ON COLUMN @extschema@.backup_restores.sqlstate IS 'SQLSTATE of the failure';
COMMENT ON COLUMN @extschema@.backup_restores.error IS 'what went wrong';
COMMENT ON COLUMN @extschema@.backup_restores.detail IS 'more about it';
COMMENT ON COLUMN @extschema@.backup_restores.hint IS 'what to do';
COMMENT ON COLUMN @extschema@.backup_restores.requested_by IS 'who asked for it: the restore acts as this role';
COMMENT ON COLUMN @extschema@.backup_restores.notes IS 'what the restore had to say besides';
COMMENT ON COLUMN @extschema@.backup_restores.pid IS 'process of the restore';
COMMENT ON COLUMN @extschema@.backup_restores.handle IS 'shared memory of the restore, while it lasts';

CREATE TABLE @extschema@.backup_events (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    actor   text NOT NULL,
    action  text NOT NULL,
    subject text NOT NULL,
    detail  jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX backup_events_by_time ON @extschema@.backup_events (at);
COMMENT ON TABLE @extschema@.backup_events IS 'Who did what to which store, key, schedule, run or backup. Rows are only added.';
COMMENT ON COLUMN @extschema@.backup_events.id IS 'number of the event';
COMMENT ON COLUMN @extschema@.backup_events.at IS 'when';
COMMENT ON COLUMN @extschema@.backup_events.actor IS 'the role, or launcher';
COMMENT ON COLUMN @extschema@.backup_events.action IS 'what was done, for example schedule.create or run.succeeded';
COMMENT ON COLUMN @extschema@.backup_events.subject IS 'to what';
COMMENT ON COLUMN @extschema@.backup_events.detail IS 'more about it; never a secret';

CREATE FUNCTION @extschema@.backup_events_only_grow() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'rows of backup_events are only added' USING ERRCODE = '55000';
END $$;
COMMENT ON FUNCTION @extschema@.backup_events_only_grow() IS 'Internal: refuses UPDATE, DELETE and TRUNCATE on backup_events.';
CREATE TRIGGER backup_events_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON @extschema@.backup_events
    FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.backup_events_only_grow();

CREATE TABLE @extschema@.backup_restore_points (
    backup_id          text NOT NULL,
    store              text NOT NULL,
    run_id             bigint,
    database           text NOT NULL,
    database_oid       oid NOT NULL,
    type               text NOT NULL,
    schedule           text,
    sequence           bigint NOT NULL,
    sums               text NOT NULL,
    taken_at           timestamptz NOT NULL,
    started_at         timestamptz NOT NULL,
    finished_at        timestamptz NOT NULL,
    lsn                pg_lsn NOT NULL,
    timeline           integer NOT NULL,
    system_identifier  text NOT NULL,
    server_version     text NOT NULL,
    tables             bigint NOT NULL,
    rows               bigint NOT NULL,
    raw_bytes          bigint NOT NULL,
    stored_bytes       bigint NOT NULL,
    total_stored_bytes bigint NOT NULL,
    segments           bigint NOT NULL,
    encrypted          boolean NOT NULL,
    key                text,
    signer_id          text,
    key_ids            text[] NOT NULL DEFAULT '{}',
    role_name          text,
    role_oid           oid,
    verified_level     text,
    verified_at        timestamptz,
    pinned             boolean NOT NULL DEFAULT false,
    pin_reason         text,
    pinned_by          regrole,
    status             text NOT NULL DEFAULT 'available' CHECK (status IN ('available', 'damaged', 'deleted')),
    damaged_level      text,
    imported           boolean NOT NULL DEFAULT false,
    notes              text[] NOT NULL DEFAULT '{}',
    copied_from        text,
    PRIMARY KEY (backup_id, store)
);
CREATE INDEX backup_restore_points_by_database ON @extschema@.backup_restore_points (database, taken_at);
COMMENT ON TABLE @extschema@.backup_restore_points IS 'Internal: what backup_catalog shows.';

CREATE TABLE @extschema@.backup_restore_point_relations (
    backup_id       text NOT NULL,
    store           text NOT NULL,
    schema          text NOT NULL,
    relation        text NOT NULL,
    kind            text NOT NULL,
    rows            bigint NOT NULL,
    raw_bytes       bigint NOT NULL,
    stored_bytes    bigint NOT NULL,
    segments        bigint NOT NULL,
    reused_segments bigint NOT NULL DEFAULT 0,
    FOREIGN KEY (backup_id, store) REFERENCES @extschema@.backup_restore_points ON DELETE CASCADE
);
CREATE INDEX backup_restore_point_relations_by_backup ON @extschema@.backup_restore_point_relations (backup_id, store);
COMMENT ON TABLE @extschema@.backup_restore_point_relations IS 'Internal: what backup_relations shows.';

CREATE TABLE @extschema@.backup_copies (
    backup_id    text NOT NULL,
    store        text NOT NULL,
    database     text NOT NULL,
    schedule     text,
    status       text NOT NULL DEFAULT 'pending'
                 CHECK (status IN ('pending', 'queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted')),
    wanted_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    retry        boolean NOT NULL DEFAULT true,
    attempts     integer NOT NULL DEFAULT 0,
    id           bigint,
    started_at   timestamptz,
    finished_at  timestamptz,
    objects      bigint,
    bytes        bigint,
    sqlstate     text,
    error        text,
    detail       text,
    hint         text,
    requested_by regrole,
    notes        text[] NOT NULL DEFAULT '{}',
    pid          integer,
    handle       bigint,
    PRIMARY KEY (backup_id, store)
);
CREATE INDEX backup_copies_by_store ON @extschema@.backup_copies (store);
CREATE INDEX backup_copies_open ON @extschema@.backup_copies (store) WHERE status <> 'succeeded';
COMMENT ON TABLE @extschema@.backup_copies IS 'One row per backup and further store: the copy that is wanted there, and how its last attempt went.';
COMMENT ON COLUMN @extschema@.backup_copies.backup_id IS 'the backup';
COMMENT ON COLUMN @extschema@.backup_copies.store IS 'the store it is copied into';
COMMENT ON COLUMN @extschema@.backup_copies.database IS 'the database';
COMMENT ON COLUMN @extschema@.backup_copies.schedule IS 'the schedule that asks for the copy; null: backup_copy did';
COMMENT ON COLUMN @extschema@.backup_copies.status IS 'pending (no attempt yet), queued, running, succeeded, failed, cancelled or interrupted (its process or the server ended)';
COMMENT ON COLUMN @extschema@.backup_copies.wanted_at IS 'since when it is wanted';
COMMENT ON COLUMN @extschema@.backup_copies.retry IS 'the launcher tries until it succeeds; false: it was asked for by hand, cancelled, or has become impossible';
COMMENT ON COLUMN @extschema@.backup_copies.attempts IS 'attempts so far';
COMMENT ON COLUMN @extschema@.backup_copies.id IS 'number of the last attempt; runs, restores and copies share one sequence';
COMMENT ON COLUMN @extschema@.backup_copies.started_at IS 'when the last attempt began';
COMMENT ON COLUMN @extschema@.backup_copies.finished_at IS 'when it ended';
COMMENT ON COLUMN @extschema@.backup_copies.objects IS 'objects it sent: what the store had already is not sent again';
COMMENT ON COLUMN @extschema@.backup_copies.bytes IS 'bytes of these';
COMMENT ON COLUMN @extschema@.backup_copies.sqlstate IS 'SQLSTATE of its failure';
COMMENT ON COLUMN @extschema@.backup_copies.error IS 'what went wrong';
COMMENT ON COLUMN @extschema@.backup_copies.detail IS 'more about it';
COMMENT ON COLUMN @extschema@.backup_copies.hint IS 'what to do';
COMMENT ON COLUMN @extschema@.backup_copies.requested_by IS 'who asked for the last attempt; null: the launcher';
COMMENT ON COLUMN @extschema@.backup_copies.notes IS 'what the last attempt had to say besides';
COMMENT ON COLUMN @extschema@.backup_copies.pid IS 'process of the attempt';
COMMENT ON COLUMN @extschema@.backup_copies.handle IS 'shared memory of the attempt, while it lasts';

CREATE TABLE @extschema@.backup_store_states (
    store       text PRIMARY KEY REFERENCES @extschema@.backup_stores ON UPDATE CASCADE ON DELETE CASCADE,
    checked_at  timestamptz NOT NULL,
    reachable   boolean NOT NULL,
    latency     interval,
    free_bytes  bigint,
    error       text
);
COMMENT ON TABLE @extschema@.backup_store_states IS 'Internal: how the last run, copy or backup_check_store found each store; what backup_storage shows. Not dumped.';

CREATE TABLE @extschema@.backup_chains (
    store             text NOT NULL,
    system_identifier text NOT NULL,
    database_oid      oid NOT NULL,
    sequence          bigint NOT NULL,
    backup_id         text NOT NULL,
    sums              text NOT NULL,
    PRIMARY KEY (store, system_identifier, database_oid)
);
COMMENT ON TABLE @extschema@.backup_chains IS 'Internal: the newest backup of each database in each store, by which a store that was rolled back is noticed.';

CREATE TABLE @extschema@.backup_ticks (
    schedule   text PRIMARY KEY REFERENCES @extschema@.backup_schedules ON DELETE CASCADE,
    last_due   timestamptz NOT NULL
);
COMMENT ON TABLE @extschema@.backup_ticks IS 'Internal: up to when every due time of a schedule has a run or a row missed.';

CREATE FUNCTION @extschema@.backup_this_cluster(OUT system_identifier text, OUT data_directory text)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_this_cluster';
COMMENT ON FUNCTION @extschema@.backup_this_cluster() IS 'Internal: what tells this cluster from a copy of it.';

CREATE TABLE @extschema@.backup_installation (
    only_one          boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    id                text NOT NULL,
    system_identifier text NOT NULL,
    data_directory    text NOT NULL,
    adopted           text[] NOT NULL DEFAULT '{}'
);
INSERT INTO @extschema@.backup_installation (id, system_identifier, data_directory)
    SELECT pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', ''), c.system_identifier, c.data_directory
      FROM @extschema@.backup_this_cluster() c;
COMMENT ON TABLE @extschema@.backup_installation IS 'Internal: the cluster this catalog belongs to and a random id of the catalog, by which runs know what they have left in a store; and the clusters whose backups were adopted. Belongs to this catalog and is not dumped.';

CREATE TABLE @extschema@.backup_witness (
    backup_id text PRIMARY KEY,
    nonce     text NOT NULL,
    xid       xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    at        timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE @extschema@.backup_witness IS 'Internal: one row per run, committed after its snapshot. Belongs to this cluster''s history and is not dumped.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.backup_stores', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.backup_keys', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.backup_schedules', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.backup_runs', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.backup_runs_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.backup_restores', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.backup_events', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.backup_events_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.backup_restore_points', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.backup_restore_point_relations', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.backup_chains', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.backup_copies', '');

-- ---------------------------------------------------------------------------------------------------------------------
-- Stores
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.backup_create_store(name text, url text, options jsonb DEFAULT '{}',
    make_default boolean DEFAULT false, encryption text DEFAULT 'required') RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_create_store';
COMMENT ON FUNCTION @extschema@.backup_create_store(text, text, jsonb, boolean, text) IS
    'Creates a store, or registers one that is there already. url: file:///path of a directory on the server, s3://bucket/prefix or azure://account/container/prefix. options: max_rate (bytes per second, "50MB"); of s3 also endpoint, region, path_style, ca_file, credentials, profile, storage_class, sse, sse_kms_key, lock_days, lock_mode, tags, timeout; of azure endpoint, ca_file, credentials, storage_class, tags, timeout. make_default: taken where no store is named, as the first one is anyway. encryption: required or none, fixed for its life.';

CREATE FUNCTION @extschema@.backup_alter_store(name text, url text DEFAULT NULL, options jsonb DEFAULT NULL,
    make_default boolean DEFAULT NULL) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_alter_store';
COMMENT ON FUNCTION @extschema@.backup_alter_store(text, text, jsonb, boolean) IS
    'Changes a store: the new URL must lead to the same store; options are merged, a JSON null removes one.';

CREATE FUNCTION @extschema@.backup_drop_store(name text) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_drop_store';
COMMENT ON FUNCTION @extschema@.backup_drop_store(text) IS
    'Forgets a store; refuses while schedules or backups use it. Deletes nothing in the store.';

CREATE FUNCTION @extschema@.backup_accept_origin(store text, origin text) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_accept_origin';
COMMENT ON FUNCTION @extschema@.backup_accept_origin(text, text) IS
    'Says that backups in this store may come from the store of this id (32 hexadecimal characters), which the catalog does not know: after the original of a copy was lost.';

CREATE FUNCTION @extschema@.backup_check_store(name text,
    OUT step text, OUT ok boolean, OUT detail text, OUT elapsed interval) RETURNS SETOF record
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_check_store';
COMMENT ON FUNCTION @extschema@.backup_check_store(text) IS
    'Writes, reads back, lists and deletes a probe in the store.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Keys
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.backup_create_key(name text, recipients text[] DEFAULT '{}', secret text DEFAULT NULL,
    signer text DEFAULT NULL, make_default boolean DEFAULT false) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_create_key';
COMMENT ON FUNCTION @extschema@.backup_create_key(text, text[], text, text, boolean) IS
    'Creates a key from recovery certificates (PEM, or file:), the place of a server secret and the place of a signing key (file:, command:, env:), and proves a round trip. The first key becomes the default.';

CREATE FUNCTION @extschema@.backup_drop_key(name text) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_drop_key';
COMMENT ON FUNCTION @extschema@.backup_drop_key(text) IS
    'Forgets a key; refuses while a schedule or a backup needs it.';

CREATE FUNCTION @extschema@.backup_check_key(name text, OUT step text, OUT ok boolean, OUT detail text)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_check_key';
COMMENT ON FUNCTION @extschema@.backup_check_key(text) IS
    'Encrypts a probe with the key and, where this server can, decrypts it; signs one and checks the signature.';

CREATE FUNCTION @extschema@.backup_rotate_key(name text, recipients text[] DEFAULT NULL, secret text DEFAULT NULL,
    signer text DEFAULT NULL) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_rotate_key';
COMMENT ON FUNCTION @extschema@.backup_rotate_key(text, text[], text, text) IS
    'Replaces certificates, server secret or signing key (null keeps what there is) and rewrites the small key files of the backups made with it.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Schedules
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.backup_schedule(name text, cron text,
    database text DEFAULT pg_catalog.current_database(), store text DEFAULT NULL, type text DEFAULT 'full',
    key text DEFAULT NULL, timezone text DEFAULT pg_catalog.current_setting('TimeZone'),
    copies text[] DEFAULT '{}', compression text DEFAULT 'zstd:1', workers integer DEFAULT NULL,
    max_rate bigint DEFAULT NULL, include_tables text[] DEFAULT '{}', exclude_tables text[] DEFAULT '{}',
    exclude_table_data text[] DEFAULT '{}', schema_only boolean DEFAULT false, timeout interval DEFAULT NULL,
    max_stored_bytes bigint DEFAULT NULL, retries integer DEFAULT 2, retry_delay interval DEFAULT '5 minutes',
    catch_up text DEFAULT 'latest', yield_to_ddl boolean DEFAULT false, lock_patience interval DEFAULT '30 seconds',
    keep_last integer DEFAULT NULL, keep_within interval DEFAULT NULL, keep_hourly integer DEFAULT NULL,
    keep_daily integer DEFAULT NULL, keep_weekly integer DEFAULT NULL, keep_monthly integer DEFAULT NULL,
    keep_yearly integer DEFAULT NULL, verify text DEFAULT NULL, verify_cron text DEFAULT NULL,
    drill_cron text DEFAULT NULL, drill_checks text[] DEFAULT '{}', enabled boolean DEFAULT true,
    tags text[] DEFAULT '{}') RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_schedule';
COMMENT ON FUNCTION @extschema@.backup_schedule IS
    'Creates a schedule, or replaces the one of that name: options that are not named return to their defaults. cron: five fields, @daily and the like, or N seconds, in timezone. database: a name, or * for all. store, key: null takes the default. The other options are described as columns of backup_schedules.';

CREATE FUNCTION @extschema@.backup_alter_schedule(name text, cron text DEFAULT NULL, database text DEFAULT NULL,
    store text DEFAULT NULL, type text DEFAULT NULL, key text DEFAULT NULL, timezone text DEFAULT NULL,
    copies text[] DEFAULT NULL, compression text DEFAULT NULL, workers integer DEFAULT NULL,
    max_rate bigint DEFAULT NULL, include_tables text[] DEFAULT NULL, exclude_tables text[] DEFAULT NULL,
    exclude_table_data text[] DEFAULT NULL, schema_only boolean DEFAULT NULL, timeout interval DEFAULT NULL,
    max_stored_bytes bigint DEFAULT NULL, retries integer DEFAULT NULL, retry_delay interval DEFAULT NULL,
    catch_up text DEFAULT NULL, yield_to_ddl boolean DEFAULT NULL, lock_patience interval DEFAULT NULL,
    keep_last integer DEFAULT NULL, keep_within interval DEFAULT NULL, keep_hourly integer DEFAULT NULL,
    keep_daily integer DEFAULT NULL, keep_weekly integer DEFAULT NULL, keep_monthly integer DEFAULT NULL,
    keep_yearly integer DEFAULT NULL, verify text DEFAULT NULL, verify_cron text DEFAULT NULL,
    drill_cron text DEFAULT NULL, drill_checks text[] DEFAULT NULL, enabled boolean DEFAULT NULL,
    tags text[] DEFAULT NULL, owner regrole DEFAULT NULL, reset text[] DEFAULT '{}') RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_alter_schedule';
COMMENT ON FUNCTION @extschema@.backup_alter_schedule IS
    'Changes a schedule: null keeps a value, reset names the options that return to their defaults.';

CREATE FUNCTION @extschema@.backup_unschedule(name text) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_unschedule';
COMMENT ON FUNCTION @extschema@.backup_unschedule(text) IS 'Drops a schedule. Its backups stay: no rule applies to them any more.';

CREATE FUNCTION @extschema@.backup_pause(name text) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_pause';
COMMENT ON FUNCTION @extschema@.backup_pause(text) IS 'Stops a schedule from firing until backup_resume.';

CREATE FUNCTION @extschema@.backup_resume(name text) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_resume';
COMMENT ON FUNCTION @extschema@.backup_resume(text) IS 'Lets a paused schedule fire again; what came due meanwhile is not made up for.';

CREATE FUNCTION @extschema@.backup_adopt(schedule text DEFAULT NULL) RETURNS bigint
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_adopt';
COMMENT ON FUNCTION @extschema@.backup_adopt(text) IS
    'Takes over a schedule that came with a copy of another cluster, so that it runs here; null: all of them, and the catalog itself, so that backups can be taken without a schedule too, and the retention of the backups that it has. Returns how many schedules were taken over.';

CREATE FUNCTION @extschema@.backup_next_runs(cron text, timezone text DEFAULT pg_catalog.current_setting('TimeZone'),
    count integer DEFAULT 5, after timestamptz DEFAULT pg_catalog.now(), OUT run_at timestamptz, OUT note text)
    RETURNS SETOF record LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'lifeboat_next_runs';
COMMENT ON FUNCTION @extschema@.backup_next_runs(text, text, integer, timestamptz) IS
    'When a cron expression fires next, and a note where daylight saving shifts it. count: 1 to 10000 times; after: times later than this.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Runs
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.backup_run(schedule text DEFAULT NULL, database text DEFAULT NULL, store text DEFAULT NULL,
    type text DEFAULT NULL, key text DEFAULT NULL, wait boolean DEFAULT true) RETURNS SETOF text
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_run';
COMMENT ON FUNCTION @extschema@.backup_run(text, text, text, text, text, boolean) IS
    'Takes a backup now: by a schedule''s options, or ad hoc. database: a name, or * for all, one after another; null: the schedule''s, else the current one. store, key: null takes the schedule''s, else the default. type: full. Waits until it is complete unless told otherwise; cancelling the waiting query cancels the run. Returns the backup''s id.';

CREATE FUNCTION @extschema@.backup_cancel(backup_id text) RETURNS boolean
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_cancel';
COMMENT ON FUNCTION @extschema@.backup_cancel(text) IS
    'Cancels the run that makes this backup, the copying of it (also one that waits to be tried again), or the restore of that number. False when there is none.';

CREATE FUNCTION @extschema@.backup_progress_rows(OUT run_id bigint, OUT backup_id text, OUT phase text, OUT relation text,
    OUT bytes_done bigint, OUT bytes_total bigint, OUT rows_done bigint, OUT percent double precision,
    OUT bytes_per_second bigint, OUT eta interval, OUT workers integer, OUT snapshot_age interval, OUT ddl_waiting bigint)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_progress';
COMMENT ON FUNCTION @extschema@.backup_progress_rows() IS 'Internal: the rows of backup_progress.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Backups
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.backup_verify(backup_id text DEFAULT 'latest', level text DEFAULT 'content',
    store text DEFAULT NULL)
    RETURNS TABLE (backup_id text, level text, ok boolean, objects bigint, bytes bigint, problems text[], elapsed interval,
                   store text)
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_verify';
COMMENT ON FUNCTION @extschema@.backup_verify(text, text, text) IS
    'Checks a backup. backup_id: an id, latest, or latest:DATABASE. level: present (listed, sizes), checksum (SHA-256), content (decrypts, decompresses, parses, counts rows); each includes those before. store: the copy to check; null: the original, and while that is damaged or away the next copy, with a row for each that was looked at.';

CREATE FUNCTION @extschema@.backup_copy(backup_id text, store text)
    RETURNS TABLE (backup_id text, store text, objects bigint, bytes bigint, elapsed interval)
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_copy';
COMMENT ON FUNCTION @extschema@.backup_copy(text, text) IS
    'Copies a backup into another store and waits: ciphertext as it is, SHA-256 checked on the way, only what is missing there. backup_id: an id, latest, or latest:DATABASE. Returns what was sent. The launcher does the same for the stores that a schedule names in copies.';

CREATE FUNCTION @extschema@.backup_restore_plan(backup_id text DEFAULT 'latest', target_database text DEFAULT NULL,
    tables text[] DEFAULT NULL, mode text DEFAULT 'create', jobs integer DEFAULT NULL)
    RETURNS TABLE (step integer, phase text, action text, object text, bytes bigint, rows bigint, estimate interval,
                   status text, detail text)
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_restore_plan';
COMMENT ON FUNCTION @extschema@.backup_restore_plan(text, text, text[], text, integer) IS
    'What a restore would do, step by step, and what stands in its way: status is ready, warning or blocked. The arguments are those of backup_restore.';

CREATE FUNCTION @extschema@.backup_restore(backup_id text DEFAULT 'latest', target_database text DEFAULT NULL,
    tables text[] DEFAULT NULL, mode text DEFAULT 'create', jobs integer DEFAULT NULL, wait boolean DEFAULT true)
    RETURNS bigint LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_restore';
COMMENT ON FUNCTION @extschema@.backup_restore(text, text, text[], text, integer, boolean) IS
    'Restores a backup into a new database, acting as the caller. backup_id: an id, latest, or latest:DATABASE. target_database: null names it after the backup''s database, _restored_ and the time, which a notice tells. tables: patterns such as public.orders or sales.*; null: all. mode: create. jobs: connections that load, 1 to 64; null: as many as lifeboat.workers. wait: false returns as soon as it has begun. Returns the id of its row in backup_restores.';

CREATE FUNCTION @extschema@.backup_pin(backup_id text, reason text) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_pin';
COMMENT ON FUNCTION @extschema@.backup_pin(text, text) IS 'Keeps a backup whatever the retention rules say.';

CREATE FUNCTION @extschema@.backup_unpin(backup_id text) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_unpin';
COMMENT ON FUNCTION @extschema@.backup_unpin(text) IS 'Gives a pinned backup back to the retention rules.';

CREATE FUNCTION @extschema@.backup_delete(backup_id text) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_delete';
COMMENT ON FUNCTION @extschema@.backup_delete(text) IS 'Deletes a damaged backup from its store; of several copies the damaged one. The launcher makes a copy that its schedule names anew.';

CREATE FUNCTION @extschema@.backup_prune(store text DEFAULT NULL, dry_run boolean DEFAULT true)
    RETURNS TABLE (backup_id text, action text, rule text, bytes bigint, store text)
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_prune';
COMMENT ON FUNCTION @extschema@.backup_prune(text, boolean) IS
    'Says of each backup whether the rules of its schedule keep it, and which; dry_run => false deletes the others. store: null looks at all. action: keep, delete, and of those that were to be deleted: postponed (in use by a run or a restore, or pinned meanwhile), refused (the store lets nobody delete). rule: keep_last, keep_within, keep_hourly … keep_yearly, the same with (oldest), pinned, floor_complete, floor_verified, damaged, future (dated later than now: it takes no place), no_policy, expired, joined by commas. bytes: what was new in this backup.';

CREATE FUNCTION @extschema@.backup_keep_rules(OUT backup_id text, OUT store text, OUT rule text)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_keep_rules';
COMMENT ON FUNCTION @extschema@.backup_keep_rules() IS 'Internal: keep_rule of backup_catalog.';

CREATE FUNCTION @extschema@.backup_import(store text)
    RETURNS TABLE (backup_id text, action text) LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_import';
COMMENT ON FUNCTION @extschema@.backup_import(text) IS
    'Rebuilds the catalog of backups from what lies in a store. Trusts no signer that is not in backup_keys already.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Watching
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.backup_next_due(cron text, timezone text, after timestamptz) RETURNS timestamptz
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'lifeboat_next_due';
COMMENT ON FUNCTION @extschema@.backup_next_due(text, text, timestamptz) IS
    'Internal: the next due time, or null where cron or zone are no longer valid.';

CREATE FUNCTION @extschema@.backup_health_rows(OUT check_name text, OUT subject text, OUT status text, OUT detail text,
    OUT hint text) RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_health';
COMMENT ON FUNCTION @extschema@.backup_health_rows() IS 'Internal: the rows of backup_health.';

CREATE VIEW @extschema@.backup_progress AS
    SELECT run_id, backup_id, phase, relation, bytes_done, bytes_total, rows_done, percent, bytes_per_second, eta, workers,
           snapshot_age, ddl_waiting
      FROM @extschema@.backup_progress_rows();
COMMENT ON VIEW @extschema@.backup_progress IS 'Runs, restores and copies at work, live.';
COMMENT ON COLUMN @extschema@.backup_progress.run_id IS 'id in backup_runs, backup_restores or backup_copies';
COMMENT ON COLUMN @extschema@.backup_progress.backup_id IS 'the backup that is made, restored or copied';
COMMENT ON COLUMN @extschema@.backup_progress.phase IS 'queued, snapshot, schema, data, large_objects, manifest, verify, prune; of a restore: preflight, schema, data, sequences, indexes, finish; of a copy: copy';
COMMENT ON COLUMN @extschema@.backup_progress.relation IS 'the table last begun, or whose lock is waited for';
COMMENT ON COLUMN @extschema@.backup_progress.bytes_done IS 'bytes of heap, TOAST and large objects read; of a copy: bytes sent';
COMMENT ON COLUMN @extschema@.backup_progress.bytes_total IS 'of these';
COMMENT ON COLUMN @extschema@.backup_progress.rows_done IS 'rows read';
COMMENT ON COLUMN @extschema@.backup_progress.percent IS 'bytes_done of bytes_total';
COMMENT ON COLUMN @extschema@.backup_progress.bytes_per_second IS 'average since the first bytes were read';
COMMENT ON COLUMN @extschema@.backup_progress.eta IS 'time left at that rate';
COMMENT ON COLUMN @extschema@.backup_progress.workers IS 'processes that stream now; of a restore: connections that load';
COMMENT ON COLUMN @extschema@.backup_progress.snapshot_age IS 'how long the run has held its snapshot';
COMMENT ON COLUMN @extschema@.backup_progress.ddl_waiting IS 'sessions that wait for a lock the run holds';

CREATE VIEW @extschema@.backup_catalog AS
    SELECT p.backup_id, p.database, p.type, p.schedule, p.store, p.taken_at, p.lsn, p.timeline, p.system_identifier,
           p.server_version, p.tables, p.rows, p.raw_bytes, p.stored_bytes, p.total_stored_bytes,
           pg_catalog.round(p.raw_bytes::numeric OPERATOR(pg_catalog./) NULLIF(p.total_stored_bytes, 0), 2) AS ratio,
           p.finished_at OPERATOR(pg_catalog.-) p.started_at AS duration, p.encrypted, p.key, p.verified_level, p.verified_at,
           NULL::timestamptz AS drilled_at, NULL::boolean AS drill_ok, p.pinned,
           k.rule AS keep_rule, p.status
      FROM @extschema@.backup_restore_points p
      LEFT JOIN @extschema@.backup_keep_rules() k
        ON k.backup_id OPERATOR(pg_catalog.=) p.backup_id AND k.store OPERATOR(pg_catalog.=) p.store
           AND p.status OPERATOR(pg_catalog.<>) 'deleted';
COMMENT ON VIEW @extschema@.backup_catalog IS 'The backups: one row per restore point.';
COMMENT ON COLUMN @extschema@.backup_catalog.backup_id IS 'id of the backup';
COMMENT ON COLUMN @extschema@.backup_catalog.database IS 'the database';
COMMENT ON COLUMN @extschema@.backup_catalog.type IS 'full, incremental or differential';
COMMENT ON COLUMN @extschema@.backup_catalog.schedule IS 'the schedule; null: ad hoc';
COMMENT ON COLUMN @extschema@.backup_catalog.store IS 'the store it lies in';
COMMENT ON COLUMN @extschema@.backup_catalog.taken_at IS 'time of its snapshot: what it restores to';
COMMENT ON COLUMN @extschema@.backup_catalog.lsn IS 'WAL position of its snapshot';
COMMENT ON COLUMN @extschema@.backup_catalog.timeline IS 'timeline of its snapshot';
COMMENT ON COLUMN @extschema@.backup_catalog.system_identifier IS 'the cluster it was taken from';
COMMENT ON COLUMN @extschema@.backup_catalog.server_version IS 'version of that server';
COMMENT ON COLUMN @extschema@.backup_catalog.tables IS 'tables in it';
COMMENT ON COLUMN @extschema@.backup_catalog.rows IS 'rows in it';
COMMENT ON COLUMN @extschema@.backup_catalog.raw_bytes IS 'bytes before compression';
COMMENT ON COLUMN @extschema@.backup_catalog.stored_bytes IS 'bytes that are new in this backup';
COMMENT ON COLUMN @extschema@.backup_catalog.total_stored_bytes IS 'bytes of all it needs';
COMMENT ON COLUMN @extschema@.backup_catalog.ratio IS 'raw_bytes by total_stored_bytes';
COMMENT ON COLUMN @extschema@.backup_catalog.duration IS 'how long it took';
COMMENT ON COLUMN @extschema@.backup_catalog.encrypted IS 'whether it is encrypted';
COMMENT ON COLUMN @extschema@.backup_catalog.key IS 'the key it is encrypted with';
COMMENT ON COLUMN @extschema@.backup_catalog.verified_level IS 'highest level of the verifications that found it sound since it was last found damaged';
COMMENT ON COLUMN @extschema@.backup_catalog.verified_at IS 'when that was, the last time';
COMMENT ON COLUMN @extschema@.backup_catalog.drilled_at IS 'last restore drill (reserved)';
COMMENT ON COLUMN @extschema@.backup_catalog.drill_ok IS 'its outcome (reserved)';
COMMENT ON COLUMN @extschema@.backup_catalog.pinned IS 'kept whatever the rules say';
COMMENT ON COLUMN @extschema@.backup_catalog.keep_rule IS 'the rules that keep it, as backup_prune names them; expired: the next prune deletes it; null: it is deleted';
COMMENT ON COLUMN @extschema@.backup_catalog.status IS 'available, damaged or deleted';

CREATE VIEW @extschema@.backup_relations AS
    SELECT r.backup_id, r.schema, r.relation, r.kind, r.rows, r.raw_bytes, r.stored_bytes, r.segments, r.reused_segments
      FROM @extschema@.backup_restore_point_relations r
     WHERE r.store OPERATOR(pg_catalog.=) (
           SELECT pg_catalog.min(copy.store) FROM @extschema@.backup_restore_point_relations copy
            WHERE copy.backup_id OPERATOR(pg_catalog.=) r.backup_id);
COMMENT ON VIEW @extschema@.backup_relations IS 'The relations in each backup.';
COMMENT ON COLUMN @extschema@.backup_relations.backup_id IS 'id of the backup';
COMMENT ON COLUMN @extschema@.backup_relations.schema IS 'schema of the relation';
COMMENT ON COLUMN @extschema@.backup_relations.relation IS 'name of the relation';
COMMENT ON COLUMN @extschema@.backup_relations.kind IS 'table, partition, materialized view, sequences, large objects …';
COMMENT ON COLUMN @extschema@.backup_relations.rows IS 'its rows';
COMMENT ON COLUMN @extschema@.backup_relations.raw_bytes IS 'its bytes before compression';
COMMENT ON COLUMN @extschema@.backup_relations.stored_bytes IS 'its bytes in the store';
COMMENT ON COLUMN @extschema@.backup_relations.segments IS 'its data objects';
COMMENT ON COLUMN @extschema@.backup_relations.reused_segments IS 'of these, taken over from earlier backups';

CREATE VIEW @extschema@.backup_status AS
    SELECT s.name AS schedule, d.database, s.enabled, ok.finished_at AS last_success_at, ok.backup_id AS last_success_id,
           att.began AS last_attempt_at, att.status AS last_status, att.error AS last_error, next.run_at AS next_run_at,
           coalesce(fails.count, 0) AS consecutive_failures,
           pg_catalog.now() OPERATOR(pg_catalog.-) ok.taken_at AS age,
           s.enabled AND coalesce(due.run_at OPERATOR(pg_catalog.+) coalesce(s.timeout, interval '1 hour')
               OPERATOR(pg_catalog.<) pg_catalog.now(), false) AS overdue,
           ok.duration AS last_duration, ok.stored_bytes AS last_stored_bytes, coalesce(copy.list, '[]') AS copies
      FROM @extschema@.backup_schedules s
     CROSS JOIN LATERAL (
           SELECT s.database WHERE s.database OPERATOR(pg_catalog.<>) '*'
            UNION
           SELECT db.datname::text FROM pg_catalog.pg_database db
            WHERE s.database OPERATOR(pg_catalog.=) '*' AND db.datallowconn AND NOT db.datistemplate) d (database)
      LEFT JOIN LATERAL (
           SELECT r.finished_at, r.backup_id, r.stored_bytes, r.id,
                  coalesce(r.scheduled_for, r.queued_at) AS due,
                  coalesce(p.taken_at, r.started_at) AS taken_at,
                  r.finished_at OPERATOR(pg_catalog.-) r.started_at AS duration
             FROM @extschema@.backup_runs r
             LEFT JOIN @extschema@.backup_restore_points p
               ON p.backup_id OPERATOR(pg_catalog.=) r.backup_id AND p.store OPERATOR(pg_catalog.=) r.store
            WHERE r.schedule OPERATOR(pg_catalog.=) s.name AND r.database OPERATOR(pg_catalog.=) d.database
              AND r.status OPERATOR(pg_catalog.=) 'succeeded'
            ORDER BY r.id DESC LIMIT 1) ok ON true
      LEFT JOIN LATERAL (
           SELECT coalesce(r.started_at, r.queued_at) AS began, r.status, r.error
             FROM @extschema@.backup_runs r
            WHERE r.schedule OPERATOR(pg_catalog.=) s.name AND r.database OPERATOR(pg_catalog.=) d.database
            ORDER BY r.id DESC LIMIT 1) att ON true
      LEFT JOIN LATERAL (
           SELECT pg_catalog.count(*) AS count
             FROM @extschema@.backup_runs r
            WHERE r.schedule OPERATOR(pg_catalog.=) s.name AND r.database OPERATOR(pg_catalog.=) d.database
              AND r.id OPERATOR(pg_catalog.>) coalesce(ok.id, 0)
              AND r.status OPERATOR(pg_catalog.=) ANY ('{failed,interrupted,missed}')) fails ON true
     CROSS JOIN LATERAL (
           SELECT CASE WHEN s.enabled
                       THEN @extschema@.backup_next_due(s.cron, s.timezone, pg_catalog.now()) END) next (run_at)
     CROSS JOIN LATERAL (
           SELECT @extschema@.backup_next_due(s.cron, s.timezone, coalesce(ok.due, s.updated_at))) due (run_at)
      LEFT JOIN LATERAL (
           SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                      'store', wanted.store,
                      'status', CASE WHEN ok.backup_id IS NULL THEN 'none'
                                     WHEN point.status OPERATOR(pg_catalog.=) 'damaged' THEN 'damaged'
                                     WHEN point.status OPERATOR(pg_catalog.=) 'available' THEN 'complete'
                                     WHEN last.status OPERATOR(pg_catalog.=) 'succeeded' THEN 'missing'
                                     ELSE coalesce(last.status, 'missing') END,
                      'at', last.at, 'last_error', last.error, 'newest', newest.backup_id,
                      'waiting', coalesce(waits.count, 0), 'waiting_since', waits.since)
                  ORDER BY wanted.place) AS list
             FROM pg_catalog.unnest(s.copies) WITH ORDINALITY wanted (store, place)
             LEFT JOIN @extschema@.backup_restore_points point
               ON point.backup_id OPERATOR(pg_catalog.=) ok.backup_id AND point.store OPERATOR(pg_catalog.=) wanted.store
              AND point.status OPERATOR(pg_catalog.<>) 'deleted'
             LEFT JOIN LATERAL (
                  SELECT k.status, k.error, coalesce(k.finished_at, k.started_at) AS at
                    FROM @extschema@.backup_copies k
                   WHERE k.backup_id OPERATOR(pg_catalog.=) ok.backup_id AND k.store OPERATOR(pg_catalog.=) wanted.store) last ON true
             LEFT JOIN LATERAL (
                  SELECT p.backup_id FROM @extschema@.backup_restore_points p
                   WHERE p.store OPERATOR(pg_catalog.=) wanted.store AND p.database OPERATOR(pg_catalog.=) d.database
                     AND p.schedule OPERATOR(pg_catalog.=) s.name AND p.status OPERATOR(pg_catalog.=) 'available'
                   ORDER BY p.taken_at DESC LIMIT 1) newest ON true
             LEFT JOIN LATERAL (
                  SELECT pg_catalog.count(*) AS count, pg_catalog.min(k.wanted_at) AS since
                    FROM @extschema@.backup_copies k
                   WHERE k.store OPERATOR(pg_catalog.=) wanted.store AND k.schedule OPERATOR(pg_catalog.=) s.name
                     AND k.database OPERATOR(pg_catalog.=) d.database AND k.retry
                     AND k.status OPERATOR(pg_catalog.<>) 'succeeded') waits ON true) copy ON true;
COMMENT ON VIEW @extschema@.backup_status IS 'How each schedule does, per database.';
COMMENT ON COLUMN @extschema@.backup_status.schedule IS 'name of the schedule';
COMMENT ON COLUMN @extschema@.backup_status.database IS 'the database';
COMMENT ON COLUMN @extschema@.backup_status.enabled IS 'false while paused';
COMMENT ON COLUMN @extschema@.backup_status.last_success_at IS 'when the last successful run ended';
COMMENT ON COLUMN @extschema@.backup_status.last_success_id IS 'the backup it made';
COMMENT ON COLUMN @extschema@.backup_status.last_attempt_at IS 'when the last run began, or was missed';
COMMENT ON COLUMN @extschema@.backup_status.last_status IS 'its status';
COMMENT ON COLUMN @extschema@.backup_status.last_error IS 'its error';
COMMENT ON COLUMN @extschema@.backup_status.next_run_at IS 'next due time';
COMMENT ON COLUMN @extschema@.backup_status.consecutive_failures IS 'runs that failed, were interrupted or missed since the last success';
COMMENT ON COLUMN @extschema@.backup_status.age IS 'age of the newest backup';
COMMENT ON COLUMN @extschema@.backup_status.overdue IS 'a due time has passed (by the timeout, or an hour) without a backup';
COMMENT ON COLUMN @extschema@.backup_status.last_duration IS 'how long the last successful run took';
COMMENT ON COLUMN @extschema@.backup_status.last_stored_bytes IS 'what it stored';
COMMENT ON COLUMN @extschema@.backup_status.copies IS 'an object for each store in the schedule''s copies: store, status of the last backup there (complete, pending, queued, running, failed, cancelled, interrupted, damaged, missing: deleted there, or never asked for; none: no backup yet), at and last_error of its last attempt, newest backup that lies there, waiting: how many copies are still to be made, waiting_since';

CREATE VIEW @extschema@.backup_storage AS
    SELECT s.name AS store, 'store' AS scope, NULL::text AS database, NULL::text AS schedule,
           pg_catalog.count(p.backup_id) AS backups, coalesce(pg_catalog.sum(p.stored_bytes), 0)::bigint AS bytes,
           pg_catalog.min(p.taken_at) AS oldest, pg_catalog.max(p.taken_at) AS newest, s.url, state.reachable, state.latency,
           state.free_bytes, state.error, state.checked_at
      FROM @extschema@.backup_stores s
      LEFT JOIN @extschema@.backup_restore_points p
        ON p.store OPERATOR(pg_catalog.=) s.name AND p.status OPERATOR(pg_catalog.<>) 'deleted'
      LEFT JOIN @extschema@.backup_store_states state ON state.store OPERATOR(pg_catalog.=) s.name
     GROUP BY s.name, s.url, state.store
     UNION ALL
    SELECT p.store, 'schedule', p.database, p.schedule, pg_catalog.count(*), pg_catalog.sum(p.stored_bytes)::bigint,
           pg_catalog.min(p.taken_at), pg_catalog.max(p.taken_at), NULL, NULL, NULL, NULL, NULL, NULL
      FROM @extschema@.backup_restore_points p
     WHERE p.status OPERATOR(pg_catalog.<>) 'deleted'
     GROUP BY p.store, p.database, p.schedule;
COMMENT ON VIEW @extschema@.backup_storage IS 'What lies where: a row per store, and one per store, database and schedule. Asks no store: what a store is like is as the last run, copy or backup_check_store found it, at checked_at.';
COMMENT ON COLUMN @extschema@.backup_storage.store IS 'name of the store';
COMMENT ON COLUMN @extschema@.backup_storage.scope IS 'store: the whole store; schedule: the backups of one database by one schedule in it';
COMMENT ON COLUMN @extschema@.backup_storage.database IS 'the database; null in the row of the whole store';
COMMENT ON COLUMN @extschema@.backup_storage.schedule IS 'the schedule; null: ad hoc, or the row of the whole store';
COMMENT ON COLUMN @extschema@.backup_storage.backups IS 'backups that the catalog knows there, damaged ones too';
COMMENT ON COLUMN @extschema@.backup_storage.bytes IS 'bytes of the objects they brought';
COMMENT ON COLUMN @extschema@.backup_storage.oldest IS 'when the oldest was taken';
COMMENT ON COLUMN @extschema@.backup_storage.newest IS 'when the newest was taken';
COMMENT ON COLUMN @extschema@.backup_storage.url IS 'where the store is';
COMMENT ON COLUMN @extschema@.backup_storage.reachable IS 'whether it answered when it was last asked; null: not asked yet';
COMMENT ON COLUMN @extschema@.backup_storage.latency IS 'how long it took to say which store it is';
COMMENT ON COLUMN @extschema@.backup_storage.free_bytes IS 'bytes that were free, where the kind of store tells';
COMMENT ON COLUMN @extschema@.backup_storage.error IS 'why it was not reachable';
COMMENT ON COLUMN @extschema@.backup_storage.checked_at IS 'when it was last asked';

CREATE VIEW @extschema@.backup_health AS
    SELECT check_name, subject, status, detail, hint FROM @extschema@.backup_health_rows();
COMMENT ON VIEW @extschema@.backup_health IS 'What is well and what needs attention, with the command that mends it.';
COMMENT ON COLUMN @extschema@.backup_health.check_name IS 'what was looked at';
COMMENT ON COLUMN @extschema@.backup_health.subject IS 'the store, key, schedule or setting';
COMMENT ON COLUMN @extschema@.backup_health.status IS 'ok, warning or critical';
COMMENT ON COLUMN @extschema@.backup_health.detail IS 'what was found';
COMMENT ON COLUMN @extschema@.backup_health.hint IS 'what to type';

-- ---------------------------------------------------------------------------------------------------------------------
-- Rights
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.backup_grant(role regrole, level text) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'lifeboat_grant';
COMMENT ON FUNCTION @extschema@.backup_grant(regrole, text) IS
    'Gives a role the level monitor (views), operator (run, cancel, verify, copy, plan) or admin (all), or takes everything back: none.';

-- Nothing is for everybody. By membership, so that no object is forgotten.
DO $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT d.classid, d.objid, c.relkind
          FROM pg_catalog.pg_depend d
          JOIN pg_catalog.pg_extension e
            ON e.oid OPERATOR(pg_catalog.=) d.refobjid AND e.extname OPERATOR(pg_catalog.=) 'pg_lifeboat'
          LEFT JOIN pg_catalog.pg_class c
            ON c.oid OPERATOR(pg_catalog.=) d.objid AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
         WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
           AND d.deptype OPERATOR(pg_catalog.=) 'e'
    LOOP
        IF member.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass THEN
            EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', member.objid::pg_catalog.regprocedure);
        ELSIF member.relkind OPERATOR(pg_catalog.=) 'S' THEN
            EXECUTE pg_catalog.format('REVOKE ALL ON SEQUENCE %s FROM PUBLIC', member.objid::pg_catalog.regclass);
        ELSIF member.relkind IS NOT NULL THEN
            EXECUTE pg_catalog.format('REVOKE ALL ON TABLE %s FROM PUBLIC', member.objid::pg_catalog.regclass);
        END IF;
    END LOOP;
END $$;

-- The level monitor (backup_grant gives the same).
GRANT SELECT ON @extschema@.backup_stores, @extschema@.backup_keys, @extschema@.backup_schedules, @extschema@.backup_runs,
    @extschema@.backup_restores, @extschema@.backup_events, @extschema@.backup_progress, @extschema@.backup_catalog,
    @extschema@.backup_relations, @extschema@.backup_status, @extschema@.backup_health, @extschema@.backup_copies,
    @extschema@.backup_storage TO pg_monitor;
GRANT EXECUTE ON FUNCTION @extschema@.backup_progress_rows(), @extschema@.backup_health_rows(),
    @extschema@.backup_keep_rules(), @extschema@.backup_next_due(text, text, timestamptz),
    @extschema@.backup_next_runs(text, text, integer, timestamptz) TO pg_monitor;

-- In another database the catalog can be kept (after a restore of the control database), not used.
DO $$
DECLARE
    control text := coalesce(pg_catalog.current_setting('lifeboat.database', true), 'postgres');
BEGIN
    IF pg_catalog.current_database() OPERATOR(pg_catalog.<>) control THEN
        RAISE WARNING 'pg_lifeboat works in database "%" only, this is "%"', control, pg_catalog.current_database()
            USING HINT = 'Set lifeboat.database, or create the extension there.';
    END IF;
END $$;
