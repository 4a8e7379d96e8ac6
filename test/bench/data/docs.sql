-- Documents of 3 to 24 kB of text, which the server keeps compressed beside the table (TOAST).
CREATE TABLE docs (id bigint NOT NULL, title text NOT NULL, body text NOT NULL);
SELECT set_config('bench.rows', (:scale * 45000)::bigint::text, false) \g /dev/null
SET plan_cache_mode = force_generic_plan; -- or list becomes a constant that each use walks from its beginning
DO $$
DECLARE
    list text[] := (SELECT phrases.list FROM phrases);
    rows bigint := current_setting('bench.rows');
BEGIN
    INSERT INTO docs
    SELECT n, list[1 + pick(n, 70, 60000)],
           (SELECT string_agg(list[rank_of(n * 1024 + i, 71, 60000)] || CASE WHEN i % 9 = 0 THEN E'\n' ELSE ' ' END, '' ORDER BY i)
              FROM generate_series(1, 100 + pick(n, 72, 800)::int) i)
      FROM generate_series(1, rows) n;
END $$;
