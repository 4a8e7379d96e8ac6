# shellcheck shell=bash
# chroot.sh: minimal Debian roots and commands run in them. Sourced after lib.sh, not run. Needs root and mmdebstrap.
# Remove a root with rm -rf --one-file-system.

# debian_root ROOT SUITE PACKAGE,PACKAGE... [OPTION ...]: makes one; the options are mmdebstrap's.
debian_root() {
    local root=$1 suite=$2 packages=$3 mirror
    shift 3
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
    mmdebstrap --quiet --variant=minbase --include="$packages" --dpkgopt=force-unsafe-io \
        --aptopt='Acquire::Check-Valid-Until "false"' "$@" "$suite" "$root" "$mirror"
}

# A /proc and a /dev of its own, in mounts that nobody else sees and that end with the command.
enter_root='
root=$1; shift
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
minor() { mknod -m 666 "$root/dev/$1" c "$2" "$3"; }
minor null 1 3; minor zero 1 5; minor full 1 7; minor random 1 8; minor urandom 1 9; minor tty 5 0
mkdir -m 1777 "$root/dev/shm"; mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
mkdir "$root/dev/pts"; mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"; ln -s pts/ptmx "$root/dev/ptmx"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 chroot "$root" bash -c "cd /root/pg_lifeboat && $*"'

# in_root ROOT COMMAND: runs a shell command as root in ROOT/root/pg_lifeboat.
in_root() {
    local started=$SECONDS
    say "in the chroot: $2"
    unshare --mount --propagation private bash -c "$enter_root" -- "$1" "$2" || return 1
    say "took $((SECONDS - started)) s: $2"
}
