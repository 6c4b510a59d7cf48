"""The memory of this host: its users, how much is left, and whether a service fits. Sizes are in bytes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from runtime.base import meminfo
from runtime.base.constants import LABEL_INSTANCE, MEGABYTE
from runtime.base.errors import ShoestringError

if TYPE_CHECKING:
    from docker import DockerClient

# Must stay free when a service is added: for a run of the watchdog that changes something, and Compose.
RESERVE = 64 * MEGABYTE
# Containers whose figures Docker is asked for at the same time.
ASKED_AT_ONCE = 8
# The processes of Docker itself, by the names that the kernel has for them (15 characters, proc(5)).
DOCKER_PROCESSES = {
    "dockerd": "dockerd",
    "containerd": "containerd",
    "containerd-shim": "shims, one a container",
    "docker-proxy": "docker-proxy, one a port",
}


@dataclass(frozen=True)
class MemoryUse:
    """Memory used by a container, or by Docker's processes of one kind. `limit` is 0 for none."""

    name: str
    used: Annotated[int, "bytes"]
    limit: Annotated[int, "bytes; 0: none"] = 0
    ours: Annotated[bool, "it is a container of Shoestring"] = False


@dataclass(frozen=True)
class HostMemory:
    """The memory of this host, and its users."""

    total: int
    available: int
    swap_total: int = 0
    swap_free: int = 0
    containers: tuple[MemoryUse, ...] = ()
    docker: tuple[MemoryUse, ...] = ()

    @property
    def used(self) -> int:
        """Return the memory that is not available to a program."""
        return self.total - self.available

    @property
    def rest(self) -> int:
        """Return the memory of the kernel and of all programs that are neither containers nor Docker."""
        return max(0, self.used - sum(each.used for each in (*self.containers, *self.docker)))


def observe(client: DockerClient) -> HostMemory:
    """Return the memory of this host with its users. Changes nothing."""
    return replace(observe_host(), containers=_containers(client), docker=docker_processes(_processes()))


def observe_host() -> HostMemory:
    """Return the memory of this host without its users: fast, and without an engine."""
    sizes = meminfo.read()
    return HostMemory(sizes.total, sizes.available, sizes.swap, sizes.swap_free)


def parse_stats(name: str, ours: bool, stats: Mapping[str, Any], total: int) -> MemoryUse:
    """Return the use of one container from `GET /containers/ID/stats`, counted as `docker stats` does.

    The page cache that is reclaimed first does not count. A limit of all the host's memory is none.
    """
    memory = stats.get("memory_stats") or {}
    details = memory.get("stats") or {}
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    limit = int(memory.get("limit", 0))
    return MemoryUse(name, max(0, int(memory.get("usage", 0)) - int(cache)), limit if limit < total else 0, ours)


def _containers(client: DockerClient) -> tuple[MemoryUse, ...]:
    from concurrent.futures import ThreadPoolExecutor

    total = int(client.info()["MemTotal"])
    entries = client.api.containers()
    # Engine 20.10 takes a second for each that someone else asks for too, such as Telegraf.
    with ThreadPoolExecutor(ASKED_AT_ONCE) as asked:
        found = asked.map(lambda entry: _container(client, entry, total), entries)
        return tuple(sorted(filter(None, found), key=lambda each: (-each.used, each.name)))


def _container(client: DockerClient, entry: Mapping[str, Any], total: int) -> MemoryUse | None:
    """Return the use of a listed container; None if it ended meanwhile."""
    from docker.errors import NotFound

    try:
        stats = client.api.stats(entry["Id"], stream=False, one_shot=True)
    except (NotFound, ValueError):
        # Docker answers with nothing, which is no JSON, if it ends while it is asked for.
        return None
    name = str(entry["Names"][0]).removeprefix("/")
    return parse_stats(name, LABEL_INSTANCE in (entry.get("Labels") or {}), stats, total)


def docker_processes(processes: Iterable[tuple[str, int]]) -> tuple[MemoryUse, ...]:
    """Return the use of Docker's own processes, of all processes given by name and size."""
    sizes: dict[str, int] = {}
    for name, size in processes:
        if name in DOCKER_PROCESSES:
            sizes[name] = sizes.get(name, 0) + size
    return tuple(MemoryUse(about, sizes[name]) for name, about in DOCKER_PROCESSES.items() if name in sizes)


def _processes() -> Iterator[tuple[str, int]]:
    """Yield the name of each process and its share of memory (Pss: shared memory is divided)."""
    for directory in Path("/proc").glob("[0-9]*"):
        # It may end at any moment.
        with contextlib.suppress(OSError):
            name = (directory / "comm").read_text(encoding="utf-8", errors="replace").strip()
            if name in DOCKER_PROCESSES:
                yield name, parse_pss((directory / "smaps_rollup").read_text(encoding="ascii", errors="replace"))


def parse_pss(text: str) -> int:
    """Return the Pss of a process, in bytes, from /proc/PID/smaps_rollup; 0 for a process that has ended."""
    line = next((line for line in text.splitlines() if line.startswith("Pss:")), "Pss: 0")
    return int(line.split()[1]) * 1024


def problem(name: str, needs: int, memory: HostMemory) -> str:
    """Return why a service that needs some bytes does not fit; empty if it does. Slow swap does not count."""
    if memory.available >= needs + RESERVE:
        return ""
    needed, free, total, kept = (
        f"{size // MEGABYTE} MB" for size in (needs, memory.available, memory.total, RESERVE)
    )
    return f"{name} needs {needed}; {free} of {total} are left, of which {kept} must stay free"


def must_fit(name: str, needs: int, memory: HostMemory, *, force: bool = False) -> None:
    """Raise ShoestringError if a service does not fit, unless `force`."""
    found = problem(name, needs, memory)
    if found and not force:
        raise ShoestringError(f"{found}. Show the memory use with: shoestring memory. To add it anyway: --force.")
