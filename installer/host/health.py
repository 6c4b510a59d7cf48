"""How this host does, as `shoestring status` tells it: the watchdog's timer, memory, and a full disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from installer.host import systemd, timers
from installer.host.timers import WATCHDOG, Job
from runtime.base import disk_space, meminfo
from runtime.base.errors import UsageError
from runtime.config.settings import Settings


@dataclass(frozen=True)
class Health:
    """The watchdog's timer, None where systemd does not run; memory in bytes; a sentence if the disk is full."""

    watchdog: Job | None
    memory_total: int
    memory_available: int
    disk: str = ""


def look(settings: Settings, root: Path) -> Health:
    """Look at this host. Changes nothing."""
    sizes = meminfo.read()
    watchdog = _watchdog(settings, root) if systemd.is_running() else None
    return Health(watchdog, sizes.total, sizes.available, disk_space.problem(str(root)))


def _watchdog(settings: Settings, root: Path) -> Job | None:
    try:
        return next(job for job in timers.look(settings, root) if job.name == WATCHDOG)
    except UsageError:
        # A data directory that units cannot have; `timers install` says so.
        return None
