"""Failpoints: named places where a test can have the process kill or stop itself."""

from __future__ import annotations

import os
import signal

VARIABLE = "SHOESTRING_FAULT"


def failpoint(name: str) -> None:
    """End or stop this process if SHOESTRING_FAULT names this failpoint.

    `kill:NAME` ends this process at once, with nothing cleaned up; `stop:NAME` stops it, as SIGSTOP does.
    """
    match os.environ.get(VARIABLE, "").split(":"):
        case "kill", wanted if wanted == name:
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop", wanted if wanted == name:
            os.kill(os.getpid(), signal.SIGSTOP)
