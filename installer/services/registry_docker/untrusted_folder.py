"""A folder whose content another program may change at any moment: nothing is read through links or from devices."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK the opening of a named pipe waits for a writer (open(2)).
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class FileContent:
    """A file's content, and when it was last changed (seconds since 1970)."""

    content: bytes
    changed: float


@dataclass(frozen=True)
class UntrustedFolder:
    """A folder that a container writes to. Only the path of `root` itself is trusted."""

    root: Path

    def read(self, path: PurePosixPath, limit: int) -> FileContent | None:
        """Return a regular file; None if it is missing, larger than `limit` bytes, or reached through a link."""
        with contextlib.suppress(OSError), self._directory(path.parent) as parent:
            file = os.open(path.name, _FILE, dir_fd=parent)
            with os.fdopen(file, "rb") as opened:
                found = os.fstat(file)
                if stat.S_ISREG(found.st_mode) and found.st_size <= limit:
                    return FileContent(opened.read(limit), found.st_mtime)
        return None

    def size(self, path: PurePosixPath) -> int | None:
        """Return the bytes of a regular file; None where `read` returns None for its kind."""
        with contextlib.suppress(OSError), self._directory(path.parent) as parent:
            found = os.stat(path.name, dir_fd=parent, follow_symlinks=False)
            return found.st_size if stat.S_ISREG(found.st_mode) else None
        return None

    def folders(self, path: PurePosixPath) -> tuple[str, ...]:
        """Return the sorted names of the folders in a folder; empty if it is missing or reached through a link."""
        with contextlib.suppress(OSError), self._directory(path) as folder, os.scandir(folder) as entries:
            return tuple(sorted(each.name for each in entries if each.is_dir(follow_symlinks=False)))
        return ()

    def total(self) -> int:
        """Return the bytes of all regular files; one that is deleted meanwhile counts nothing."""
        total = 0
        if not self.root.is_dir():
            return total
        for _, _, names, folder in os.fwalk(self.root, follow_symlinks=False):
            for name in names:
                with contextlib.suppress(OSError):
                    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                    total += found.st_size if stat.S_ISREG(found.st_mode) else 0
        return total

    @contextlib.contextmanager
    def _directory(self, path: PurePosixPath) -> Iterator[int]:
        """Open a folder below the root, part by part, so that no link is followed on the way. Raises OSError."""
        current = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in path.parts:
                below = os.open(part, _DIRECTORY, dir_fd=current)
                os.close(current)
                current = below
            yield current
        finally:
            os.close(current)
