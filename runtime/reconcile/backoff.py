"""Delay repeated attempts: what failed is tried again at once, then after 1, 5 and 15 minutes.

The memory of attempts lives until the next boot. If it is lost, a thing is tried once more than need be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from runtime.base import files
from runtime.context.change import Change, Outcome, Plan

DELAYS_SECONDS = (0.0, 60.0, 300.0, 900.0)
# What has been well for this long after its last attempt starts afresh.
FORGET_SECONDS = 900.0


@dataclass(frozen=True)
class Attempts:
    """How often the same thing was tried. `fingerprint` is what it was made from, `last` seconds since the epoch."""

    fingerprint: str
    number: int
    last: float
    error: str = ""

    def due(self, now: float) -> float:
        """Return seconds until the next attempt; 0 or less: now."""
        delay = DELAYS_SECONDS[min(self.number, len(DELAYS_SECONDS) - 1)]
        return self.last + delay - now

    def is_expired(self, now: float) -> bool:
        """Return whether it is too long ago to count; also where the clock was set back."""
        return now < self.last or self.due(now) < -FORGET_SECONDS


AttemptMemory = Mapping[str, Attempts]


@dataclass(frozen=True)
class DeferredChange:
    """A change that is due later. `seconds` until then."""

    change: Change
    attempts: Attempts
    seconds: float


def load(file: Path) -> dict[str, Attempts]:
    """Read the memory; what cannot be read is no memory."""
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        return {str(key): Attempts(**entry) for key, entry in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def save(file: Path, memory: AttemptMemory) -> None:
    """Write the memory, if it changed."""
    if memory:
        files.write(file, json.dumps({key: asdict(memory[key]) for key in sorted(memory)}, indent=1), mode=0o600)
    else:
        files.remove(file)


def split(plan: Plan, memory: AttemptMemory, now: float) -> tuple[Plan, tuple[DeferredChange, ...]]:
    """Return the changes of a plan to make now, and those that are deferred."""
    todo: list[Change] = []
    held: list[DeferredChange] = []
    for change in plan:
        entry = memory.get(change.key)
        if entry is None or entry.fingerprint != change.fingerprint or entry.is_expired(now) or entry.due(now) <= 0:
            todo.append(change)
        else:
            held.append(DeferredChange(change, entry, entry.due(now)))
    return tuple(todo), tuple(held)


def current(memory: AttemptMemory, now: float) -> AttemptMemory:
    """Return the memory without attempts that are too long ago to count."""
    return {key: entry for key, entry in memory.items() if not entry.is_expired(now)}


def record(
    memory: AttemptMemory, outcomes: tuple[Outcome, ...], failures: Mapping[str, str], now: float
) -> AttemptMemory:
    """Return the memory after a run. `failures` are sentences by the name of what was applied and does not run.

    What worked and was new is forgotten. What failed, or had to be started again as it was, counts.
    """
    kept = dict(current(memory, now))
    counted: dict[str, Attempts] = {}
    for outcome in outcomes:
        change = outcome.change
        key, fingerprint = change.key, change.fingerprint
        error = outcome.sentence or failures.get(change.name, "")
        before = kept.pop(key, None) if key not in counted else None
        if error or change.is_repair:
            number = before.number + 1 if before and before.fingerprint == fingerprint else 1
            first = counted.get(key, Attempts(fingerprint, number, now))
            # An application may have more than one change in a run; that is one attempt.
            counted[key] = replace(first, error=first.error or error)
    return kept | counted
