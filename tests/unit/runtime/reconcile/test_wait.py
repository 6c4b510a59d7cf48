"""Waiting for applied projects: containers that do not run, and proxies that do not reach them."""

from __future__ import annotations

from typing import Any, cast

import pytest

from runtime.base.paths import Side
from runtime.context.results import Code
from runtime.docker.observed import Observed
from runtime.proxy import sockets
from runtime.proxy.sockets import NotRunningError
from runtime.reconcile import wait
from runtime.reconcile.desired import Desired
from tests.support.builders.runtime import RUN, application, desired, observed_of, running, web

STATES = "1\n# be_name srv_op_state srv_check_result\n"
SITE = desired(application("a", "x-health-check: /up\n" + web("a.com")))
DATABASE = desired(
    application("db", "x-external-tcp-ports: ['15432:5432']\nservices: {application: {image: d}}\n", Side.INTERNAL)
)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PATIENCE_SECONDS", "WATCH_SECONDS", "POLL_SECONDS"):
        monkeypatch.setattr(wait, name, 0.0)


def failures_of(
    monkeypatch: pytest.MonkeyPatch, wanted: Desired, *seen: Observed, states: str | None = STATES
) -> list[tuple[Code, str]]:
    observations = iter(seen)

    def server_states(_socket: object) -> str:
        if states is None:
            raise NotRunningError("no proxy")
        return states

    monkeypatch.setattr(wait, "observe", lambda *_: next(observations))
    monkeypatch.setattr(sockets, "server_states", server_states)
    found = wait.wait_until_ready(cast(Any, None), RUN, wanted, wanted.projects)
    return [(each.code, each.message) for each in found]


def test_wait_until_ready_without_projects() -> None:
    assert wait.wait_until_ready(cast(Any, None), RUN, SITE, ()) == ()


def test_wait_until_ready_served_by_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failures_of(monkeypatch, SITE, observed_of(SITE), states=f"{STATES}a 2 3\n") == []
    assert failures_of(monkeypatch, DATABASE, observed_of(DATABASE), states=f"{STATES}_tcp_15432 2 3\n") == []


@pytest.mark.parametrize("states", [None, STATES, f"{STATES}a 0 3\n"])
def test_wait_until_ready_not_reached(monkeypatch: pytest.MonkeyPatch, states: str | None) -> None:
    ((code, message),) = failures_of(monkeypatch, SITE, observed_of(SITE), states=states)
    assert code is Code.NOT_REACHED
    assert "path /up on port 80" in message
    ((code, message),) = failures_of(monkeypatch, DATABASE, observed_of(DATABASE), states=states)
    assert code is Code.NOT_REACHED
    assert "port 5432" in message


def test_wait_until_ready_not_running(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Observed(running(SITE.projects[0], "exited", exit_code=1), ())
    assert failures_of(monkeypatch, SITE, seen) == [(Code.NOT_RUNNING, "application is exited.")]


def test_wait_until_ready_waits_while_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "PATIENCE_SECONDS", 60.0)
    starting = Observed(running(SITE.projects[0], health="starting"), ())
    assert failures_of(monkeypatch, SITE, starting, observed_of(SITE), states=f"{STATES}a 2 3\n") == []
