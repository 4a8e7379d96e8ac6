#!/bin/sh
# Restores a backup without pg_lifeboat: openssl 3.0, sha256sum, zstd, and psql and pg_restore 15.14 or later.
# "-" for RECOVERY_KEY: the store is not encrypted; for SIGNER_PUB: the backup is not signed and you trust it.
# SIGNER_PUB is the one you kept, none from the store. Roles and tablespaces are not made: their SQL is printed.
set -eu; export LC_ALL=C; umask 077; die() { echo "recover.sh: $*" >&2; exit 1; }
[ $# = 6 ] || die "usage: recover.sh STORE_DIR BACKUP_ID RECOVERY_KEY|- SIGNER_PUB|- TARGET_CONNINFO NEW_DATABASE"
full() { case $1 in - | /*) printf %s "$1" ;; *) printf %s "$PWD/$1" ;; esac; }
KEY=$(full "$3") PUB=$(full "$4") B=backups/$2 TAB=$(printf '\t') LOCK=$(openssl rand -hex 16)
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$1"
cp "$B/SHA256SUMS" "$T/sums"; [ "$PUB" = - ] || openssl dgst -sha256 -verify "$PUB" -signature "$B/SHA256SUMS.sig" "$T/sums" >&2 || die "forged"
sha256sum --strict --quiet -c "$T/sums" >&2 || die "damaged" # all of it, before anything is made
copy() { # to $T/c: what is checked is what is used, even if the store changes meanwhile
    [ -f "$1" ] && [ ! -L "$1" ] || die "$1 is not a regular file"; cp "$1" "$T/c"
    [ "$(sha256sum <"$T/c")" = "$(sed -n "s,^\([0-9a-f]\{64\}  \)$1\$,\1-,p" "$T/sums")" ] || die "$1 is not as listed in $B/SHA256SUMS"; }
copy "$B/manifest.json"; mv "$T/c" "$T/manifest"; grep -qx "\"backup_id\": \"$2\"," "$T/manifest" || die "the manifest is not of $2"
take() { # an object into the file $T/o, so that its tag is checked before anything uses it
    copy "$1"; case $1 in *.zst | *.lz4) [ "$KEY" = - ] || die "$1 is not encrypted"; zstd -dcq "$T/c" >"$T/o"; return ;; esac
    id=$(od -An -tx1 -j33 -N16 "$T/c" | tr -d ' \n')
    [ -s "$T/$id" ] || for key in $(ls -vr "keys/$id".*.cms); do rm -f "$T/$id" # the newest that opens
        openssl cms -decrypt -binary -inform DER -inkey "$KEY" -in "$key" -out "$T/$id" && break; done
    openssl cms -decrypt -binary -inform DER -in "$T/c" -out "$T/z" -secretkey "$(cat "$T/$id")" -secretkeyid "$id"
    zstd -dcq "$T/z" >"$T/o"; }
NAME='("([^"\\]|""|\\[bfnrtv\\])+"|[a-z_][a-z0-9_]*)' COPY="COPY $NAME\\.$NAME( \\($NAME(, $NAME)*\\))? FROM stdin"
sql() { { printf '%s\n' "\\restrict $LOCK"; cat "$T/o"; } >"$T/sql"; psql -Xq -v ON_ERROR_STOP=1 -v db="$DB" -d "$1" -f "$T/sql" >/dev/null; }
DB=$6 NEW="$5 dbname='$(printf %s "$6" | sed "s/[\\\\']/\\\\&/g")'"
PGCLIENTENCODING=$(sed -n 's/^"database":.*"encoding":"\([^"]*\)".*/\1/p' "$T/manifest"); export PGCLIENTENCODING
PGOPTIONS="-c xmloption=content -c default_transaction_read_only=off -c synchronous_commit=off $(sed -n \
    's/^"settings": {"\(.*\)"},$/\1/p' "$T/manifest" | sed 's/ /\\ /g; s/":"/=/g; s/","/ -c /g; s/^/-c /')"; export PGOPTIONS
if [ -f "$B/toc" ]; then take "$B/toc"; else take "$B/toc.zst"; fi; mv "$T/o" "$T/toc"
while IFS=$TAB read -r object kind statement detail <&3; do
    take "$object"
    case $kind in
        globals) cat "$T/o" ;; database) sql "$5" ;; sequences | large_objects) sql "$NEW" ;; statistics) ;;
        schema) pg_restore -e --section=pre-data -d "$NEW" "$T/o" ;; post) pg_restore -e --section=post-data -d "$NEW" "$T/o" ;;
        data | config) printf '%s\n' "$statement" | grep -Eqx "$COPY" || die "$object: $statement"
            tag=$(psql -X -v ON_ERROR_STOP=1 -d "$NEW" -c "$(printf %b "$statement")" <"$T/o")
            case $detail in *"\"rows\":\"${tag#COPY }\""*) ;; *) die "$object: $tag rows, expected $detail" ;; esac ;;
        *) die "kind $kind is not known" ;; esac
done 3<"$T/toc"
