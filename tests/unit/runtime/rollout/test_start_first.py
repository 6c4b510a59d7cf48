"""The decisions and commands of a rollout; tests with a real engine show that no request is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.base.errors import ShoestringError
from runtime.config.applications import Order, Rollout
from runtime.docker.observed import Container
from runtime.proxy import slots
from runtime.proxy.slots import Slot
from runtime.rollout import context as rollout_context
from runtime.rollout import start_first
from runtime.rollout.context import RolloutContext
from runtime.rollout.start_first import RolloutError, is_possible
from tests.support.builders.rollout import BACKEND, application, empty_document, project


def test_rollout_error_text() -> None:
    error = RolloutError("blog", "exited with code 2 after 3.1 s", ("Error: migration 6.0 needs MySQL 8",))
    assert str(error) == (
        "The new version exited with code 2 after 3.1 s; the old one keeps running.\n"
        "    | Error: migration 6.0 needs MySQL 8"
    )
    assert str(RolloutError("a", "was removed by someone", ())).endswith("; the old one keeps running.")


class Engine:
    """An engine with these containers of the service, as states with definitions."""

    def __init__(self, *containers: tuple[str, str], mounts: tuple[dict[str, Any], ...] = ()) -> None:
        self.api = self
        self.mounts = mounts
        self.listed = [
            {
                "Id": f"id{number}",
                "Names": [f"/i_a-application-{number}"],
                "State": state,
                "Labels": {"com.docker.compose.service": "application", "shoestring.definition": definition},
            }
            for number, (state, definition) in enumerate(containers)
        ]

    def containers(self, **_: object) -> list[dict[str, Any]]:
        return self.listed

    def inspect_container(self, container: str) -> dict[str, Any]:
        networks = {"main": {"IPAddress": f"10.0.0.{container[-1]}"}}
        return {"NetworkSettings": {"Networks": networks}, "Mounts": self.mounts}


def slot(name: str, address: str = "", port: int = 8080) -> Slot:
    up = bool(address)
    return Slot("a", name, address, port if up else 0, "UP" if up else "MAINT (resolution)", up, 0, "L4OK")


@pytest.fixture(autouse=True)
def proxy(monkeypatch: pytest.MonkeyPatch) -> list[Slot]:
    """The server slots of the proxy; the first container is in one of them."""
    server_slots = [slot("server-1", "10.0.0.0"), slot("server-2")]
    monkeypatch.setattr(slots, "read", lambda *_: tuple(server_slots))
    return server_slots


def site(
    engine: Engine, *, replicas: int = 1, order: Order = Order.START_FIRST, configuration: str = ""
) -> RolloutContext:
    app = replace(application(BACKEND), rollout=Rollout(order), document=empty_document())
    return RolloutContext(cast("Any", engine), Path("/m"), lambda _: None, project(replicas), app, configuration)


OLD, NEW = ("running", "old"), ("running", "new")


@pytest.mark.parametrize(
    ("containers", "wanted"),
    [
        ((), False),
        ((OLD,), True),
        ((NEW,), False),
        ((("exited", "old"),), False),
        # Left by killed rollouts.
        ((OLD, ("created", "new")), True),
        ((OLD, NEW), True),
        ((("exited", "old"), NEW), True),
        ((NEW, NEW), True),
        ((("restarting", "old"),), True),
    ],
)
def test_is_possible_with_containers(containers: tuple[tuple[str, str], ...], wanted: bool) -> None:
    assert is_possible(site(Engine(*containers))) is wanted


def test_is_possible_conditions(proxy: list[Slot]) -> None:
    assert not is_possible(site(Engine(OLD), order=Order.STOP_FIRST))
    assert is_possible(site(Engine(OLD), replicas=2))
    assert not is_possible(site(Engine(OLD), replicas=start_first.MOST_REPLICAS + 1))
    assert not is_possible(site(Engine(OLD, OLD, OLD), replicas=2))
    assert not is_possible(
        site(Engine(OLD), configuration="backend a\n http-check send meth GET uri /old ver HTTP/1.1\n")
    )
    proxy[:] = [slot("server-1", "10.0.0.0", port=9090)]
    assert not is_possible(site(Engine(OLD)))
    proxy.clear()
    assert not is_possible(site(Engine(OLD)))


def test_is_possible_with_anonymous_volume() -> None:
    engine = Engine(OLD, mounts=({"Type": "volume", "RW": True},))
    assert not is_possible(site(engine))
    given = site(engine)
    assert is_possible(
        replace(
            given, application=replace(given.application, rollout=Rollout(Order.START_FIRST, is_order_given=True))
        )
    )
    assert is_possible(site(Engine(OLD, mounts=({"Type": "bind", "RW": False}, {"Type": "volume", "RW": False}))))


def test_replicas_keep_new_ones_that_serve(proxy: list[Slot]) -> None:
    proxy[:] = [slot("server-1"), slot("server-2", "10.0.0.1")]
    current = site(Engine(NEW, NEW)).replicas()
    assert [each.id for each in current.new] == ["id1"]
    assert [each.id for each in current.old] == ["id0"]


def test_replicas_leave_out_surplus_created_ones() -> None:
    current = site(Engine(NEW, ("created", "new"))).replicas()
    assert current.created == ()
    assert [each.id for each in current.stopped] == ["id1"]
    assert current.count == 2


def test_addresses_of_all_networks() -> None:
    container = Container("id3", "n", "p", "application", "a", "public", "new", "image", "running", "", None, "Up")
    assert site(Engine()).addresses(container) == {"10.0.0.3"}


def test_wait_returns_condition_at_timeout() -> None:
    assert rollout_context.wait(lambda: True, 0)
    assert not rollout_context.wait(lambda: False, 0)


class CreatingEngine(Engine):
    """An engine whose Compose starts the new container, named `fake`, at its run number `at`."""

    def __init__(self, *containers: tuple[str, str], at: int) -> None:
        super().__init__(*containers)
        self.at = at
        self.runs = 0

    def compose(self, argv: tuple[str, ...]) -> None:
        self.runs += "--detach" in argv
        if self.runs == self.at:
            self.listed += Engine(OLD, NEW).listed[1:]
            self.at = -1


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_first, "LISTED_SECONDS", 0)
    monkeypatch.setattr(slots, "set_state", lambda *_: None)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(("at", "runs"), [(1, 1), (2, 2)], ids=["listed", "missing"])
def test_start_new_container_missing_in_the_listing(at: int, runs: int) -> None:
    engine = CreatingEngine(OLD, at=at)
    context = replace(site(engine), compose=engine.compose)
    new, closed = start_first._start(context, context.replicas(), (), lambda _: None)
    assert [each.container.id for each in new] == ["id1"]
    assert closed
    assert engine.runs == runs


@pytest.mark.usefixtures("short")
def test_start_new_container_never_listed() -> None:
    engine = CreatingEngine(OLD, at=9)
    context = replace(site(engine), compose=engine.compose)
    with pytest.raises(ShoestringError, match="lists 0 of 1 new containers, and 1 old ones"):
        start_first._start(context, context.replicas(), (), lambda _: None)
