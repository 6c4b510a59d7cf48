"""Programs in a terminal of their own."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import pexpect

LINES, COLUMNS = 50, 120


def spawn(argv: Sequence[str], timeout: float, columns: int = COLUMNS) -> pexpect.spawn[str]:
    """Start a program that can import the code under test, without a default data directory; timeout in seconds."""
    inherited = {name: value for name, value in os.environ.items() if name != "SHOESTRING_DATA_DIRECTORY"}
    return pexpect.spawn(
        argv[0],
        list(argv[1:]),
        env={
            **inherited,
            "TERM": "xterm",
            "COLUMNS": str(columns),
            # pexpect does not answer where the cursor is, and each prompt would wait for that.
            "PROMPT_TOOLKIT_NO_CPR": "1",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        encoding="utf-8",
        dimensions=(LINES, columns),
        timeout=timeout,
    )
