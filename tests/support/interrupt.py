"""Interrupt code at each of its changes to the host."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

MAXIMUM_STEPS = 400
CHANGING_EVENTS = frozenset(
    (
        *("os.rename", "os.mkdir", "os.chmod", "os.chown", "os.remove", "os.rmdir", "os.truncate"),
        *("subprocess.Popen", "tempfile.mkstemp", "shutil.rmtree"),
    )
)

Interrupt = Callable[[Callable[[], object], int, bool], bool]


def interrupt(work: Callable[[], object], step: int, kill: bool) -> bool:
    """Run code in a child process that is killed (or refused a change) at its n-th change to the host.

    Returns False if the code ended before that change.
    """
    assert step < MAXIMUM_STEPS, "the code never ends"
    child = os.fork()
    if child == 0:
        _in_child(work, step, kill)
    _, status = os.waitpid(child, 0)
    return status != 0


def _in_child(work: Callable[[], object], step: int, kill: bool) -> None:
    """Run work and end this process; at the given change to the host it is killed, or the change fails."""
    seen = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event not in CHANGING_EVENTS:
            return
        seen += 1
        if seen == step:
            if kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(28, "No space left on device (for the test)")

    sys.addaudithook(count)
    try:
        work()
    except Exception:
        os._exit(1)
    os._exit(0 if seen < step else 1)
