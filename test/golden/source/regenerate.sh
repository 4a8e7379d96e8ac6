#!/bin/sh
# Makes schema.dump and the *.rows files from a database in which make.sql was run. Usage: regenerate.sh CONNINFO
# By hand and once per version of the format; the stores are then written by `golden --gtest_also_run_disabled_tests`.
set -eu
cd "$(dirname "$0")"
export PGCLIENTENCODING=UTF8 PGOPTIONS='-c DateStyle=ISO,\ YMD -c TimeZone=UTC -c extra_float_digits=3'
rows() { psql -X -d "$CONNINFO" -c "COPY (SELECT $2 FROM $3) TO STDOUT" > "$1.rows"; }
CONNINFO=$1
pg_dump -Fc -Z0 --create --no-large-objects --section=pre-data --section=post-data -d "$CONNINFO" -f schema.dump 2>/dev/null ||
    pg_dump -Fc -Z0 --create --no-blobs --section=pre-data --section=post-data -d "$CONNINFO" -f schema.dump
columns='id, note, price, how, data, raw, at, page'
rows orders-0 "$columns" "public.orders WHERE id <= 50"
rows orders-1 "$columns" "public.orders WHERE id BETWEEN 51 AND 100"
rows orders-2 "$columns" "public.orders WHERE id > 100"
odd='"Odd ""schema"""."tab	new
line \ back"'
rows odd-1 '"select", "a ""b""	c"' "$odd WHERE \"select\" <= 2"
rows odd-2 '"select", "a ""b""	c"' "$odd WHERE \"select\" > 2"
rows no_columns '' 'public.no_columns'
