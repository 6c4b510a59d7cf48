"""The fast path: end a run of the watchdog with nothing to do before anything large is imported.

A run or a start that ends well saves a snapshot: a digest of the inputs that each part of the system declares
(runtime/reconcile/parts.py), and what the parts recorded. If the next run finds the same, there is nothing to do. In
any other case, or without the snapshot, it inspects everything; so a snapshot that is lost or old makes a run
slower, never wrong.

This module must import little: it is what runs each minute.
"""

from __future__ import annotations

import hashlib
import json
import os
import time

from runtime.base.constants import LAST_RUN
from runtime.base.light_inputs import Place
from runtime.reconcile.parts import PARTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from runtime.base.light_inputs import Part
    from runtime.context.cluster import Cluster

SNAPSHOT = "fast-path.json"
# The file of the version before; it is never read.
OLD_SNAPSHOT = "quiet.json"
# After so long a run inspects everything in any case.
LONGEST_SECONDS = 3600.0


class Run:
    """A run that saved a snapshot: the instance's directory below /run, and a token of what it found."""

    def __init__(self, directory: str, token: str) -> None:
        self.directory = directory
        self.token = token


def is_unchanged(root: str, parts: Iterable[Part] = PARTS) -> bool:
    """Return whether a data directory and its containers are as the last good run left them. Changes nothing.

    False also where that cannot be known in a moment: the full run finds out, and reports what is wrong.
    """
    try:
        snapshot = _load(root)
        place = Place(root, snapshot["run"])
        return (
            time.time() < snapshot["until"]
            and snapshot["inputs"] == inputs(place, parts)
            and all(each.is_recorded(place, snapshot["recorded"].get(each.name)) for each in parts)
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def inputs(place: Place, parts: Iterable[Part] = PARTS) -> str:
    """Return a digest of what each part declares; empty if something cannot be read: then nothing is known."""
    digest = hashlib.sha256()
    try:
        for part in parts:
            digest.update(f"\0{part.name}\0".encode())
            for each in part.inputs(place):
                digest.update(each + b"\0")
    except OSError:
        return ""
    return digest.hexdigest()


def last_run(root: str) -> Run:
    """Return the run that saved the snapshot. Raises OSError, ValueError or KeyError if there is none."""
    with open(os.path.join(root, "generated", SNAPSHOT), "rb") as file:
        content = file.read()
    return Run(json.loads(content)["run"], hashlib.sha256(content).hexdigest())


def stamp(run: Run) -> None:
    """Save the time of this run for the check of the watchdog; see runtime/alerting/checks.py."""
    os.utime(os.path.join(run.directory, LAST_RUN))


def is_stale(cluster: Cluster) -> bool:
    """Return whether the engine's list may be old: no good run in this hour, so each container is to be inspected."""
    try:
        return bool(time.time() >= _load(str(cluster.paths.root))["until"])
    except (OSError, ValueError, KeyError, TypeError):
        return True


def _load(root: str) -> Any:
    with open(os.path.join(root, "generated", SNAPSHOT), encoding="utf-8") as file:
        return json.load(file)
