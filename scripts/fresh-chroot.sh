#!/bin/bash
# fresh-chroot.sh DIR [COMMAND ...]: does it work for a stranger? Makes a clean Debian 12 in DIR with git and make and
# nothing else, clones the committed state of this repository into it and runs the commands there as root
# (`make quickstart`, then `make test`). Needs root and mmdebstrap. Remove DIR with rm -rf --one-file-system.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 1; }
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/chroot.sh"
root=$1
shift
[ "$(id -u)" -eq 0 ] || die 'only root can make and enter a chroot'
[ $# -gt 0 ] || set -- 'make quickstart' 'make test'

if [ ! -e "$root/etc/debian_version" ]; then
    say "making a clean Debian 12 in $root"
    debian_root "$root" bookworm git,make
fi
for name in resolv.conf hosts; do cp -L "/etc/$name" "$root/etc/$name"; done
rm -rf "$root/root/pg_lifeboat"
git clone --quiet --no-hardlinks "$repo" "$root/root/pg_lifeboat"

for command in "$@"; do
    in_root "$root" "$command" || die "failed: $command"
done
