-- Measurements of 400 sensors: times to the microsecond, floats of full and of two digits' precision.
CREATE TABLE sensor (at timestamptz NOT NULL, device int NOT NULL, temperature float8 NOT NULL, humidity float8, voltage float8 NOT NULL);
INSERT INTO sensor
SELECT timestamptz '2026-01-01 00:00:00+00' + n / 400 * interval '10 s' + share(n, 80) * interval '1 s', n % 400 + 1,
       18 + 6 * sin(n / 400 / 1374.0) + n % 400 / 40.0 + noise(n, 81) / 20,
       CASE WHEN pick(n, 85, 100) > 0 THEN round((55 + 15 * cos(n / 400 / 1374.0) + noise(n, 86))::numeric, 2) END,
       3.3 + noise(n, 90) / 100
  FROM generate_series(1, (:scale * 9000000)::bigint) n;
