#!/bin/bash
# deps.sh: installs the Debian packages that building and testing need and that are missing. Does nothing when all are there.
# Wants root or sudo; without either it names the command to run. PG_MAJOR chooses the server version (15).
set -euo pipefail
major=${PG_MAJOR:-15}

packages=(
    # building
    g++ make cmake ninja-build ccache pkg-config
    libzstd-dev liblz4-dev libssl-dev libpq-dev nlohmann-json3-dev libhowardhinnant-date-dev libcli11-dev libfmt-dev libcurl4-openssl-dev libpugixml-dev
    "postgresql-$major" "postgresql-server-dev-$major"
    # running: time zones for schedules; what recovery without us uses
    tzdata zstd openssl
    # testing
    libgtest-dev lz4 "postgresql-$major-pgtap" libtap-parser-sourcehandler-pgtap-perl libipc-run-perl dpkg-dev procps
    python3 ceph-mon ceph-osd radosgw
    # linting
    clang-format clang-tidy
)

# Azurite, Azure's imitation for tests, comes by npm; who has it from elsewhere keeps it.
command -v npm >/dev/null || packages+=(npm)

missing=()
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
for package in "${packages[@]}"; do
    grep -qx "installed $package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

run=()
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        run=(sudo)
    elif command -v sudo >/dev/null && [ -t 0 ]; then
        echo "deps: sudo is needed to install: ${missing[*]}" >&2
        run=(sudo)
    else
        echo "deps: packages are missing and this user cannot install them. As root:" >&2
        echo "    apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
fi

echo "deps: installing ${missing[*]}" >&2
# Installing a server package would create and start a cluster; nobody asked for one.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    "${run[@]}" mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | "${run[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {
    "$@" >"$log" 2>&1 || { cat "$log" >&2; echo "deps: failed: $*" >&2; exit 1; }
}
quietly "${run[@]}" apt-get update
quietly "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
