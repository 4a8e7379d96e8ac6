-- docs/reference.md from the catalog: psql -X -A -t -q -f reference.sql, on a server with the extension preloaded.
\pset format unaligned
\pset tuples_only on
\pset footer off
\pset recordsep '\n'
SET search_path = public, pg_catalog;
SET client_min_messages = error;

SELECT '# Reference' || E'\n\n' ||
       'Made by `scripts/reference.sh` from the comments in the database; do not edit. The same is at hand in psql: `\df+ backup_*`, `\d+ backup_*`.';

CREATE TEMP VIEW members AS
    SELECT d.classid, d.objid
      FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_lifeboat'
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e';

SELECT E'\n## Functions';
SELECT E'\n### ' || p.proname || E'\n\n```\n' || p.proname || '(' ||
       regexp_replace(pg_get_function_arguments(p.oid), ', (?=\w+ [a-z])', E',\n    ', 'g') || ')' || E'\n    RETURNS ' ||
       pg_get_function_result(p.oid) || E'\n```\n\n' || obj_description(p.oid, 'pg_proc')
  FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
 WHERE obj_description(p.oid, 'pg_proc') NOT LIKE 'Internal:%'
 ORDER BY p.proname;

SELECT E'\n## Tables and views';
SELECT E'\n### ' || c.relname || E'\n\n' || obj_description(c.oid, 'pg_class') || E'\n\n| column | type | meaning |\n|---|---|---|\n' ||
       (SELECT string_agg(format('| `%s` | %s | %s |', a.attname, format_type(a.atttypid, a.atttypmod),
                                 replace(coalesce(col_description(c.oid, a.attnum), ''), '|', '\|')),
                          E'\n' ORDER BY a.attnum)
          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM members m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
 WHERE c.relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') NOT LIKE 'Internal:%'
 ORDER BY c.relname;

SELECT E'\n## Settings\n\n| setting | default | takes effect | meaning |\n|---|---|---|---|\n' ||
       (SELECT string_agg(format('| `%s` | %s | %s | %s |', s.name,
                                 CASE WHEN s.boot_val = '' THEN 'empty' WHEN s.unit IS NULL THEN s.boot_val ELSE pg_size_pretty(s.boot_val::bigint * 1024) END,
                                 CASE s.context WHEN 'postmaster' THEN 'at a restart' ELSE 'at a reload' END,
                                 concat_ws(' ', s.short_desc, s.extra_desc)), E'\n' ORDER BY s.name)
          FROM pg_settings s WHERE s.name LIKE 'lifeboat.%');
