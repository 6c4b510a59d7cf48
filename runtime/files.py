"""The only module that writes files: temporary file with its mode, fsync, rename; and the lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from runtime.errors import LockedError, ShoestringError

LOCK_POLL_SECONDS = 0.1


def write(path: Path, content: str | bytes, mode: int = 0o644, group: int | None = None) -> bool:
    """Write a file so that a reader sees the old content or the new, never a part.

    `group` is a numeric group id. Returns False, and touches nothing, if content and mode are there already.
    Raises ShoestringError if the disk is full or the directory cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    if _is_already(path, data, mode, group):
        return False
    try:
        _replace(path, data, mode, group)
    except OSError as error:
        raise ShoestringError(f"Cannot write {path}: {error.strerror}. Nothing was changed there.") from error
    return True


def _is_already(path: Path, data: bytes, mode: int, group: int | None) -> bool:
    try:
        status = path.stat()
        same_owner = group is None or status.st_gid == group
        return status.st_mode & 0o7777 == mode and same_owner and path.read_bytes() == data
    except OSError:
        return False


def _replace(path: Path, data: bytes, mode: int, group: int | None) -> None:
    # A dot file: HAProxy skips those when it loads a directory of certificates.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
            if group is not None:
                os.fchown(file.fileno(), -1, group)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(path: Path) -> None:
    """Put a directory on the disk, with the files in it that another program may have written."""
    for directory, _, names in os.walk(path):
        for name in names:
            descriptor = os.open(Path(directory) / name, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        _sync_directory(Path(directory))


def make_directory(path: Path, mode: int = 0o755, owner: tuple[int, int] | None = None) -> bool:
    """Make a directory with its parents; `owner` is a user id and a group id. Returns True if anything changed."""
    try:
        existed = path.is_dir()
        path.mkdir(parents=True, exist_ok=True)
        status = path.stat()
        changed = not existed
        if status.st_mode & 0o7777 != mode:
            path.chmod(mode)
            changed = True
        if owner is not None and (status.st_uid, status.st_gid) != owner:
            os.chown(path, *owner)
            changed = True
    except OSError as error:
        raise ShoestringError(f"Cannot make the directory {path}: {error.strerror}.") from error
    return changed


def remove(path: Path) -> bool:
    """Remove a file. Returns False if there was none."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ShoestringError(f"Cannot remove {path}: {error.strerror}.") from error
    return True


def remove_tree(path: Path) -> None:
    """Remove a directory with all that is in it, if it is there."""
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ShoestringError(f"Cannot remove {path}: {error.strerror}.") from error


def publish_directory(staged: Path, target: Path) -> None:
    """Move a staged directory to its place in one step, when all that is in it is on the disk.

    An empty directory at `target` is replaced.
    """
    try:
        _sync_tree(staged)
        staged.rename(target)
    except OSError as error:
        raise ShoestringError(f"Cannot move the new data directory to {target}: {error.strerror}.") from error
    _sync_directory(target.parent)


@contextlib.contextmanager
def lock(path: Path, timeout: float = 0.0) -> Iterator[None]:
    """Hold the lock of an instance; the kernel lets go of it when the process ends, however it ends.

    Waits at most `timeout` seconds. Raises LockedError that names who holds it.
    """
    make_directory(path.parent)
    deadline = time.monotonic() + timeout
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
                    raise LockedError(
                        f"Another command is at work ({holder or 'unknown'}). Try again when it has ended."
                    ) from None
                time.sleep(LOCK_POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}".encode(), 0)
        yield
    finally:
        os.close(descriptor)
