"""`/etc/shoestring/data-directory`: which data directory commands use that name none."""

from __future__ import annotations

from pathlib import Path

from runtime.base import files, paths
from runtime.base.hints import OPTION


def write(root: Path, record: Path = paths.RECORD) -> str:
    """Record a data directory, unless another one is recorded that exists. Returns a sentence if so, else nothing."""
    recorded = read(record)
    if recorded is not None and recorded != root and recorded.is_dir():
        return (
            f"Commands without --data-directory go on using {recorded}, as {record} says. "
            f"For this one add: --data-directory {root}"
        )
    if not record.parent.is_dir():
        files.make_directory(record.parent)
    files.write(record, f"{root}\n")
    return ""


def read(record: Path = paths.RECORD) -> Path | None:
    """The data directory that is recorded, if any."""
    try:
        text = record.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return Path(text) if text else None


def option(root: Path, record: Path = paths.RECORD) -> str:
    """What a command needs to find a data directory: nothing if it is the recorded one."""
    return "" if read(record) == root else f" {OPTION} {root}"
