"""`/etc/shoestring/data-directory`: the default data directory of this host."""

from __future__ import annotations

from pathlib import Path

from runtime.base import files, paths
from runtime.base.hints import OPTION


def write(root: Path, file: Path = paths.DEFAULT_DIRECTORY_FILE) -> str:
    """Make a data directory the default one. Return a sentence if another default exists, else an empty text."""
    present = read(file)
    if present is not None and present != root and present.is_dir():
        return (
            f"The default data directory of this host stays {present} ({file}). "
            f"For this one add: --data-directory {root}"
        )
    if not file.parent.is_dir():
        files.make_directory(file.parent)
    files.write(file, f"{root}\n")
    return ""


def read(file: Path = paths.DEFAULT_DIRECTORY_FILE) -> Path | None:
    """Return the default data directory, if there is one."""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return Path(text) if text else None


def option(root: Path, file: Path = paths.DEFAULT_DIRECTORY_FILE) -> str:
    """Return the option that a command needs for a data directory; empty for the default one."""
    return "" if read(file) == root else f" {OPTION} {root}"
