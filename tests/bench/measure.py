"""Measures commands against each other in one run: interleaved, so that whatever else the machine does hits all."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


def medians(commands: Mapping[str, tuple[str, ...]], rounds: int, environment: Mapping[str, str]) -> dict[str, float]:
    """The median wall time of each command in seconds, over `rounds` rounds after one that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, argv in commands.items():
            started = time.perf_counter()
            subprocess.run(argv, check=True, capture_output=True, cwd=ROOT, env=dict(environment))
            if number:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(each) for name, each in times.items()}


def table(measured: Mapping[str, float], against: str) -> str:
    """A table of medians and their ratios to one of them, in Markdown."""
    rows = [f"| `{name}` | {1000 * each:.0f} ms | {each / measured[against]:.2f} |" for name, each in measured.items()]
    return "\n".join(["| command | median | ratio |", "| --- | --- | --- |", *rows])
