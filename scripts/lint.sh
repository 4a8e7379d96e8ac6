#!/bin/bash
# lint.sh: formatting, script syntax, include directions and sizes (seconds), clang-tidy (minutes; what did not change
# since it last passed is skipped). Prints every finding, fails if there is one.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
cd "$repo" || exit 1
code=0

say 'clang-format'
scripts/sources.sh | xargs clang-format --dry-run -Werror || code=1

say 'scripts'
for script in scripts/*.sh test/run test/s3/ceph.sh test/bench/run test/bench/s3 test/bench/load test/regressdb/make.sh .ci/run; do
    bash -n "$script" || code=1
done

say 'include directions, sizes'
python3 scripts/lint-tree.py || code=1

say 'clang-tidy'
# Each file alone, without precompiled headers: clang-tidy cannot read those of g++, and a file that forgot an include is seen.
cmake -S . -B "$BUILD/lint" -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DLIFEBOAT_UNITY=OFF -DLIFEBOAT_PG_INCLUDEDIR="$("$PG_CONFIG" --includedir-server)" >/dev/null || code=1
python3 scripts/lint-tidy.py "$BUILD/lint" || code=1

[ $code -eq 0 ] && say 'lint: clean'
exit $code
