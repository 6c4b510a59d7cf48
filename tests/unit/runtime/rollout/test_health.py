"""The health of new containers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.config.applications import Order, Rollout
from runtime.docker.observed import Container
from runtime.proxy import slots
from runtime.proxy.slots import Slot
from runtime.rollout import health
from runtime.rollout.context import RolloutContext
from runtime.rollout.health import NewReplica, UnhealthyError, health_probe
from tests.support.builders.rollout import BACKEND, application, project

ADDRESS = "10.0.0.3"
CONTAINER = Container("id3", "n", "p", "application", "a", "public", "new", "image", "running", "", None, "Up")


def test_health_probe_of_application() -> None:
    second = replace(BACKEND, name="a_9090", port=9090)
    assert health_probe(application(BACKEND, replace(second, health_check="/health"))) == "GET /health"
    assert health_probe(application(BACKEND, second)) == "port 8080, 9090"
    assert health_probe(application(replace(BACKEND, service="other"))) == "port "
    assert health_probe(application()) == "port 5432"


class Engine:
    """An engine whose one container is in a state; its events are those of Docker."""

    def __init__(self, events: tuple[dict[str, Any], ...] = (), restarts: int = 0, **state: object) -> None:
        self.api = self
        self.state: dict[str, object] = {"Running": True, "Restarting": False, "ExitCode": 0, **state}
        self.past = events
        self.restarts = restarts

    def inspect_container(self, _container: str) -> dict[str, Any]:
        networks = {"main": {"IPAddress": ADDRESS}}
        return {
            "Created": "2026-01-10T12:00:00.123Z",
            "NetworkSettings": {"Networks": networks},
            "RestartCount": self.restarts,
            "State": self.state if self.state["Running"] != "removed" else None,
        }

    def events(self, **_: object) -> tuple[dict[str, Any], ...]:
        return self.past


def slot(check: str = "L4OK", *, address: str = ADDRESS, passed: bool = True, status: str = "UP") -> Slot:
    return Slot("a", "server-1", address, 8080, status, passed, 0, check)


def site(engine: Engine, health_check: str = "", watch_time: float = 60.0) -> RolloutContext:
    app = application(replace(BACKEND, health_check=health_check))
    app = replace(app, rollout=Rollout(Order.START_FIRST, health_timeout=0.01, watch_time=watch_time))
    return RolloutContext(cast("Any", engine), Path("/m"), lambda _: None, project(), app, "")


@pytest.fixture(autouse=True)
def proxy(monkeypatch: pytest.MonkeyPatch) -> list[Slot]:
    """The server slots of the proxy; the container is healthy in one of them."""
    server_slots = [slot()]
    monkeypatch.setattr(slots, "read", lambda *_: tuple(server_slots))
    monkeypatch.setattr(health, "POLL_SECONDS", 0.0)
    return server_slots


def reason(where: RolloutContext, run: Callable[[RolloutContext, tuple[NewReplica, ...]], None]) -> str:
    """Return why a new container is not healthy; empty if it is."""
    replica = NewReplica(CONTAINER, 0, frozenset({ADDRESS}))
    unhealthy: UnhealthyError | None = None
    try:
        run(where, (replica,))
    except UnhealthyError as error:
        unhealthy = error
    assert unhealthy is None or unhealthy.container is CONTAINER
    return str(unhealthy or "")


def until_healthy(where: RolloutContext, replicas: tuple[NewReplica, ...]) -> None:
    health.wait_until_healthy(where, replicas, closed=False)


def test_wait_until_healthy_and_watch_of_healthy_container() -> None:
    assert reason(site(Engine()), until_healthy) == ""
    assert reason(site(Engine(Health={"Status": "healthy"})), until_healthy) == ""
    assert reason(site(Engine(), watch_time=0.01), health.watch) == ""


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ((slot("L7STS 500", passed=False),), "port 8080 answers 500"),
        ((slot("L4TOUT", passed=False),), "port 8080 answers the proxy's check too late"),
        ((slot("L4CON", passed=False),), "port 8080 does not answer"),
        ((slot(address="10.0.0.9"),), "the proxy does not know it yet"),
        ((), "the proxy does not run"),
    ],
)
def test_wait_until_healthy_timeout_names_check(proxy: list[Slot], seen: tuple[Slot, ...], expected: str) -> None:
    proxy[:] = seen
    found = reason(site(Engine()), until_healthy)
    assert found.startswith("not healthy within 0 s: ")
    assert expected in found


def test_wait_until_healthy_names_path_of_check(proxy: list[Slot]) -> None:
    proxy[:] = [slot("L7STS 404", passed=False)]
    assert "GET /up on port 8080 answers 404" in reason(site(Engine(), "/up"), until_healthy)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ([], "it has not been run yet"),
        ([{"Output": "one\ntwo\n"}], "two"),
        ([{"Output": "", "ExitCode": 7}], "it ended with exit code 7"),
    ],
)
def test_wait_until_healthy_own_health_check(log: list[dict[str, object]], expected: str) -> None:
    engine = Engine(Health={"Status": "starting", "Log": log})
    assert f"its own health check fails: {expected}" in reason(site(engine), until_healthy)
    # With x-health-check that path decides while Docker's check is starting.
    assert reason(site(engine, "/up"), until_healthy) == ""


STARTED = {"Action": "start", "timeNano": 1_000_000_000}
DIED = {"Action": "die", "timeNano": 4_100_000_000, "Actor": {"Attributes": {"exitCode": "2"}}}


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        (Engine(Running=False, ExitCode=3), "exited with code 3"),
        (Engine((DIED,), Running=False), "exited with code 2"),
        (Engine((STARTED, DIED), Running=False), "exited with code 2 after 3.1 s"),
        (Engine((STARTED, DIED), restarts=1), "exited with code 2 after 3.1 s"),
        (Engine((STARTED, DIED), Restarting=True), "exited with code 2 after 3.1 s"),
        (Engine(Running="removed"), "was removed by another program"),
    ],
)
def test_unhealthy_error_of_exited_container(engine: Engine, expected: str) -> None:
    assert reason(site(engine), until_healthy) == expected
    assert reason(site(engine), health.watch) == expected


def test_watch_container_becomes_unhealthy(proxy: list[Slot]) -> None:
    engine = Engine(Health={"Status": "unhealthy", "Log": [{"Output": "no database"}]})
    assert reason(site(engine), health.watch) == "became unhealthy: no database"
    proxy[:] = [slot("L4CON", passed=False, status="DOWN")]
    assert reason(site(Engine()), health.watch) == "became unhealthy: port 8080 does not answer"


def test_is_in_rotation_needs_healthy_container(proxy: list[Slot]) -> None:
    assert health.is_in_rotation(site(Engine()), CONTAINER)
    assert not health.is_in_rotation(site(Engine(Health={"Status": "unhealthy"})), CONTAINER)
    assert not health.is_in_rotation(site(Engine(Running=False)), CONTAINER)
    proxy[:] = [slot(passed=False, status="DRAIN")]
    assert not health.is_in_rotation(site(Engine()), CONTAINER)


def test_watch_seconds_of_application() -> None:
    assert health.watch_seconds(application(BACKEND)) == health.WATCH_SECONDS
    assert health.watch_seconds(site(Engine(), watch_time=5.0).application) == 5.0
