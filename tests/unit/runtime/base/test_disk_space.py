"""Full disks, by the figures that the kernel gives for real file systems."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime.base import disk_space
from runtime.base.constants import MEGABYTE


def test_problem_of_disk_with_free_space_is_empty(tmp_path: Path) -> None:
    assert disk_space.problem(str(tmp_path)) == ""


def test_problem_of_full_disk_names_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.statvfs(tmp_path)
    free = status.f_bavail * status.f_frsize // MEGABYTE
    monkeypatch.setattr(disk_space, "LOW_MEGABYTES", free + 1_000_000)
    assert disk_space.problem(str(tmp_path)).startswith(f"The disk of {tmp_path} is full: ")


def test_problem_ignores_file_system_without_size() -> None:
    assert os.statvfs("/proc").f_blocks == 0
    assert "/proc" not in disk_space.problem("/proc")


def test_problem_of_missing_directory_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        disk_space.problem(str(tmp_path / "missing"))


def test_disk_used_is_that_of_kernel(tmp_path: Path) -> None:
    used = disk_space.used(str(tmp_path))
    seen = os.statvfs(tmp_path)
    taken = seen.f_blocks - seen.f_bfree
    assert used[str(tmp_path)] == pytest.approx(100 * taken / (taken + seen.f_bavail), abs=1)
    assert disk_space.used("/proc").get("/proc") is None


def test_disk_used_lists_each_disk_once(tmp_path: Path) -> None:
    docker = Path(disk_space.DOCKER)
    two = docker.is_dir() and docker.stat().st_dev != tmp_path.stat().st_dev
    assert len(disk_space.used(str(tmp_path))) == (2 if two else 1)
