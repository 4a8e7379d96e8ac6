#!/usr/bin/env python3
"""Runs clang-tidy over src/, on all processors: lint-tidy.py BUILD-DIRECTORY [FILE ...].

A file that passed is not checked again until it, a header of ours that it reaches, its compiler flags or .clang-tidy change.
With TIDY_SECONDS=n no file is begun after n seconds: what changed last in git comes first, and what is left is counted.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.M)


def reach(path, seen):
    """The file and every header of ours that it includes, in a fixed order."""
    if path in seen or not os.path.exists(path):
        return
    with open(path, "rb") as file:
        seen[path] = file.read()
    for included in INCLUDE.findall(seen[path]):
        reach(os.path.join("src", included.decode()), seen)


def fingerprint(path, command):
    seen = {}
    reach(path, seen)
    digest = hashlib.sha256(command.encode())
    for name in [".clang-tidy", *seen]:
        with open(name, "rb") as file:
            digest.update(name.encode() + b"\0" + file.read())
    return digest.hexdigest()


def newest_first(paths):
    """By the last commit that touched them."""
    log = subprocess.run(["git", "log", "--format=", "--name-only", "-n", "200", "--", "src"],
                         capture_output=True, text=True, check=False).stdout.split()
    rank = {}
    for path in log:
        rank.setdefault(path, len(rank))
    return sorted(paths, key=lambda path: (rank.get(path, len(rank)), path))


def check(path, command, build, deadline):
    stamp = os.path.join(build, "passed", path.replace("/", "_"))
    print_ = fingerprint(path, command)
    if os.path.exists(stamp) and open(stamp, encoding="ascii").read() == print_:
        return True, ""
    if deadline and time.monotonic() > deadline:
        return None, ""
    # The flags are g++'s.
    run = subprocess.run(["clang-tidy", "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option", path],
                         capture_output=True, text=True, check=False)
    if run.returncode == 0:
        with open(stamp, "w", encoding="ascii") as file:
            file.write(print_)
    noise = re.compile(r"^\d+ warnings? (generated|treated)|^Suppressed|^Use -header-filter")
    text = run.stdout if run.stdout.strip() else run.stderr
    return run.returncode == 0, "\n".join(line for line in text.splitlines() if not noise.match(line))


def main():
    build = os.path.abspath(sys.argv[1])
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    os.makedirs(os.path.join(build, "passed"), exist_ok=True)
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = {os.path.relpath(entry["file"]): entry["command"] for entry in json.load(file)}
    wanted = sys.argv[2:] or newest_first(path for path in commands if path.startswith("src/"))
    unknown = [path for path in wanted if path not in commands]
    for path in unknown:
        print(f"{path}: not in compile_commands.json")
    limit = float(os.environ.get("TIDY_SECONDS", 0))
    deadline = time.monotonic() + limit if limit else None
    clean, left = not unknown, 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(check, path, commands[path], build, deadline) for path in wanted if path in commands]
        for job in jobs:
            passed, text = job.result()
            left += passed is None
            clean = clean and passed is not False
            if passed is False:
                print(text, flush=True)
    if left:
        print(f"clang-tidy: {left} of {len(jobs)} files left, the time is up")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
