"""What a part of the system reads, in a form that is compared in a moment: files, and facts of the kernel.

Each part has a module `light_inputs` with a `Part`; runtime/reconcile/parts.py lists them, and the fast path
(runtime/reconcile/fast_path.py) asks them each minute. This module and those must import little: no pathlib, no
dataclasses, not even typing.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any


class Place:
    """The location of an instance: `root` is its data directory, `run` its directory below /run."""

    def __init__(self, root: str, run: str) -> None:
        self.root = root
        self.run = run

    def generated(self, name: str) -> str:
        """Return the path of a generated file or directory."""
        return f"{self.root}/generated/{name}"


class Part:
    """One part of the system, as the fast path sees it. Each method may raise OSError: then a full run finds out."""

    # That of the folder that it is in.
    name = ""

    def inputs(self, place: Place) -> Iterable[bytes]:
        """Yield what a run of the watchdog reads for this part; any difference ends the fast path."""
        return ()

    def is_recorded(self, place: Place, recorded: Any) -> bool:
        """Return whether all is as the last full run recorded it; `recorded` is None where it recorded nothing."""
        return True


def by_content(directory: str) -> Iterator[bytes]:
    """Yield path, mode and content of all files of a directory: two edits may fall into one moment of the clock.

    Raises OSError if one cannot be read, such as one that an editor removes at this moment.
    """
    for path in files(directory):
        mode = os.lstat(path).st_mode
        content = os.readlink(path).encode() if stat.S_ISLNK(mode) else b""
        # A link may lead out of the directory; sockets and the like have nothing to read.
        if stat.S_ISREG(mode) or os.path.isfile(path):
            with open(path, "rb") as file:
                content += file.read()
        yield f"{path}\0{mode}\0{len(content)}\0".encode() + content


def by_stat(path: str) -> Iterator[bytes]:
    """Yield path, mode, size and times of a file, or of all files of a directory; nothing if it does not exist.

    Of a link both its own and those of the file that it leads to.
    """
    if os.path.isdir(path):
        listed: Iterable[str] = files(path)
    else:
        listed = (path,) if os.path.lexists(path) else ()
    for each in listed:
        seen = os.lstat(each)
        yield _stat_line(each, seen)
        if stat.S_ISLNK(seen.st_mode) and os.path.exists(each):
            yield _stat_line(each, os.stat(each))


def _stat_line(path: str, seen: os.stat_result) -> bytes:
    return f"{path}\0{seen.st_mode} {seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns}\0".encode()


def files(directory: str) -> Iterator[str]:
    """Yield all files of a directory in a fixed order, without a git repository's own and compiled code."""
    with os.scandir(directory) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        if entry.name in (".git", "__pycache__"):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from files(entry.path)
        else:
            yield entry.path
