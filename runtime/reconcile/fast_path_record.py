"""Save what the fast path compares at the next run; see fast_path.py."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from runtime.base import disk_space, files
from runtime.config import light_inputs as config
from runtime.config import referenced_files
from runtime.config.internal_address import InternalAddress
from runtime.context.cluster import Cluster
from runtime.docker import light_inputs as docker
from runtime.reconcile.desired import Desired
from runtime.reconcile.fast_path import LONGEST_SECONDS, OLD_SNAPSHOT, SNAPSHOT
from runtime.reconcile.snapshot import Snapshot


def save(state: Snapshot) -> None:
    """Save the snapshot, if there is nothing to do and nothing wrong."""
    cluster = state.cluster
    joined = {name for each in state.observed.containers for name in each.networks}
    unseen = not joined.issuperset(state.desired.networks)
    if (
        state.plan
        or state.blocked
        or state.desired.problems
        or state.due.remote
        or not state.inputs
        or unseen
        or cluster.run.attempts.exists()
        or disk_space.problem(str(cluster.paths.root))
    ):
        return
    snapshot = {
        "run": str(cluster.run.directory),
        # A certificate becomes due by time alone; and what the engine lists may be wrong
        # (runtime/docker/observed.py). It is the same for all runs of an hour, which write nothing then.
        "until": min(state.due.next_check, time.time() // LONGEST_SECONDS * LONGEST_SECONDS + LONGEST_SECONDS),
        "inputs": state.inputs,
        "recorded": _recorded(state),
    }
    files.stamp(cluster.run.last_run)
    files.write(cluster.paths.generated / SNAPSHOT, json.dumps(snapshot), mode=0o600)
    files.remove(cluster.paths.generated / OLD_SNAPSHOT)


def invalidate(cluster: Cluster) -> None:
    """Remove the snapshot: the next run inspects everything."""
    files.remove(cluster.paths.generated / SNAPSHOT)


def _recorded(state: Snapshot) -> dict[str, object]:
    """Return what the plan was made with, by the names of the parts that compare it; not that of the moment."""
    return {
        "config": config.digests(str(path) for path in _named_files(state.desired)),
        "network": _followed(state.cluster.internal_address),
        "docker": docker.recorded(state.cluster.settings.instance, state.observed.containers),
    }


def _followed(address: InternalAddress) -> tuple[str, str]:
    """Return the interface that the internal side depends on, and its address; both empty without one."""
    return (address.interface, address.address) if address.interface else ("", "")


def _named_files(desired: Desired) -> Iterator[Path]:
    """Yield the files that application files name; they may be anywhere."""
    for each in desired.applications:
        yield from referenced_files.files(each.compose.value, each.file.parent, desired.variables)
