"""What counts as a trouble: limits, and how long it must last."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from runtime.alerting import checks
from runtime.alerting.checks import LASTING_SECONDS, NO_PASS_SECONDS
from runtime.alerting.notify import Severity
from runtime.base import disk_space
from runtime.base.paths import RunPaths
from runtime.reconcile.status import ApplicationStatus, ProxyStatus, Status

MEMINFO = "MemTotal:  474000 kB\nMemFree:  9000 kB\nMemAvailable:  {} kB\nSwapTotal: 0 kB\n"


def one(state: str, name: str = "blog") -> ApplicationStatus:
    return ApplicationStatus(name, "public", state, (), "", "")


def status(*applications: ApplicationStatus, proxy: str = "running") -> Status:
    return Status("shoestring", (ProxyStatus("public", proxy, 1, ""),), applications, ())


@pytest.mark.parametrize("state", ["exited", "unhealthy", "restarting", "missing", "starting", "dead", "paused"])
def test_an_application_that_does_not_run_must_last(state: str) -> None:
    (trouble,) = checks.of_status(status(one(state)), 0.0)
    assert (trouble.subject, trouble.lasting) == ("application blog", LASTING_SECONDS)
    assert state in trouble.message


# What is broken is a file; the pass tells it, and what runs goes on.
@pytest.mark.parametrize("state", ["running", "healthy", "completed", "broken"])
def test_an_application_that_runs_is_no_trouble(state: str) -> None:
    assert checks.of_status(status(one(state)), 0.0) == ()


def test_a_proxy_that_does_not_run_is_one_too() -> None:
    (trouble,) = checks.of_status(status(proxy="exited"), 0.0)
    assert trouble.subject == "proxy public"


def test_little_memory_must_last() -> None:
    (trouble,) = checks.of_memory(MEMINFO.format(47_000), told=False)
    assert trouble.lasting == LASTING_SECONDS
    assert "45 of 462 MB" in trouble.message
    assert checks.of_memory(MEMINFO.format(48_000), told=False) == ()


def test_memory_that_was_told_needs_more_to_be_well() -> None:
    assert checks.of_memory(MEMINFO.format(48_000), told=True)
    assert checks.of_memory(MEMINFO.format(72_000), told=True) == ()


def test_a_kernel_that_says_nothing_of_memory_is_no_trouble() -> None:
    assert checks.of_memory("", told=False) == ()


def test_a_disk_is_told_at_its_limit_and_well_below_it() -> None:
    assert checks.of_disk("/srv", 84.9, told=False) == ()
    (trouble,) = checks.of_disk("/srv", 85.2, told=False)
    assert (trouble.subject, trouble.lasting, trouble.severity) == ("disk of /srv", 0.0, Severity.WARNING)
    assert "85 % full" in trouble.message
    assert checks.of_disk("/srv", 84.0, told=True)
    assert checks.of_disk("/srv", 82.9, told=True) == ()


def test_the_size_of_a_disk_is_the_kernels(tmp_path: Path) -> None:
    used = disk_space.used(str(tmp_path))
    seen = os.statvfs(tmp_path)
    taken = seen.f_blocks - seen.f_bfree
    assert used[str(tmp_path)] == pytest.approx(100 * taken / (taken + seen.f_bavail), abs=1)
    assert disk_space.used("/proc").get("/proc") is None


def test_one_disk_is_told_once(tmp_path: Path) -> None:
    docker = Path(disk_space.DOCKER)
    two = docker.is_dir() and docker.stat().st_dev != tmp_path.stat().st_dev
    assert len(disk_space.used(str(tmp_path))) == (2 if two else 1)


def test_a_pass_that_ended_just_now_is_no_trouble(tmp_path: Path) -> None:
    run = RunPaths("shoestring", tmp_path)
    run.directory.mkdir()
    run.passed.touch()
    assert checks.of_pass(run, time.time()) == ()


@pytest.mark.parametrize("minutes", [5, 105])
def test_no_pass_must_last_from_one_look_to_the_next(tmp_path: Path, minutes: int) -> None:
    """A host that was asleep, or whose clock was set, makes its pass between the two."""
    run = RunPaths("shoestring", tmp_path)
    run.directory.mkdir()
    run.passed.touch()
    (trouble,) = checks.of_pass(run, time.time() + minutes * 60 + 5)
    assert (trouble.subject, trouble.lasting) == ("no pass of the watchdog", LASTING_SECONDS)
    assert f"for {minutes} minutes" in trouble.message


def test_no_pass_since_boot_must_last(tmp_path: Path) -> None:
    (trouble,) = checks.of_pass(RunPaths("shoestring", tmp_path), time.time())
    assert trouble.lasting == NO_PASS_SECONDS
