-- Many small tables of 10 rows, each with a key, a default and a comment, in ten schemas.
CREATE PROCEDURE make_small(tables int) LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOR s IN 0 .. 9 LOOP
        EXECUTE format('CREATE SCHEMA part%s', s);
    END LOOP;
    FOR t IN 1 .. tables LOOP
        name := format('part%s.small_%s', t % 10, t);
        EXECUTE format('CREATE TABLE %s (id int PRIMARY KEY, name text NOT NULL, at timestamptz DEFAULT now(), amount numeric(12,2))', name);
        EXECUTE format('COMMENT ON TABLE %s IS %L', name, 'small table number ' || t);
        EXECUTE format('INSERT INTO %s SELECT n, md5((n + %s)::text), timestamptz ''2026-01-01'' + n * interval ''1 h'', n * 1.5 '
                       'FROM generate_series(1, 10) n', name, t * 10);
        IF t % 200 = 0 THEN COMMIT; END IF;
    END LOOP;
END $$;
CALL make_small(:tables);
DROP PROCEDURE make_small;
