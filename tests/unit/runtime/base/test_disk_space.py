"""A disk that is full: told by what the kernel says of real file systems."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime.base import disk_space
from runtime.base.constants import MEGABYTE


def test_a_disk_with_room_is_no_problem(tmp_path: Path) -> None:
    assert disk_space.problem(str(tmp_path)) == ""


def test_a_full_disk_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.statvfs(tmp_path)
    free = status.f_bavail * status.f_frsize // MEGABYTE
    monkeypatch.setattr(disk_space, "LOW_MEGABYTES", free + 1_000_000)
    assert disk_space.problem(str(tmp_path)).startswith(f"The disk of {tmp_path} is full: ")


def test_a_file_system_without_a_size_is_never_full() -> None:
    assert os.statvfs("/proc").f_blocks == 0
    assert "/proc" not in disk_space.problem("/proc")


def test_a_directory_that_is_gone_is_told_by_the_kernel(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        disk_space.problem(str(tmp_path / "gone"))
