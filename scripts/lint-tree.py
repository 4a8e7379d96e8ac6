#!/usr/bin/env python3
"""Checks what the tree promises: who includes whom, and how long files are.

Directions (docs/design/architecture.md): base <- io <- {compress, crypto <- store} <- format <- {plan, schedule}, copytext on
base; in pg bridge <- catalog <- run <- scan <- leader, launcher and sql on run; pg and cli on core, never on each other;
PostgreSQL's headers only in src/pg, libpq and CLI11 only in src/cli.
"""
import os
import re
import sys

MAX_LINES = 400
ALLOWED = {
    "core/base": [],
    "core/io": ["core/base"],
    "core/compress": ["core/base", "core/io"],
    "core/crypto": ["core/base", "core/io"],
    "core/store": ["core/base", "core/io", "core/crypto"],
    "core/copytext": ["core/base"],
    "core/format": ["core/base", "core/io", "core/compress", "core/crypto", "core/store", "core/copytext"],
    "core/schedule": ["core/base", "core/io", "core/compress", "core/crypto", "core/store", "core/format"],
    "core/plan": ["core/base", "core/io", "core/compress", "core/crypto", "core/store", "core/format"],
    "pg/": ["core", "pg"], # module and settings, and what every file includes
    "pg/bridge": ["core", "pg/"],
    "pg/catalog": ["core", "pg/", "pg/bridge"],
    "pg/run": ["core", "pg/", "pg/bridge", "pg/catalog"],
    "pg/scan": ["core", "pg/", "pg/bridge", "pg/run"],
    "pg/leader": ["core", "pg/", "pg/bridge", "pg/run", "pg/scan"],
    "pg/launcher": ["core", "pg/", "pg/bridge", "pg/catalog", "pg/run"],
    "pg/sql": ["core", "pg/", "pg/bridge", "pg/catalog", "pg/run"],
    "cli": ["core"],
}
# The one step against the direction: a tap that hashes.
EXCEPTIONS = {("core/io/taps.h", "core/crypto/sha256.h"), ("core/io/taps.cpp", "core/crypto/sha256.h")}
# System headers with a room of their own.
RESERVED = {
    "libpq-fe.h": "cli", "CLI/": "cli", "postgres.h": "pg", "fmgr.h": "pg", "miscadmin.h": "pg",
    "access/": "pg", "catalog/": "pg", "commands/": "pg", "executor/": "pg", "nodes/": "pg", "postmaster/": "pg",
    "storage/": "pg", "utils/": "pg", "lib/": "pg",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def room_of(path):
    """core/base/error.h -> core/base; pg/sql/runs.cpp -> pg/sql; pg/shmem.h -> pg/; cli/restore/x.cpp -> cli."""
    parts = path.split("/")
    if parts[0] == "pg" and len(parts) == 2:
        return "pg/"
    return "/".join(parts[:2]) if parts[0] in ("core", "pg") else parts[0]


def allowed(including, included):
    target = room_of(included)
    rooms = ALLOWED.get(room_of(including))
    if rooms is None:
        return False
    return target == room_of(including) or any(target == r or target.startswith(r + "/") for r in rooms)


def check_include(path, kind, included):
    if kind == "<":
        for prefix, room in RESERVED.items():
            if (included == prefix or prefix.endswith("/") and included.startswith(prefix)) and path.split("/")[0] != room:
                return f"<{included}> belongs in src/{room} only"
        return None
    if not os.path.exists(os.path.join("src", included)):
        return f'"{included}" is no file of src/ (includes are relative to src/)'
    if (path, included) not in EXCEPTIONS and not allowed(path, included):
        return f'"{included}" is against the include direction: {room_of(path)} may use {ALLOWED.get(room_of(path))}'
    return None


def check_file(path):
    with open(os.path.join("src", path), encoding="utf-8") as file:
        lines = file.readlines()
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        problem = match and check_include(path, match[1], match[2])
        if problem:
            yield f"src/{path}:{number}: {problem}"
    if len(lines) > MAX_LINES:
        yield f"src/{path}: {len(lines)} lines, more than {MAX_LINES}"
    if path.endswith(".h") and not any(line.startswith("#pragma once") for line in lines):
        yield f"src/{path}: no #pragma once"


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    problems = []
    for folder, _, names in sorted(os.walk("src")):
        for name in sorted(names):
            if name.endswith((".h", ".cpp", ".def")):
                problems += check_file(os.path.relpath(os.path.join(folder, name), "src"))
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
