"""What fails a check: limits, and how long it must last."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from runtime.alerting import checks
from runtime.alerting.checks import LASTING_SECONDS, NO_RUN_SECONDS
from runtime.alerting.notify import Severity
from runtime.alerting.subject import Subject, SubjectKind
from runtime.base.meminfo import MemorySizes
from runtime.base.paths import RunPaths
from runtime.reconcile.status import ApplicationStatus, ProxyStatus, Status


def memory(available: int) -> MemorySizes:
    """Return the sizes of a host with 474,000 kB; `available` is in kB too."""
    return MemorySizes(474_000 * 1024, available * 1024, 0, 0)


def one(state: str, name: str = "blog") -> ApplicationStatus:
    return ApplicationStatus(name, "public", state, (), "", "")


def status(*applications: ApplicationStatus, proxy: str = "running") -> Status:
    return Status("shoestring", (ProxyStatus("public", proxy, 1, ""),), applications, ())


@pytest.mark.parametrize("state", ["exited", "unhealthy", "restarting", "missing", "starting", "dead", "paused"])
def test_check_status_application_not_running(state: str) -> None:
    (failed,) = checks.check_status(status(one(state)), 0.0)
    assert (failed.subject, failed.pending_seconds) == (Subject(SubjectKind.APPLICATION, "blog"), LASTING_SECONDS)
    assert state in failed.message


# A broken file is reported by the watchdog; its containers keep running.
@pytest.mark.parametrize("state", ["running", "healthy", "completed", "broken"])
def test_check_status_application_running(state: str) -> None:
    assert checks.check_status(status(one(state)), 0.0) == ()


def test_check_status_proxy_not_running() -> None:
    (failed,) = checks.check_status(status(proxy="exited"), 0.0)
    assert failed.subject == Subject(SubjectKind.PROXY, "public")


def test_check_memory_must_last() -> None:
    (failed,) = checks.check_memory(memory(47_000), is_open=False)
    assert failed.pending_seconds == LASTING_SECONDS
    assert "45 of 462 MB" in failed.message
    assert checks.check_memory(memory(48_000), is_open=False) == ()


def test_check_memory_has_higher_limit_for_open_incident() -> None:
    assert checks.check_memory(memory(48_000), is_open=True)
    assert checks.check_memory(memory(72_000), is_open=True) == ()


def test_check_memory_passes_without_sizes() -> None:
    assert checks.check_memory(MemorySizes(0, 0, 0, 0), is_open=False) == ()


def test_check_disk_limits() -> None:
    assert checks.check_disk("/srv", 84.9, is_open=False) == ()
    (failed,) = checks.check_disk("/srv", 85.2, is_open=False)
    assert (failed.subject, failed.pending_seconds, failed.severity) == (
        Subject(SubjectKind.DISK, "/srv"),
        0.0,
        Severity.WARNING,
    )
    assert "85 % full" in failed.message
    assert checks.check_disk("/srv", 84.0, is_open=True)
    assert checks.check_disk("/srv", 82.9, is_open=True) == ()


def test_check_watchdog_passes_after_run(tmp_path: Path) -> None:
    run = RunPaths("shoestring", tmp_path)
    run.directory.mkdir()
    run.last_run.touch()
    assert checks.check_watchdog(run, time.time()) == ()


@pytest.mark.parametrize("minutes", [5, 105])
def test_check_watchdog_must_fail_twice(tmp_path: Path, minutes: int) -> None:
    """On a host that was asleep, or whose clock was set, the watchdog runs between the two."""
    run = RunPaths("shoestring", tmp_path)
    run.directory.mkdir()
    run.last_run.touch()
    (failed,) = checks.check_watchdog(run, time.time() + minutes * 60 + 5)
    assert (failed.subject, failed.pending_seconds) == (Subject(SubjectKind.WATCHDOG), LASTING_SECONDS)
    assert f"for {minutes} minutes" in failed.message


def test_check_watchdog_since_boot_must_last(tmp_path: Path) -> None:
    (failed,) = checks.check_watchdog(RunPaths("shoestring", tmp_path), time.time())
    assert failed.pending_seconds == NO_RUN_SECONDS
