"""The only module that writes files: temporary file with its mode, fsync, rename; and the lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from runtime.base.errors import LockedError, ShoestringError

LOCK_POLL_SECONDS = 0.1
# What a file is called until it has its name. A dot file: HAProxy skips those when it loads a directory.
_UNFINISHED = re.compile(r"\..+\.[a-z0-9_]{8}\.part")


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


def stamp(path: Path) -> None:
    """Set a file's time to now; create it, empty, if it does not exist. Raises ShoestringError or OSError."""
    if not path.parent.is_dir():
        make_directory(path.parent)
    if not write(path, ""):
        os.utime(path)


def _is_already(path: Path, data: bytes, mode: int, group: int | None) -> bool:
    try:
        status = path.stat()
        same_owner = group is None or status.st_gid == group
        # The sizes first: what is there may be larger than all memory.
        same_kind = status.st_mode & 0o7777 == mode and status.st_size == len(data)
        return same_kind and same_owner and path.read_bytes() == data
    except OSError:
        return False


def write_in_turn(
    contents: Sequence[tuple[Path, bytes]],
    mode: int,
    group: int | None,
    written: Callable[[int], None] = lambda index: None,
) -> None:
    """Write files of one directory one after the other; a file may come more than once.

    All content is on the disk before the first file is replaced, so that a full disk changes nothing. `written`
    gets the index of each file that is replaced. Raises ShoestringError.
    """
    staged: list[Path] = []
    try:
        for path, data in contents:
            staged.append(_stage(path, data, mode, group))
        for index, (path, _) in enumerate(contents):
            staged[index].replace(path)
            _sync_directory(path.parent)
            written(index)
    except OSError as error:
        path = contents[0][0]
        raise ShoestringError(f"Cannot write {path}: {error.strerror}. Nothing was changed there.") from error
    finally:
        for each in staged:
            _discard(each)


def unfinished(directory: Path) -> tuple[Path, ...]:
    """Return the temporary files in a directory that killed processes left, or that are being written."""
    return tuple(file for file in directory.glob(".*") if _UNFINISHED.fullmatch(file.name))


def sweep(directory: Path) -> None:
    """Remove the temporary files that killed processes left. No other process may write to this directory."""
    for file in unfinished(directory):
        remove(file)


def _replace(path: Path, data: bytes, mode: int, group: int | None) -> None:
    staged = _stage(path, data, mode, group)
    try:
        staged.replace(path)
    except BaseException:
        _discard(staged)
        raise
    _sync_directory(path.parent)


def _stage(path: Path, data: bytes, mode: int, group: int | None) -> Path:
    """Write a file to the disk next to its final path; return the path of the staged file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
            _give(file.fileno(), path, group)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        _discard(Path(name))
        raise
    return Path(name)


def _discard(staged: Path) -> None:
    """Remove the temporary file of a write; an error here does not hide the error of the write."""
    with contextlib.suppress(OSError):
        staged.unlink()


def _give(descriptor: int, path: Path, group: int | None) -> None:
    """Give a file the owner of the file that it replaces: a user's file stays theirs when root writes it."""
    with contextlib.suppress(FileNotFoundError):
        status = path.stat()
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(descriptor, status.st_uid, status.st_gid)
    if group is not None:
        os.fchown(descriptor, -1, group)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(path: Path) -> None:
    """Flush a directory to the disk, with the files in it that another program may have written."""
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
        # A read-only disk gives this error whether the file exists or not.
        if not os.path.lexists(path):
            return False
        raise ShoestringError(f"Cannot remove {path}: {error.strerror}.") from error
    return True


def remove_tree(path: Path) -> None:
    """Remove a directory with all that is in it, if it is there. Raises ShoestringError, also for a symbolic link."""
    if path.is_symlink():
        raise ShoestringError(f"Cannot remove {path}: it is a symbolic link. Remove the link, then try again.")
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ShoestringError(f"Cannot remove {path}: {error.strerror}.") from error


def publish_directory(staged: Path, target: Path) -> None:
    """Move a staged directory to its path in one step, once all its content is on the disk.

    An empty directory at `target` is replaced.
    """
    try:
        _sync_tree(staged)
        staged.rename(target)
    except OSError as error:
        raise ShoestringError(f"Cannot move the new data directory to {target}: {error.strerror}.") from error
    _sync_directory(target.parent)


@contextlib.contextmanager
def lock(path: Path, timeout: float = 0.0, waiting: Callable[[str], None] = lambda holder: None) -> Iterator[None]:
    """Hold the lock of an instance; the kernel releases it when the process ends, however it ends.

    Waits at most `timeout` seconds; `waiting` is called once with the holder. Raises LockedError with the holder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout
    # To lock a file it is enough to read it: if other users could, any of them could stop the watchdog.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    reported = False
    try:
        while not _locked(descriptor):
            holder = _holder(descriptor)
            if time.monotonic() >= deadline:
                raise LockedError(f"Another command is running ({holder}). Try again when it has ended.")
            if not reported:
                waiting(holder)
                reported = True
            time.sleep(LOCK_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> str:
    """Return the process that holds a lock (proc(5), /proc/locks)."""
    status = os.fstat(descriptor)
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
        parts = line.split()
        if len(parts) > 5 and parts[1] == "FLOCK" and parts[5] == place:
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{parts[4]}/cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
                # The interpreter and its directory are of no use to a user.
                names = [Path(word).name if word.startswith("/") else word for word in words if word]
                known = [name for name in names if not name.startswith("python")][:3]
                return f"process {parts[4]}: {' '.join(known)}"
            return f"process {parts[4]}"
    return "it has just ended"
