"""Incidents are notified by a job of their own, which knows when the last run of the watchdog ended."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from runtime import __main__ as machine
from runtime import cli
from runtime.alerting import incidents
from runtime.alerting.checks import LASTING_SECONDS
from runtime.base.paths import Side
from tests.support.engine import Instance, plain
from tests.support.listing import listed_change


def subjects(notifications: Path, start: str) -> list[str]:
    """Severities notified for subjects with this prefix; the disk of the test machine may be full as well."""
    sent = map(json.loads, notifications.read_text().splitlines() if notifications.exists() else ())
    return [each["severity"] for each in sent if each["subject"].startswith(start)]


def run_watchdog(instance: Instance) -> int:
    return machine.main(["--data-directory", str(instance.paths.root), "watchdog"])


def test_incident_application_down_then_resolved(instance: Instance, tools: str, notifications: Path) -> None:
    file = instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    assert instance.start().ok
    assert run_watchdog(instance) == 0
    now = time.time()
    incidents.run(instance.paths, now)
    assert subjects(notifications, "application") == []
    container = instance.container("a")
    with listed_change(instance.cluster.client, container):
        instance.cluster.client.containers.get(container).stop(timeout=0)
    for later in (0.0, LASTING_SECONDS, 2 * LASTING_SECONDS - 60):
        incidents.run(instance.paths, now + later)
    assert subjects(notifications, "application a") == ["error"]
    assert run_watchdog(instance) == 0
    for later in (2 * LASTING_SECONDS - 50, 3 * LASTING_SECONDS - 50):
        incidents.run(instance.paths, now + later)
    assert subjects(notifications, "application a") == ["error", "resolved"]
    assert file.exists()


def test_incident_none_after_stop_by_user(instance: Instance, tools: str, notifications: Path) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    assert instance.start().ok
    assert cli.main(["--data-directory", str(instance.paths.root), "stop"]) == 0
    assert run_watchdog(instance) == 0
    for later in (0.0, LASTING_SECONDS - 60):
        incidents.run(instance.paths, time.time() + later)
    assert subjects(notifications, "application") + subjects(notifications, "proxy") == []


def test_incident_no_watchdog_run_with_engine_down(
    instance: Instance,
    notifications: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert instance.start().ok
    assert run_watchdog(instance) == 0
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    run = ["--data-directory", str(instance.paths.root), "check"]
    now = time.time()
    assert cli.main(run) == 0
    past = now - LASTING_SECONDS - 60
    os.utime(instance.cluster.run.last_run, (past, past))
    assert cli.main(run) == 0
    assert subjects(notifications, "no watchdog run") == []
    said = [incidents.run(instance.paths, now + later) for later in (LASTING_SECONDS + 1, 2 * LASTING_SECONDS)]
    assert subjects(notifications, "no watchdog run") == ["error"]
    assert str(said).count("No watchdog run has finished for 11 minutes.") == 1


@pytest.mark.parametrize("broken", [False, True])
def test_watchdog_run_records_its_end(instance: Instance, broken: bool) -> None:
    assert instance.start().ok
    assert run_watchdog(instance) == 0
    mark = instance.cluster.run.last_run
    os.utime(mark, (1, 1))
    if broken:
        instance.add(Side.PUBLIC, "api", "services: [\n")
    assert run_watchdog(instance) == (1 if broken else 0)
    assert mark.stat().st_mtime > 1
