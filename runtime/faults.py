"""A hook for tests: a process that ends itself at a named point, as a power cut or `kill -9` would end it."""

from __future__ import annotations

import os
import signal

VARIABLE = "SHOESTRING_FAULT"


def point(name: str) -> None:
    """End this process at once, with nothing cleaned up, if SHOESTRING_FAULT is `kill:NAME`."""
    if os.environ.get(VARIABLE) == f"kill:{name}":
        os.kill(os.getpid(), signal.SIGKILL)
