#!/bin/bash
# fresh-chroot.sh DIR [COMMAND ...]: does it work for a stranger? Makes a clean Debian 12 in DIR with git and make and
# nothing else, clones the committed state of this repository into it and runs the commands there as root
# (`make quickstart`, then `make test`). Needs root and mmdebstrap. Remove DIR with rm -rf --one-file-system.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 1; }
. "$(dirname "$0")/lib.sh"
root=$1
shift
[ "$(id -u)" -eq 0 ] || die 'only root can make and enter a chroot'
[ $# -gt 0 ] || set -- 'make quickstart' 'make test'
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)

if [ ! -e "$root/etc/debian_version" ]; then
    say "making a clean Debian 12 in $root"
    mmdebstrap --quiet --variant=minbase --include=git,make --dpkgopt=force-unsafe-io \
        --aptopt='Acquire::Check-Valid-Until "false"' bookworm "$root" "$mirror"
fi
for name in resolv.conf hosts; do cp -L "/etc/$name" "$root/etc/$name"; done
rm -rf "$root/root/pg_lifeboat"
git clone --quiet --no-hardlinks "$repo" "$root/root/pg_lifeboat"

# A /proc and a /dev of its own, in mounts that nobody else sees and that end with the command.
enter='
root=$1; shift
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
minor() { mknod -m 666 "$root/dev/$1" c "$2" "$3"; }
minor null 1 3; minor zero 1 5; minor full 1 7; minor random 1 8; minor urandom 1 9; minor tty 5 0
mkdir -m 1777 "$root/dev/shm"; mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 chroot "$root" bash -c "cd /root/pg_lifeboat && $*"'
for command in "$@"; do
    say "in the chroot: $command"
    started=$SECONDS
    unshare --mount --propagation private bash -c "$enter" -- "$root" "$command" || die "failed: $command"
    say "took $((SECONDS - started)) s: $command"
done
