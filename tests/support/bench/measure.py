"""Measure commands against each other in one run: interleaved, so that other load affects all of them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
METER = Path(__file__).with_name("meter.py")


@dataclass(frozen=True)
class Usage:
    """What a command or several took: seconds of wall and of processor time, and the peak memory in bytes."""

    wall: float
    processor: float
    peak: float

    def __str__(self) -> str:
        return f"{1000 * self.wall:.0f} ms | {1000 * self.processor:.0f} ms | {self.peak / 1e6:.0f} MB"


def medians(commands: Mapping[str, tuple[str, ...]], rounds: int, environment: Mapping[str, str]) -> dict[str, float]:
    """Return the median wall time of each command in seconds, over `rounds` rounds after one that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, argv in commands.items():
            started = time.perf_counter()
            subprocess.run(argv, check=True, capture_output=True, cwd=ROOT, env=dict(environment))
            if number:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(each) for name, each in times.items()}


def usage(commands: Sequence[tuple[str, ...]]) -> Usage:
    """Run commands one after the other; return what they took, with all processes that they start."""
    done = subprocess.run(
        (sys.executable, "-I", str(METER)),
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=dict(os.environ),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Usage(**json.loads(done.stdout))


def median_usages(
    commands: Mapping[str, Sequence[tuple[str, ...]]], rounds: int, rare: Mapping[str, int]
) -> dict[str, Usage]:
    """Return the median of each figure over `rounds` rounds after one that is not counted.

    What is `rare` is run so many times instead, spread over the rounds, and each time counts.
    """
    seen: dict[str, list[Usage]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, argvs in commands.items():
            times = rare.get(name, 0)
            if not times or number * times // rounds < min(times, (number + 1) * times // rounds):
                seen[name].append(usage(argvs))
    kept = {name: each if name in rare else each[1:] for name, each in seen.items()}
    return {
        name: Usage(*map(statistics.median, zip(*map(astuple, each), strict=True))) for name, each in kept.items()
    }


def table(measured: Mapping[str, float], against: str) -> str:
    """Return a table of medians and their ratios to one of them, in Markdown."""
    rows = [
        f"| `{name}` | {1000 * each:.0f} ms | {each / measured[against]:.2f} |" for name, each in measured.items()
    ]
    return "\n".join(["| command | median | ratio |", "| --- | --- | --- |", *rows])
