"""The marker of data that an upgrade restored and no server has used since: they may be restored again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from runtime.base import files

MARKER = "shoestring-unused"
# Every start of a server changes this file.
CONTROL = Path("global") / "pg_control"


def write(folder: Path) -> None:
    """Write the marker into a data folder that no server uses."""
    files.write(folder / MARKER, _digest(folder), mode=0o600)


def matches(folder: Path) -> bool:
    """Return whether the data are unchanged since the marker was written."""
    try:
        return (folder / MARKER).read_text(encoding="ascii") == _digest(folder)
    except OSError:
        return False


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / CONTROL).read_bytes()).hexdigest()
