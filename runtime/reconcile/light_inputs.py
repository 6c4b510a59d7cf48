"""What a run itself depends on: its code, that no other command is running, and that the disk has space."""

from __future__ import annotations

import fcntl
import os

from runtime.base import disk_space, light_inputs
from runtime.base.constants import ATTEMPTS, LOCK, STOPPED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from runtime.base.light_inputs import Place

CODE = os.path.dirname(os.path.dirname(__file__))


class WatchdogInputs(light_inputs.Part):
    """The watchdog's own code and state."""

    name = "reconcile"

    def inputs(self, place: Place) -> Iterator[bytes]:
        """Yield the code by its times, and whether the cluster is stopped or something is tried again later."""
        yield from light_inputs.by_stat(CODE)
        for name in (STOPPED, ATTEMPTS):
            yield f"{name} {os.path.exists(f'{place.run}/{name}')}".encode()

    def is_recorded(self, place: Place, recorded: Any) -> bool:
        """Return whether no other command is running, and the disk has space: a full run reports either."""
        return _is_free(f"{place.run}/{LOCK}") and not disk_space.problem(place.root)


def _is_free(lock: str) -> bool:
    """Return True if no process holds a lock. Raises OSError if one does."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)
    return True
