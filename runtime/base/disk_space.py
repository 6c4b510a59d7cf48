"""Free space on the disks that Shoestring and Docker write to. The fast path imports it, so it imports little."""

from __future__ import annotations

import os

from runtime.base.constants import MEGABYTE

DOCKER = "/var/lib/docker"
# A pull or a database is about to fail; a run of the watchdog and a notification still have room.
LOW_MEGABYTES = 64
ADVICE = "Free some: docker system df, journalctl --vacuum-size=50M, docker image prune --all"


def problem(root: str) -> str:
    """Return a sentence if the disk of a data directory or of Docker is (nearly) full; else an empty text.

    Blocks that are reserved for root (mke2fs(8)) do not count as free. Raises OSError without the directory.
    """
    for place in _places(root):
        status = os.statvfs(place)
        free = status.f_bavail * status.f_frsize // MEGABYTE
        # Some file systems have no size at all.
        if status.f_blocks and free < LOW_MEGABYTES:
            return f"The disk of {place} is full: {free} MB are free. {ADVICE}"
    return ""


def used(root: str) -> dict[str, float]:
    """Return the used space of the disks of a data directory and of Docker, in percent as in df(1), once per disk."""
    found: dict[int, tuple[str, float]] = {}
    for place in _places(root):
        status = os.statvfs(place)
        taken = status.f_blocks - status.f_bfree
        if taken + status.f_bavail:
            found.setdefault(os.stat(place).st_dev, (place, 100 * taken / (taken + status.f_bavail)))
    return dict(found.values())


def _places(root: str) -> tuple[str, ...]:
    return (root, *((DOCKER,) if os.path.isdir(DOCKER) else ()))
