"""A hook for tests: a process that ends itself at a named point, as `kill -9` would, or waits there for its end."""

from __future__ import annotations

import os
import signal

VARIABLE = "SHOESTRING_FAULT"


def point(name: str) -> None:
    """Do as SHOESTRING_FAULT says, if it names this point.

    `kill:NAME` ends this process at once, with nothing cleaned up; `stop:NAME` stops it, as SIGSTOP does.
    """
    match os.environ.get(VARIABLE, "").split(":"):
        case "kill", wanted if wanted == name:
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop", wanted if wanted == name:
            os.kill(os.getpid(), signal.SIGSTOP)
