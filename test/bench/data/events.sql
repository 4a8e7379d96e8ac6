-- Events of a web shop as jsonb: nested, numbers, arrays, escapes.
CREATE TABLE events (id bigint NOT NULL, at timestamptz NOT NULL, body jsonb NOT NULL);
SELECT set_config('bench.rows', (:scale * 1700000)::bigint::text, false) \g /dev/null
SET plan_cache_mode = force_generic_plan; -- or list becomes a constant that each use walks from its beginning
DO $$
DECLARE
    list text[] := (SELECT phrases.list FROM phrases);
    rows bigint := current_setting('bench.rows');
BEGIN
    INSERT INTO events
    SELECT n, timestamptz '2026-01-01 00:00:00+00' + n * interval '0.37 s' + share(n, 40) * interval '0.3 s',
           jsonb_build_object(
               'session', md5((n / 12)::text), 'user', rank_of(n / 12, 41, 900000),
               'type', ('{view,view,view,search,cart,checkout,login,error}'::text[])[1 + pick(n, 42, 8)],
               'path', '/' || replace(rtrim(list[rank_of(n, 43, 60000)], '.,'), ' ', '/'),
               'ms', round((20 * exp(noise(n, 44)))::numeric, 2), 'ok', pick(n, 48, 50) > 0,
               'geo', jsonb_build_object('lat', round((47 + noise(n / 12, 49))::numeric, 5), 'lon', round((8 + noise(n / 12, 53))::numeric, 5)),
               'agent', 'Mozilla/5.0 (X11; "' || list[1 + pick(n / 12, 57, 300)] || '") Gecko/' || 20100101 + pick(n / 12, 58, 60),
               'items', (SELECT jsonb_agg(jsonb_build_object('sku', 'A-' || pick(n * 8 + i, 59, 90000), 'qty', 1 + pick(n * 8 + i, 60, 3),
                                                             'price', round((9 * exp(noise(n * 8 + i, 61)))::numeric, 2)))
                           FROM generate_series(1, pick(n, 65, 4)::int) i))
      FROM generate_series(1, rows) n;
END $$;
