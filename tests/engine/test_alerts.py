"""What needs a person is told by a run of its own, which knows when the watchdog's last pass ended."""

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


def subjects(told: Path, start: str) -> list[str]:
    """What was told of subjects that start so: the disk of the machine that tests run on may be full or not."""
    notices = map(json.loads, told.read_text().splitlines() if told.exists() else ())
    return [each["severity"] for each in notices if each["subject"].startswith(start)]


def a_pass(instance: Instance) -> int:
    return machine.main(["--data-directory", str(instance.paths.root), "watchdog"])


def test_an_application_that_is_down_is_told_and_told_when_it_runs(
    instance: Instance, tools: str, told: Path
) -> None:
    file = instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    assert instance.start().ok
    assert a_pass(instance) == 0
    now = time.time()
    incidents.run(instance.paths, now)
    assert subjects(told, "application") == []
    container = instance.container("a")
    with listed_change(instance.cluster.client, container):
        instance.cluster.client.containers.get(container).stop(timeout=0)
    for later in (0.0, LASTING_SECONDS, 2 * LASTING_SECONDS - 60):
        incidents.run(instance.paths, now + later)
    assert subjects(told, "application a") == ["error"]
    assert a_pass(instance) == 0
    for later in (2 * LASTING_SECONDS - 50, 3 * LASTING_SECONDS - 50):
        incidents.run(instance.paths, now + later)
    assert subjects(told, "application a") == ["error", "resolved"]
    assert file.exists()


def test_what_a_person_stopped_is_no_trouble(instance: Instance, tools: str, told: Path) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    assert instance.start().ok
    assert cli.main(["--data-directory", str(instance.paths.root), "stop"]) == 0
    assert a_pass(instance) == 0
    for later in (0.0, LASTING_SECONDS - 60):
        incidents.run(instance.paths, time.time() + later)
    assert subjects(told, "application") + subjects(told, "proxy") == []


def test_a_pass_that_no_longer_comes_is_told_without_an_engine(
    instance: Instance,
    told: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert instance.start().ok
    assert a_pass(instance) == 0
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    run = ["--data-directory", str(instance.paths.root), "alarm"]
    now = time.time()
    assert cli.main(run) == 0
    past = now - LASTING_SECONDS - 60
    os.utime(instance.cluster.run.passed, (past, past))
    assert cli.main(run) == 0
    assert subjects(told, "no watchdog run") == []
    said = [incidents.run(instance.paths, now + later) for later in (LASTING_SECONDS + 1, 2 * LASTING_SECONDS)]
    assert subjects(told, "no watchdog run") == ["error"]
    assert str(said).count("No watchdog run has finished for 11 minutes.") == 1


@pytest.mark.parametrize("broken", [False, True])
def test_each_pass_leaves_its_time(instance: Instance, broken: bool) -> None:
    assert instance.start().ok
    assert a_pass(instance) == 0
    mark = instance.cluster.run.passed
    os.utime(mark, (1, 1))
    if broken:
        instance.add(Side.PUBLIC, "api", "services: [\n")
    assert a_pass(instance) == (1 if broken else 0)
    assert mark.stat().st_mtime > 1
