#!/bin/bash
# newest-ceph.sh [ROOT]: the conformance suite of stores against the newest Ceph that Debian has. In a minimal Debian sid in ROOT
# (build/roots/ceph), which is made unless it is there, a Ceph is started as the tests start theirs (test/s3/ceph.sh); the suite
# runs outside, from build/core. Bookworm's Ceph 16 ignores If-None-Match on buckets with versions, this one does not.
# Needs root, mmdebstrap, 1 GB, and `make all` before.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/chroot.sh"
[ "$(id -u)" -eq 0 ] || die 'only root can make and enter a chroot'
root=${1:-$BUILD/roots/ceph}
port=30052
contract=$BUILD/core/contract
[ -x "$contract" ] || die "$contract is missing: build it with make all"

if [ ! -e "$root/usr/bin/radosgw" ]; then
    say "making a Debian sid with Ceph in $root"
    mkdir -p "$(dirname "$root")"
    debian_root "$root" sid openssl,ceph-mon,ceph-osd,radosgw,procps --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*'
fi
mkdir -p "$root/root/pg_lifeboat"
cp -r "$repo/test/s3" "$root/root/pg_lifeboat/"

there=$root/var/tmp/s3
stop() {
    local file
    for file in "$there"/run/{rgw,osd,mon}.pid; do [ ! -e "$file" ] || kill "$(cat "$file")" 2>/dev/null || true; done
}
trap stop EXIT
rm -rf "$there"
in_root "$root" "s3/ceph.sh start /var/tmp/s3 $port"
mapfile -t environment <"$there/env"
for i in "${!environment[@]}"; do environment[i]=${environment[i]//\/var\/tmp\/s3/$there}; done
chroot "$root" radosgw --version
env "${environment[@]}" perl -I "$repo/test/cluster/lib" -MS3Service -e 'S3Service->new->create_bucket("lifeboat-contract")'
env "${environment[@]}" "$contract" --gtest_brief=1 --gtest_filter='*s3*'
