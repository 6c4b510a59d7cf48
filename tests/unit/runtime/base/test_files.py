from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.base import files
from runtime.base.errors import ExitCode, LockedError, ShoestringError

HOLD = """
import sys, time
from pathlib import Path
from runtime.base import files
with files.lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_write_returns_whether_it_changed_anything(tmp_path: Path) -> None:
    file = tmp_path / "a"
    assert files.write(file, "one", 0o640) is True
    before = file.stat()
    assert files.write(file, "one", 0o640) is False
    assert file.stat().st_ino == before.st_ino
    assert files.write(file, "one", 0o600) is True
    assert file.stat().st_mode & 0o777 == 0o600
    assert files.write(file, b"two", 0o600) is True
    assert file.read_text() == "two"
    assert list(tmp_path.iterdir()) == [file]


def test_write_does_not_read_file_of_another_size(tmp_path: Path) -> None:
    """The file may be larger than memory, such as a swap file."""
    file = tmp_path / "a"
    file.touch(mode=0o644)
    os.truncate(file, 1 << 42)
    assert files.write(file, "one") is True
    assert file.read_text() == "one"


def test_write_temporary_file_has_final_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    replace = Path.replace

    def record(self: Path, target: Path) -> Path:
        seen.append(self.stat().st_mode & 0o777)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", record)
    files.write(tmp_path / "key", "secret", 0o600)
    assert seen == [0o600]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_write_keeps_owner_of_existing_file(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    os.chown(file, 1234, 1235)
    files.write(file, "new", 0o644)
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 1235)
    files.write(file, "newer", 0o640, group=99)
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 99)


def test_write_failure_leaves_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a"
    files.write(file, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ShoestringError, match="No space left on device"):
        files.write(file, "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def in_turn(file: Path, content: str) -> None:
    files.write_in_turn([(file, content.encode())], 0o640, os.getgid())


@pytest.mark.parametrize("write", [files.write, in_turn])
def test_write_reports_first_error_when_cleanup_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, str], object]
) -> None:
    """A failing disk refuses every operation."""

    def fail(number: int) -> Callable[..., None]:
        def refuse(*arguments: object, **options: object) -> None:
            raise OSError(number, os.strerror(number))

        return refuse

    monkeypatch.setattr(Path, "replace", fail(errno.EIO))
    monkeypatch.setattr(Path, "unlink", fail(errno.EROFS))
    with pytest.raises(ShoestringError, match=r"Cannot write .*/a: Input/output error"):
        write(tmp_path / "a", "new")


def test_remove_tree_refuses_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to("/mnt")
    with pytest.raises(ShoestringError, match=r"Cannot remove .*/data: .*symbolic link"):
        files.remove_tree(tmp_path / "data")


def test_make_directory_sets_mode_and_reports_change(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b"
    assert files.make_directory(directory, 0o750) is True
    assert files.make_directory(directory, 0o750) is False
    assert directory.stat().st_mode & 0o777 == 0o750
    (tmp_path / "file").write_text("")
    with pytest.raises(ShoestringError, match="Cannot make the directory"):
        files.make_directory(tmp_path / "file" / "below")


@pytest.mark.processes
def test_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    lock = tmp_path / "run" / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=f"process {holder.pid}") as error, files.lock(lock):
            pass
        assert error.value.exit_code == ExitCode.LOCKED
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with files.lock(lock, timeout=5):
            assert lock.read_text() == ""
    finally:
        holder.kill()
        holder.communicate()


def test_lock_is_released_after_its_block(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with files.lock(lock), pytest.raises(LockedError), files.lock(lock):
        pass
    with files.lock(lock):
        assert lock.exists()


def test_write_in_turn_writes_all_parts_before_first_rename(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("old")
    seen = []

    def record(index: int) -> None:
        seen.append((index, first.read_text(), second.exists(), len(list(tmp_path.glob(".*.part")))))

    files.write_in_turn([(first, b"both"), (second, b"key"), (first, b"new")], 0o640, os.getgid(), record)
    assert seen == [(0, "both", False, 2), (1, "both", True, 1), (2, "new", True, 0)]
    assert {each.name for each in tmp_path.iterdir()} == {"a", "b"}
    assert first.stat().st_mode & 0o777 == 0o640


def test_write_in_turn_failure_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    calls = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ShoestringError, match="No space left on device"):
        files.write_in_turn([(file, b"both"), (tmp_path / "b", b"key")], 0o640, os.getgid())
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("a", "old")]


def test_sweep_removes_only_partial_files(tmp_path: Path) -> None:
    kept = ("a.pem", ".a.pem.abcd1234.mine", ".part", ".a.part")
    for name in (*kept, ".a.pem.abcd1234.part"):
        (tmp_path / name).touch()
    files.sweep(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == set(kept)
