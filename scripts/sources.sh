#!/bin/bash
# sources.sh: the C++ files of the project, one per line.
cd "$(dirname "$0")/.." || exit 1
find src test -name '*.h' -o -name '*.cpp' | sort
