"""A directory that is built next to its final path and moved there in one step; what killed runs left is removed."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from runtime.base import files
from runtime.base.errors import LockedError

# In the work directory next to `target`: the lock of the run that builds there, and what it builds.
MARKER = "shoestring-setup.lock"
CONTENT = "content"


def prefix(target: Path) -> str:
    """Return the prefix of the names of a target's work directories."""
    return f".{target.name}.setup-"


@contextlib.contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Give a path to build a directory at; when the block ends without an error it becomes `target`.

    Parents that are missing are made. An interruption leaves `target` as it was.
    """
    if not target.parent.is_dir():
        files.make_directory(target.parent)
    work = target.parent / (prefix(target) + secrets.token_hex(4))
    files.make_directory(work)
    try:
        with files.lock(work / MARKER):
            yield work / CONTENT
            files.publish_directory(work / CONTENT, target)
    finally:
        _remove(work)


def remove_leftovers(target: Path) -> tuple[Path, ...]:
    """Remove the work directories of runs that were killed. One whose run is still alive holds its lock and stays."""
    removed = []
    for work in sorted(target.parent.iterdir()) if target.parent.is_dir() else ():
        if not work.name.startswith(prefix(target)) or work.is_symlink() or not work.is_dir():
            continue
        names = {each.name for each in work.iterdir()}
        # A directory of this name that is not ours is left alone; ours is empty only if killed at once.
        if names and MARKER not in names:
            continue
        if MARKER in names:
            try:
                with files.lock(work / MARKER):
                    pass
            except LockedError:
                continue
        _remove(work)
        removed.append(work)
    return tuple(removed)


def _remove(work: Path) -> None:
    # The marker goes last, so that a removal that is killed is finished by the next run.
    files.remove_tree(work / CONTENT)
    files.remove_tree(work)
