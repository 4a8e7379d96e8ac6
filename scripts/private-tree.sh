#!/bin/bash
# private-tree.sh DIR: a private server tree in DIR with the extension and the command line installed; prints its bin
# directory. The server that PG_CONFIG names stays untouched. `make build` comes first.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: private-tree.sh DIR" >&2; exit 1; }
. "$(dirname "$0")/lib.sh"
mkdir -p "$1"
private_tree "$(cd "$1" && pwd)"
echo "$tree_bin"
