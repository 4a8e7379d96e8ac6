-- As TPC-H's lineitem: numerics, dates, fixed and short texts.
CREATE TABLE lineitem (
    l_orderkey bigint NOT NULL, l_partkey int NOT NULL, l_suppkey int NOT NULL, l_linenumber int NOT NULL,
    l_quantity numeric(15,2) NOT NULL, l_extendedprice numeric(15,2) NOT NULL, l_discount numeric(15,2) NOT NULL,
    l_tax numeric(15,2) NOT NULL, l_returnflag char(1) NOT NULL, l_linestatus char(1) NOT NULL,
    l_shipdate date NOT NULL, l_commitdate date NOT NULL, l_receiptdate date NOT NULL,
    l_shipinstruct char(25) NOT NULL, l_shipmode char(10) NOT NULL, l_comment varchar(44) NOT NULL);
SELECT set_config('bench.rows', (:scale * :copies * 6000000)::bigint::text, false) \g /dev/null
SET plan_cache_mode = force_generic_plan; -- or list becomes a constant that each use walks from its beginning
DO $$
DECLARE
    list text[] := (SELECT phrases.list FROM phrases);
    rows bigint := current_setting('bench.rows');
BEGIN
    INSERT INTO lineitem
    SELECT n / 4 * 8 + n % 4, part, part % 10000 + 1, n % 4 + 1,
           quantity, (quantity * (90000 + part % 20001 + part % 1000 * 100) / 100)::numeric(15,2),
           pick(n, 23, 11) / 100.0, pick(n, 24, 9) / 100.0,
           CASE WHEN ordered > 1400 THEN 'N' WHEN pick(n, 25, 2) = 0 THEN 'R' ELSE 'A' END, CASE WHEN ordered > 1400 THEN 'O' ELSE 'F' END,
           date '1992-01-01' + ordered + 1 + pick(n, 26, 121)::int,
           date '1992-01-01' + ordered + 30 + pick(n, 27, 61)::int,
           date '1992-01-01' + ordered + 2 + pick(n, 28, 151)::int,
           ('{DELIVER IN PERSON,COLLECT COD,NONE,TAKE BACK RETURN}'::text[])[1 + pick(n, 29, 4)],
           ('{REG AIR,AIR,RAIL,SHIP,TRUCK,MAIL,FOB}'::text[])[1 + pick(n, 30, 7)],
           left(list[1 + pick(n, 31, 60000)] || ' ' || list[1 + pick(n, 32, 60000)], 10 + pick(n, 33, 34)::int)
      FROM generate_series(1, rows) n,
           LATERAL (SELECT pick(n, 20, 200000)::int AS part, pick(n, 21, 50) + 1 AS quantity, pick(n / 4, 22, 2406)::int AS ordered OFFSET 0) o;
END $$;
