-- What the generators share. Everything is a function of a row's number, r, so that data are equal from run to run.

-- Evenly spread over 0 … n - 1.
CREATE FUNCTION pick(r bigint, seed bigint, n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$SELECT (hashint8extended(r, seed) & 9007199254740991) % n$$;

-- Evenly spread over [0, 1).
CREATE FUNCTION share(r bigint, seed bigint) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$SELECT (hashint8extended(r, seed) & 9007199254740991) / 9007199254740992.0::float8$$;

-- About normal, mean 0, deviation 1.
CREATE FUNCTION noise(r bigint, seed bigint) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$SELECT (share(r, seed) + share(r, seed + 1) + share(r, seed + 2) + share(r, seed + 3) - 2) * 1.7320508$$;

-- Few values often, most rarely (Zipf's law): 1 … n.
CREATE FUNCTION rank_of(r bigint, seed bigint, n bigint) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$SELECT floor(power(n::float8, share(r, seed)))::int$$;

-- 60,000 phrases of two to seven words, the words being of one to four syllables and the frequent ones short. Texts are put
-- together from them: take the array into a variable of PL/pgSQL, or every use reads all of it.
CREATE TABLE phrases AS
WITH words AS (
    SELECT array_agg(word ORDER BY n) AS list
      FROM (SELECT n, string_agg(('{an,ber,co,de,el,fu,gra,hin,is,jo,ka,lo,men,no,or,pel,qui,re,son,ti,un,ver,wal,xe,yt,zu,a,e,o,the,ing,st}'::text[])
                                 [1 + pick(n * 8 + part, 1, 32)], '' ORDER BY part) AS word
              FROM generate_series(1, 500) n, LATERAL generate_series(1, 1 + (log(n) * 1.1)::int) part
             GROUP BY n) w)
SELECT array_agg(phrase ORDER BY n) AS list
  FROM (SELECT n, string_agg(words.list[rank_of(n * 8 + part, 4, 500)], ' ' ORDER BY part)
                  || (ARRAY['', '', '', ',', '.'])[1 + pick(n, 2, 5)] AS phrase
          FROM words, generate_series(1, 60000) n, LATERAL generate_series(1, 2 + pick(n, 3, 6)::int) part
         GROUP BY n) made;
