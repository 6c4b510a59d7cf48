"""The results of the commands about the host. Each field has its meaning: docs/json.md is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from installer.host.health import Health
from installer.host.memory import HostMemory, MemoryUse
from installer.host.swap import ActiveSwap, SwapHost, SwapKind
from installer.host.timers import TimerJob
from runtime.output.encoder import values
from runtime.output.json_status import StatusJson
from runtime.reconcile.status import Status


@dataclass(frozen=True)
class HostStatusJson(StatusJson):
    """What runs, and what is wrong."""

    host: Annotated[Health, "the health of this host"]

    @classmethod
    def of_host(cls, status: Status, host: Health) -> HostStatusJson:
        """Return the result of `status`."""
        return cls(**values(StatusJson.of(status)), host=host)


@dataclass(frozen=True)
class MemoryJson:
    """The result of `memory`."""

    total: Annotated[int, "bytes of memory"]
    available: Annotated[int, "bytes that a program can have"]
    used: Annotated[int, "bytes that it cannot have"]
    rest: Annotated[int, "bytes used by the kernel and other programs"]
    swap_total: Annotated[int, "bytes of swap"]
    swap_free: Annotated[int, "bytes of swap that are free"]
    containers: Annotated[tuple[MemoryUse, ...], "the containers, the largest first"]
    docker: Annotated[tuple[MemoryUse, ...], "the processes of Docker, by kind"]

    @classmethod
    def of(cls, memory: HostMemory) -> MemoryJson:
        """Return the result for the memory of a host."""
        return cls(
            total=memory.total,
            available=memory.available,
            used=memory.used,
            rest=memory.rest,
            swap_total=memory.swap_total,
            swap_free=memory.swap_free,
            containers=memory.containers,
            docker=memory.docker,
        )


@dataclass(frozen=True)
class SwapJson:
    """The result of `swap status`, `swap add` and `swap remove`: the swap afterwards."""

    own: Annotated[SwapKind | None, "the kind that Shoestring added"]
    in_use: Annotated[tuple[ActiveSwap, ...], "the active swap"]

    @classmethod
    def of(cls, host: SwapHost) -> SwapJson:
        """Return the result for the swap of a host."""
        return cls(host.own, host.in_use)


@dataclass(frozen=True)
class TimersJson:
    """The result of `timers status` and `timers install`."""

    systemd: Annotated[bool, "systemd runs on this host"]
    jobs: Annotated[tuple[TimerJob, ...], "the jobs, in the order of their start; none without systemd"]


@dataclass(frozen=True)
class TimersRemovalJson:
    """The result of `timers remove`."""

    removed: Annotated[tuple[str, ...], "names of unit files"]
    dry_run: Annotated[bool, "nothing was removed"]
