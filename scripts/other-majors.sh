#!/bin/bash
# other-majors.sh [MAJOR ...]: does it work on the other PostgreSQL versions (17 18)? For each a minimal Debian root with that
# server and its headers is made in ROOTS (build/roots) unless it is there; the committed state is built in it, warnings being
# errors, and the quickstart runs: encrypted backup, verify, restore, compare. Needs root, mmdebstrap, 1.5 GB for each.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/chroot.sh"
roots=${ROOTS:-$BUILD/roots}
[ "$(id -u)" -eq 0 ] || die 'only root can make and enter a chroot'
[ $# -gt 0 ] || set -- 17 18

# The Debian suite that has it, nothing for a version that none has (16).
suite_of() { case $1 in 15) echo bookworm ;; 17) echo trixie ;; 18) echo forky ;; *) return 1 ;; esac; }

make_root() {
    local root=$1 major=$2 suite
    suite=$(suite_of "$major") || die "PostgreSQL $major is in no Debian suite; 15, 17 and 18 are"
    say "making a Debian $suite with PostgreSQL $major in $root"
    # Installing a server package would create a cluster.
    debian_root "$root" "$suite" "g++,make,cmake,ninja-build,pkg-config,procps,tzdata,zstd,openssl,libzstd-dev,liblz4-dev,libssl-dev,libpq-dev,\
nlohmann-json3-dev,libhowardhinnant-date-dev,libcli11-dev,libfmt-dev,libcurl4-openssl-dev,libpugixml-dev,libgtest-dev,postgresql-$major,postgresql-server-dev-$major" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --setup-hook='mkdir -p "$1/etc/postgresql-common"; echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"'
}

try_major() {
    local major=$1 root=$roots/pg$1 started=$SECONDS
    [ -e "$root/etc/debian_version" ] || make_root "$root" "$major"
    rm -rf "$root/root/pg_lifeboat"
    mkdir -p "$root/root/pg_lifeboat"
    git -C "$repo" archive HEAD | tar -x -C "$root/root/pg_lifeboat"
    in_root "$root" "make all -j $(nproc) PG_MAJOR=$major BUILD=/var/tmp/build" || return 1
    in_root "$root" "PG_MAJOR=$major BUILD=/var/tmp/build scripts/quickstart.sh" || return 1
    say "PostgreSQL $major: it works ($((SECONDS - started)) s)"
}

mkdir -p "$roots"
failed=()
for major in "$@"; do try_major "$major" || failed+=("$major"); done
[ ${#failed[@]} -eq 0 ] || die "failed: ${failed[*]}"
