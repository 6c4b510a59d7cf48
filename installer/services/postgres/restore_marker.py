"""Data that an upgrade made and no server has served since: they may be removed and made again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from runtime.base import files

MARK = "shoestring-unused"
# Every start of a server changes it.
CONTROL = Path("global") / "pg_control"


def write(folder: Path) -> None:
    """Note in a folder of data how they are now, while no server has them."""
    files.write(folder / MARK, _digest(folder), mode=0o600)


def matches(folder: Path) -> bool:
    """Whether the data are as they were when they were marked."""
    try:
        return (folder / MARK).read_text(encoding="ascii") == _digest(folder)
    except OSError:
        return False


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / CONTROL).read_bytes()).hexdigest()
