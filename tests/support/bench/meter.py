"""Runs commands one after the other and prints, as JSON, what they took in all.

A process of its own, run by its path and with little imported: what Linux gives as a child's peak memory is never
less than that of the process which started it, and a test runner's is more than what is measured here.

    python -I meter.py < commands.json    (a list of argument lists)
"""

from __future__ import annotations

import json
import os
import sys
import time


def run(argv: list[str]) -> tuple[float, int]:
    """Run a command to its end. Returns its processor time in seconds and its peak memory in kB, with children."""
    # What it prints goes to the standard error; the standard output is for the result.
    actions = [(os.POSIX_SPAWN_DUP2, 2, 1)]
    process = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    if code := os.waitstatus_to_exitcode(status):
        sys.exit(f"{' '.join(argv)} ended with exit code {code}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def main() -> None:
    commands = json.load(sys.stdin)
    started = time.perf_counter()
    taken = [run(argv) for argv in commands]
    wall = time.perf_counter() - started
    processor = sum(each[0] for each in taken)
    print(json.dumps({"wall": wall, "processor": processor, "peak": max(each[1] for each in taken) * 1024}))


if __name__ == "__main__":
    main()
