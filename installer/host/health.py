"""The health of this host, as `shoestring status` shows it: the watchdog's timer, memory, and a full disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from installer.host import systemd, timers
from installer.host.timers import WATCHDOG, TimerJob
from runtime.base import disk_space, meminfo
from runtime.base.errors import UsageError
from runtime.config.settings import Settings


@dataclass(frozen=True)
class Health:
    """The watchdog's timer, None where systemd does not run; memory in bytes; a sentence if the disk is full."""

    watchdog: Annotated[TimerJob | None, "the job of the watchdog; null without systemd"]
    memory_total: Annotated[int, "bytes"]
    memory_available: Annotated[int, "bytes"]
    disk: Annotated[str, "a sentence if the disk is full, else empty"] = ""


def observe(settings: Settings, root: Path) -> Health:
    """Return the health of this host. Changes nothing."""
    sizes = meminfo.read()
    watchdog = _watchdog(settings, root) if systemd.is_running() else None
    return Health(watchdog, sizes.total, sizes.available, disk_space.problem(str(root)))


def _watchdog(settings: Settings, root: Path) -> TimerJob | None:
    try:
        return next(job for job in timers.observe(settings, root) if job.name == WATCHDOG)
    except UsageError:
        # The data directory is not possible in a unit; `timers install` reports it.
        return None
