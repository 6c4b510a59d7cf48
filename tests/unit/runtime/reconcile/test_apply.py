"""Applying a plan: the order, failures, and steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import pytest

from runtime.base.errors import DEBUG_VARIABLE
from runtime.context.change import (
    ApplyContext,
    Change,
    ChangeDescription,
    Listener,
    Outcome,
    Sign,
    Step,
)
from runtime.context.cluster import Cluster
from runtime.reconcile.apply import apply


@dataclass(frozen=True)
class Work(Change):
    """A change that reports a step, and fails where the test asks for that."""

    kind = "work"
    title: str
    fails: bool = False
    fatal: bool = False

    def describe(self) -> ChangeDescription:
        return ChangeDescription(Sign.NEW, self.title, "")

    @property
    def is_fatal(self) -> bool:
        return self.fatal

    def apply(self, context: ApplyContext) -> str:
        context.report(Step("step", self.title, 0.0))
        if self.fails:
            raise ZeroDivisionError(self.title)
        return f"{self.title} is done"


class RecordingListener(Listener):
    def __init__(self) -> None:
        self.events: list[str] = []

    def begin(self, change: Change) -> None:
        self.events.append(f"begin {change.name}")

    def step(self, change: Change, step: Step) -> None:
        self.events.append(f"{step.name} {change.name}")

    def done(self, outcome: Outcome) -> None:
        self.events.append(f"done {outcome.change.name}")


def run(*changes: Change, listener: Listener | None = None) -> tuple[Outcome, ...]:
    return apply(changes, ApplyContext(cast(Cluster, None)), listener or Listener())


@pytest.fixture(autouse=True)
def _no_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DEBUG_VARIABLE, raising=False)


def test_apply_reports_changes_and_steps_in_order() -> None:
    listener = RecordingListener()
    outcomes = run(Work("a"), Work("b"), listener=listener)
    assert [(each.change.name, each.detail, each.failure) for each in outcomes] == [
        ("a", "a is done", None),
        ("b", "b is done", None),
    ]
    assert listener.events == ["begin a", "step a", "done a", "begin b", "step b", "done b"]


def test_apply_continues_after_failure() -> None:
    first, second = run(Work("a", fails=True), Work("b"))
    assert (type(first.failure), first.detail, second.ok) == (ZeroDivisionError, "", True)


def test_apply_stops_after_fatal_failure() -> None:
    assert [each.change.name for each in run(Work("a", fatal=True), Work("b", True, True), Work("c"))] == ["a", "b"]


def test_apply_raises_in_debug_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEBUG_VARIABLE, "1")
    with pytest.raises(ZeroDivisionError):
        run(Work("a", fails=True))
