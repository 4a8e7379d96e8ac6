-- Narrow rows of integers, as pgbench_accounts without its filler of blanks: those compress a hundred times and flatter everybody.
CREATE TABLE accounts (aid bigint NOT NULL, bid int NOT NULL, abalance int NOT NULL, opened int NOT NULL, kind smallint);
INSERT INTO accounts
SELECT n, n / 100000 + 1, (noise(n, 10) * 250000)::int, 1400000000 + pick(n, 14, 300000000)::int,
       CASE WHEN pick(n, 15, 10) > 0 THEN rank_of(n, 16, 20) END
  FROM generate_series(1, (:scale * 14000000)::bigint) n;
