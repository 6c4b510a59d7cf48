"""`/etc/shoestring/data-directory`: the default data directory of this host."""

from __future__ import annotations

from pathlib import Path

from runtime.base import files, paths
from runtime.base.hints import OPTION


def write(root: Path, record: Path = paths.RECORD) -> str:
    """Make a data directory the default one. Return a sentence if another default exists, else an empty text."""
    recorded = read(record)
    if recorded is not None and recorded != root and recorded.is_dir():
        return (
            f"The default data directory of this host stays {recorded} ({record}). "
            f"For this one add: --data-directory {root}"
        )
    if not record.parent.is_dir():
        files.make_directory(record.parent)
    files.write(record, f"{root}\n")
    return ""


def read(record: Path = paths.RECORD) -> Path | None:
    """Return the default data directory, if there is one."""
    try:
        text = record.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return Path(text) if text else None


def option(root: Path, record: Path = paths.RECORD) -> str:
    """Return the option that a command needs for a data directory; empty for the default one."""
    return "" if read(record) == root else f" {OPTION} {root}"
