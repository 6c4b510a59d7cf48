from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.context.change import Change, Outcome, Sign
from runtime.reconcile import backoff
from runtime.reconcile.backoff import Attempts
from runtime.reconcile.changes import RestartContainer
from runtime.rollout.apply_project import ApplyProject
from tests.support.builders.runtime import application, desired, proxy_change, running, web

PROJECT = desired(application("a", web("a.com"))).projects[0]
OTHER = desired(application("a", web("a.com", image="web:2"))).projects[0]
START_AGAIN = ApplyProject(PROJECT, Sign.CHANGED, "application exited", changed=False)
RESTART = RestartContainer(PROJECT, running(PROJECT)[0], "application unhealthy")
MINUTE = 60.0


def attempts_of(change: Change, error: str, minutes: int, step: float = MINUTE) -> list[int]:
    """Return the minutes in which a change that every plan contains is applied."""
    memory: backoff.AttemptMemory = {}
    made = []
    for number in range(minutes):
        now = 1_000_000.0 + number * step
        todo, held = backoff.split((change,), memory, now)
        assert len(todo) + len(held) == 1
        if todo:
            made.append(number)
            memory = backoff.record(memory, (Outcome(change, 0.1, failure=ShoestringError(error)),), {}, now)
    return made


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (ApplyProject(PROJECT, Sign.CHANGED, "changed"), "compose failed"),
        (START_AGAIN, ""),
        (RESTART, ""),
        (proxy_change(Side.PUBLIC, "template changed", inputs="x"), "line 3 is wrong"),
    ],
)
def test_split_retries_now_then_after_1_5_and_15_minutes(change: Change, error: str) -> None:
    assert attempts_of(change, error, 60) == [0, 1, 6, 21, 36, 51]


def test_split_does_not_hold_successful_change() -> None:
    assert attempts_of(ApplyProject(PROJECT, Sign.CHANGED, "changed"), "", 4) == [0, 1, 2, 3]


def test_split_retries_changed_project_now() -> None:
    failed = ApplyProject(PROJECT, Sign.CHANGED, "changed")
    memory = backoff.record({}, (Outcome(failed, 0.1, failure=ShoestringError("no")),), {}, 100.0)
    assert backoff.split((failed,), memory, 101.0)[0] == ()
    assert backoff.split((replace(failed, project=OTHER),), memory, 101.0)[1] == ()


def test_split_retries_changed_extension_key_now() -> None:
    failed = ApplyProject(PROJECT, Sign.CHANGED, "changed")
    memory = backoff.record({}, (Outcome(failed, 0.1, failure=ShoestringError("not healthy")),), {}, 100.0)
    slower = desired(application("a", "x-rollout: {health_timeout: 3m}\n" + web("a.com"))).projects[0]
    assert slower.services == PROJECT.services
    assert backoff.split((replace(failed, project=slower),), memory, 101.0)[1] == ()


def test_split_retries_changed_template_now() -> None:
    failed = proxy_change(Side.PUBLIC, "template changed", inputs="x")
    memory = backoff.record({}, (Outcome(failed, 0.1, failure=ShoestringError("no")),), {}, 100.0)
    assert backoff.split((failed,), memory, 101.0)[0] == ()
    assert backoff.split((proxy_change(Side.PUBLIC, "template changed", inputs="y"),), memory, 101.0)[1] == ()
    assert backoff.split((proxy_change(Side.INTERNAL, "template changed", inputs="x"),), memory, 101.0)[1] == ()


def test_remember_applied_project_that_does_not_run() -> None:
    change = ApplyProject(PROJECT, Sign.NEW, "new")
    memory = backoff.record({}, (Outcome(change, 0.1),), {"a": "application is exited"}, 100.0)
    assert memory["application a"].error == "application is exited"
    assert len(backoff.split((START_AGAIN,), memory, 101.0)[1]) == 1


def test_remember_two_changes_of_application_once() -> None:
    memory = backoff.record({}, (Outcome(START_AGAIN, 0.1), Outcome(RESTART, 0.1)), {}, 100.0)
    assert memory["application a"].number == 1


def test_attempts_forgotten_after_twice_the_delay() -> None:
    entry = Attempts("x", 1, last=1000.0)
    assert not entry.is_expired(1000.0 + 60 + 900)
    assert entry.is_expired(1000.0 + 60 + 901)
    assert entry.is_expired(999.0)


def test_save_and_load_memory(tmp_path: Path) -> None:
    file = tmp_path / "attempts.json"
    backoff.save(file, {})
    assert not file.exists()
    memory = {"application a": Attempts("x", 2, 5.0, "why")}
    backoff.save(file, memory)
    assert backoff.load(file) == memory
    assert file.stat().st_mode & 0o777 == 0o600
    assert backoff.current(memory, 60_000.0) == {}
    backoff.save(file, {})
    assert not file.exists()
    for garbage in ("", "[", "[]", '{"a": 1}', '{"a": {"wrong": 1}}', "\0"):
        file.write_text(garbage)
        assert backoff.load(file) == {}
    assert backoff.load(tmp_path / "none") == {}
