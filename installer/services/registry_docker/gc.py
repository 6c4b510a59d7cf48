"""Frees the space of what nothing names any more: the Docker registry's own collection, with the registry stopped.

It must get nothing while it collects, or it would remove what is just being pushed
(https://distribution.github.io/distribution/about/garbage-collection/). Killed at any moment, the next pass of the
watchdog starts the registry again, and the collection's container ends with the command that started it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from installer.services.registry_docker import registry
from installer.services.registry_docker.store import Store, Version
from runtime.base import command, files
from runtime.base.errors import ShoestringError
from runtime.base.failpoints import failpoint
from runtime.base.paths import Paths
from runtime.certificates.acme.container import LABEL
from runtime.config.settings import SEPARATOR
from runtime.context import change, results
from runtime.context.cluster import Cluster
from runtime.docker.observed import Container, observe
from runtime.reconcile import desired, operations
from runtime.reconcile.snapshot import Snapshot

TIMEOUT_SECONDS = 4 * 3600.0
STOP_SECONDS = 15
MEMORY = "128m"
# What is being pushed: an index comes after its images.
YOUNG_SECONDS = 3600.0
# The collection ends as soon as its standard input does, which is as soon as the command does. A job in the
# background has no standard input (POSIX, "Asynchronous Lists"), so it goes there by another number.
SCRIPT = """\
exec 3<&0
registry garbage-collect "$1" 2>&1 & job=$!
{ cat <&3 >/dev/null; kill -9 "$job"; } &
wait "$job"
"""


@dataclass(frozen=True)
class Waste:
    """What a collection would remove: versions without a tag, and blobs; `size` is the blobs' bytes."""

    versions: tuple[Version, ...]
    blobs: int
    size: int


@dataclass(frozen=True)
class Collected:
    """What a collection did: bytes that it freed and that are left, and whether all runs again."""

    versions: tuple[Version, ...]
    freed: int
    left: int
    report: results.Report


def store(paths: Paths) -> Store:
    """What the registry has stored."""
    return Store(paths.data / registry.STORE)


def find_waste(cluster: Cluster, *, untagged: bool) -> Waste:
    """What could go; with `untagged` also versions that no tag leads to. Changes nothing."""
    found = store(cluster.paths)
    versions = _versions(cluster, found, untagged=untagged)
    dead = found.dead(versions)
    return Waste(versions, len(dead), sum(dead.values()))


def _versions(cluster: Cluster, found: Store, *, untagged: bool) -> tuple[Version, ...]:
    """The versions to go. Those that an application file names by their digest stay."""
    if not untagged:
        return ()
    applications = desired.read(cluster.settings, cluster.paths).applications
    named = {each.image.partition("@")[2] for application in applications for each in application.services}
    return found.untagged(named - {""}, time.time() - YOUNG_SECONDS)


def collect(
    cluster: Cluster,
    *,
    untagged: bool,
    timeout: float = 0.0,
    waiting: Callable[[str], None] = lambda holder: None,
    say: Callable[[str], None] = lambda step: None,
) -> Collected:
    """Stop the registry, collect, and make everything run again. `timeout` is how long to wait for the lock.

    Raises ShoestringError; then too everything runs again.
    """
    found = store(cluster.paths)
    with files.lock(cluster.run.lock, timeout, waiting):
        container = _container(cluster)
        before = found.size()
        try:
            say("the registry stops")
            cluster.client.api.stop(container.id, timeout=STOP_SECONDS)
            failpoint("registry-stopped")
            versions = _versions(cluster, found, untagged=untagged)
            for each in versions:
                found.forget_version(each)
            failpoint("registry-forgot")
            say("collecting")
            _run(cluster, cluster.client.api.inspect_container(container.id))
            failpoint("registry-collected")
        finally:
            _clear(cluster)
            say("the registry starts")
            report = operations.carry_out(Snapshot(cluster), change.SILENT)
        left = found.size()
    return Collected(versions, before - left, left, report)


def _container(cluster: Cluster) -> Container:
    """The registry's container. Raises ShoestringError if there is none."""
    seen = observe(cluster.client, cluster.settings.instance).of(registry.NAME)
    if not seen:
        raise ShoestringError("The Docker registry has no container. Start it first: shoestring start")
    return seen[0]


def _name(cluster: Cluster) -> str:
    return f"{cluster.settings.instance}{SEPARATOR}registry-gc"


def argv(name: str, instance: str, inspected: dict[str, Any]) -> tuple[str, ...]:
    """The command line of the collection: image, folders, user and configuration are those of the registry itself."""
    config = inspected["Config"]
    variables = tuple(word for each in _variables(inspected) for word in ("--env", each))
    return (
        *("docker", "run", "--rm", "--interactive", "--name", name, "--label", f"{LABEL}={instance}"),
        *("--pull", "never", "--network", "none", "--read-only", "--cap-drop", "ALL"),
        *("--security-opt", "no-new-privileges", "--log-driver", "none", "--memory", MEMORY, "--pids-limit", "64"),
        *("--user", config.get("User") or "0", "--volumes-from", inspected["Id"], *variables),
        *("--entrypoint", "sh", inspected["Image"], "-c", SCRIPT, "registry-gc", (config.get("Cmd") or [""])[-1]),
    )


def _variables(inspected: dict[str, Any]) -> dict[str, str]:
    """The part of the registry's configuration that is in its environment."""
    given = dict(each.split("=", 1) for each in inspected["Config"].get("Env") or () if "=" in each)
    return {name: value for name, value in given.items() if name.startswith("REGISTRY_")}


def _run(cluster: Cluster, inspected: dict[str, Any]) -> None:
    line = argv(_name(cluster), cluster.settings.instance, inspected)
    result = command.run(line, timeout=TIMEOUT_SECONDS, environment=_variables(inspected), kill_with_parent=True)
    if not result.ok:
        raise ShoestringError(
            "The collection failed; what it had removed until then is gone. Try again: shoestring registry gc\n"
            f"{result.tail(3)}"
        )


def _clear(cluster: Cluster) -> None:
    """Remove the collection's container, if it is still there: the registry must not start beside it."""
    from docker.errors import NotFound

    try:
        cluster.client.api.remove_container(_name(cluster), force=True)
    except NotFound:
        return
