#!/bin/bash
# azurite.sh install | start DIR PORT | stop DIR: Azure Blob Storage for tests: Microsoft's Azurite, which checks signatures.
#
# Runs as whoever calls it, everything below DIR. Wants npm and its registry: `install`, which a first start does by itself,
# takes half a minute and puts Azurite into AZURITE_HOME (DIR/npm). `start` says in DIR/env where it is and with which key.
set -euo pipefail

version=3.35.0
account=devstoreaccount1
# Published: of Azurite, for everybody.
key=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==

die() { echo "azurite.sh: $*" >&2; exit 1; }

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

install_azurite() {
    [ ! -x "$home/node_modules/.bin/azurite-blob" ] || return 0
    mkdir -p "$home"
    (cd "$home" && HOME=$home npm install --no-audit --no-fund --loglevel=error "azurite@$version") ||
        die 'npm could not install azurite'
}

start() {
    local dir=$1 port=$2 home=${AZURITE_HOME:-$1/npm}
    mkdir -p "$dir" "$home"
    dir=$(cd "$dir" && pwd) home=$(cd "$home" && pwd)
    install_azurite
    HOME=$home "$home/node_modules/.bin/azurite-blob" --silent --disableTelemetry --skipApiVersionCheck \
        --location "$dir/data" --blobPort "$port" >"$dir/azurite.log" 2>&1 &
    echo $! >"$dir/pid"
    for _ in $(seq 120); do
        kill -0 "$(cat "$dir/pid")" 2>/dev/null || { cat "$dir/azurite.log" >&2; die 'azurite ended'; }
        if answers "$port"; then
            printf '%s\n' "LIFEBOAT_AZURE=http://127.0.0.1:$port/$account" "AZURE_STORAGE_KEY=$key" >"$dir/env"
            return 0
        fi
        sleep 0.25
    done
    die "azurite did not answer on port $port"
}

case ${1:-} in
    install) home=${AZURITE_HOME:?}; install_azurite ;;
    start) start "$2" "$3" ;;
    stop) [ ! -e "$2/pid" ] || kill "$(cat "$2/pid")" 2>/dev/null || true ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 1 ;;
esac
