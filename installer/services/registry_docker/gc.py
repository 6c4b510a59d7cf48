"""Delete unreferenced blobs: the Docker registry's own garbage collection, with the registry stopped.

A push meanwhile could lose blobs (https://distribution.github.io/distribution/about/garbage-collection/). If the
command is killed, its container ends with it, and the next run of the watchdog starts the registry again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from installer.services.registry_docker import registry
from installer.services.registry_docker.store import ImageVersion, RegistryStore, link_folder
from runtime.base import command, files
from runtime.base.errors import ShoestringError
from runtime.base.failpoints import failpoint
from runtime.base.paths import Paths
from runtime.certificates.acme.container import LABEL
from runtime.config.settings import SEPARATOR
from runtime.context import change, results
from runtime.context.cluster import Cluster
from runtime.docker.hardening import Hardening
from runtime.docker.observed import Container, observe
from runtime.reconcile import desired, operations
from runtime.reconcile.snapshot import Snapshot

TIMEOUT_SECONDS = 4 * 3600.0
STOP_SECONDS = 15
MEMORY = "128m"
PROCESSES = 64
# A younger manifest may be part of a push that is not complete: an index comes after its images.
YOUNG_SECONDS = 3600.0
# The collection ends with its standard input, and so with the command. A job in the background has no standard input
# (POSIX, "Asynchronous Lists"), so it is passed as another descriptor.
SCRIPT = """\
exec 3<&0
registry garbage-collect "$1" 2>&1 & job=$!
{ cat <&3 >/dev/null; kill -9 "$job"; } &
wait "$job"
"""
# Folders from standard input, below the store. A link in it leads no further than the container sees.
DELETE = """\
cd "$1"
while read -r folder; do rm -rf -- "$folder" || exit; done
"""


@dataclass(frozen=True)
class RegistryWaste:
    """The data that a collection would delete: untagged versions, and blobs; `size` is the blobs' bytes."""

    versions: tuple[ImageVersion, ...]
    blobs: int
    size: int


@dataclass(frozen=True)
class CollectedWaste:
    """The result of a collection: the bytes that it freed and that are left, and the report of the start after it."""

    versions: tuple[ImageVersion, ...]
    freed: int
    left: int
    report: results.Report


def store(paths: Paths) -> RegistryStore:
    """Return the store of the registry."""
    return RegistryStore(paths.data / registry.STORE)


def find_waste(cluster: Cluster, *, untagged: bool) -> RegistryWaste:
    """Return what a collection would delete; with `untagged` also untagged versions."""
    found = store(cluster.paths)
    versions = _versions(cluster, found, untagged=untagged)
    dead = found.unreferenced(versions)
    return RegistryWaste(versions, len(dead), sum(dead.values()))


def _versions(cluster: Cluster, found: RegistryStore, *, untagged: bool) -> tuple[ImageVersion, ...]:
    """Return the versions to delete. Those that an application file names by their digest stay."""
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
) -> CollectedWaste:
    """Stop the registry, collect, and start everything again. `timeout` is how long to wait for the lock, in seconds.

    Raises ShoestringError after starting everything again.
    """
    found = store(cluster.paths)
    with files.lock(cluster.run.lock, timeout, waiting):
        container = _container(cluster)
        before = found.size()
        try:
            say("stopping the registry")
            cluster.client.api.stop(container.id, timeout=STOP_SECONDS)
            failpoint("registry-stopped")
            versions = _versions(cluster, found, untagged=untagged)
            inspected = cluster.client.api.inspect_container(container.id)
            if versions:
                _delete(cluster, inspected, versions)
            failpoint("registry-forgot")
            say("collecting garbage")
            # Without a first push the registry's own collection fails: it has no folder of blobs.
            if found.blobs():
                _run(cluster, inspected)
            failpoint("registry-collected")
        finally:
            _clear(cluster)
            say("starting the registry")
            report = operations.carry_out(Snapshot(cluster), change.SILENT)
        left = found.size()
    return CollectedWaste(versions, before - left, left, report)


def _container(cluster: Cluster) -> Container:
    """Return the registry's container. Raises ShoestringError if there is none."""
    seen = observe(cluster.client, cluster.settings.instance).of(registry.NAME)
    if not seen:
        raise ShoestringError("The Docker registry has no container. Start it first: shoestring start")
    return seen[0]


def _name(cluster: Cluster) -> str:
    return f"{cluster.settings.instance}{SEPARATOR}registry-gc"


def argv(name: str, instance: str, inspected: dict[str, Any], script: str, argument: str) -> tuple[str, ...]:
    """Return the command of a script with image, folders, user and configuration of the registry itself."""
    config = inspected["Config"]
    variables = tuple(word for each in _variables(inspected) for word in ("--env", each))
    return (
        *("docker", "run", "--rm", "--interactive", "--name", name, "--label", f"{LABEL}={instance}"),
        *("--pull", "never", "--network", "none"),
        *Hardening(MEMORY, PROCESSES, config.get("User") or "0").run_options(),
        *("--volumes-from", inspected["Id"], *variables),
        *("--entrypoint", "sh", inspected["Image"], "-c", script, "registry-gc", argument),
    )


def collection(name: str, instance: str, inspected: dict[str, Any]) -> tuple[str, ...]:
    """Return the command of the collection."""
    return argv(name, instance, inspected, SCRIPT, (inspected["Config"].get("Cmd") or [""])[-1])


def _variables(inspected: dict[str, Any]) -> dict[str, str]:
    """Return the registry's configuration in its environment."""
    given = dict(each.split("=", 1) for each in inspected["Config"].get("Env") or () if "=" in each)
    return {name: value for name, value in given.items() if name.startswith("REGISTRY_")}


def _delete(cluster: Cluster, inspected: dict[str, Any], versions: tuple[ImageVersion, ...]) -> None:
    """Delete the links to versions. Raises ShoestringError."""
    root = store(cluster.paths).root
    mounts = inspected.get("Mounts") or ()
    where = next((each["Destination"] for each in mounts if Path(each.get("Source", "")) == root), "")
    if not where:
        raise ShoestringError(f"The registry's container does not have {root} as a volume, so nothing was deleted.")
    line = argv(_name(cluster), cluster.settings.instance, inspected, DELETE, where)
    folders = "".join(f"{link_folder(each)}\n" for each in versions)
    _check(command.run(line, stdin=folders, timeout=TIMEOUT_SECONDS, environment=_variables(inspected)))


def _run(cluster: Cluster, inspected: dict[str, Any]) -> None:
    line = collection(_name(cluster), cluster.settings.instance, inspected)
    _check(command.run(line, timeout=TIMEOUT_SECONDS, environment=_variables(inspected), kill_with_parent=True))


def _check(result: command.Result) -> None:
    if not result.ok:
        raise ShoestringError(
            "Garbage collection failed part-way; already deleted blobs are not restored. "
            "Try again: shoestring registry gc\n"
            f"{result.tail(3)}"
        )


def _clear(cluster: Cluster) -> None:
    """Remove the collection's container, if it still exists: the registry must not start while it runs."""
    from docker.errors import NotFound

    try:
        cluster.client.api.remove_container(_name(cluster), force=True)
    except NotFound:
        return
