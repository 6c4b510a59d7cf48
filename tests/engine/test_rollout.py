"""A rollout under load: no request is lost, whatever the new version does."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from runtime.base.paths import Side
from runtime.config.applications import Order, Rollout
from runtime.proxy import install
from runtime.rollout.start_first import RolloutError, is_possible
from tests.support.clients.websocket import Websocket, open_websocket
from tests.support.deploy.rollout_stand import Stage, assert_finished, variables
from tests.support.engine import LOOPBACK, no_trust, until

HEALTH = "x-health-check: /health\n"
RESTARTS = "    restart: unless-stopped\n"


def test_roll_good_version_loses_no_request(stage: Stage) -> None:
    stage.begin()
    stage.write("v2", variables(SERVE_AFTER=5))
    with stage.load() as load:
        stage.roll(watch=10)
        over = time.monotonic()
        load.serves("v2")
    assert_finished(stage, "v2", load)
    assert [(step.name, step.ok) for step in stage.steps] == [
        (name, True) for name in ("started", "healthy", "watched", "drained")
    ]
    # It starts within 5 s. tests/bench/deploy measures what a rollout adds, on a machine that does nothing else.
    assert load.result.first["v2"] < load.result.last["v1"] < over
    assert load.result.last["v1"] - load.result.first["v2"] > 9
    assert load.result.rate > 30


def test_roll_twice_then_unchanged(stage: Stage) -> None:
    stage.begin()
    with stage.load(rate=50) as load:
        for version in ("v2", "v3"):
            stage.write(version)
            stage.roll()
        assert not is_possible(stage.site)
        before = stage.instance.containers()
        assert stage.instance.start().outcomes == ()
        assert stage.instance.containers() == before
    assert_finished(stage, "v3", load)


@pytest.mark.parametrize("more", ["", RESTARTS], ids=["stays-down", "restarts"])
def test_roll_version_exits_at_start(stage: Stage, more: str) -> None:
    stage.begin()
    stage.write("v2", more + variables(EXIT_AFTER=0.5, SERVE_AFTER=5))
    with stage.load() as load, pytest.raises(RolloutError) as raised:
        stage.roll()
    assert_finished(stage, "v1", load)
    assert set(load.result.bodies) == {"v1"}
    assert raised.value.reason.startswith("exited with code 2 after ")
    assert "v2 falls" in raised.value.lines
    assert str(raised.value).startswith("The new version exited with code 2 after")
    assert not stage.steps[-1].ok


def test_roll_version_cannot_start(stage: Stage) -> None:
    stage.begin()
    stage.write("v2", "    entrypoint: [/no-such-program]\n")
    with stage.load(rate=50) as load, pytest.raises(RolloutError, match="no-such-program"):
        stage.roll()
    assert_finished(stage, "v1", load)
    assert [(step.name, step.ok) for step in stage.steps] == [("started", False)]


BAD_CHECK = "    healthcheck: {test: [CMD, sh, -c, echo no database; exit 1], interval: 300ms, retries: 2}\n"


def test_roll_container_health_check_fails(stage: Stage) -> None:
    stage.top = "x-rollout: {health_timeout: 4s}\n"
    stage.begin()
    stage.write("v2", BAD_CHECK)
    with stage.load() as load, pytest.raises(RolloutError) as raised:
        stage.roll()
    assert_finished(stage, "v1", load)
    assert set(load.result.bodies) == {"v1"}
    assert raised.value.reason == "not healthy within 4 s: its own health check fails: no database"


@pytest.mark.parametrize("how", [{"HEALTH": 500}, {"GOOD_ANSWERS": 1}], ids=["always", "all-but-once"])
def test_roll_proxy_health_check_fails(stage: Stage, how: dict[str, int]) -> None:
    stage.top = f"x-rollout: {{health_timeout: 10s}}\n{HEALTH}"
    stage.begin()
    stage.write("v2", variables(**how))
    with stage.load() as load, pytest.raises(RolloutError) as raised:
        stage.roll()
    assert_finished(stage, "v1", load)
    assert set(load.result.bodies) == {"v1"}
    assert raised.value.reason == "not healthy within 10 s: GET /health on port 8080 answers 500"


def test_roll_version_exits_while_watched(stage: Stage) -> None:
    stage.begin()
    stage.write("v2", variables(EXIT_AFTER=5))
    with stage.load() as load, pytest.raises(RolloutError, match="exited with code 2 after "):
        stage.roll(watch=10)
    assert_finished(stage, "v1", load)
    assert load.result.bodies["v2"] > 0


def test_roll_version_becomes_unhealthy(stage: Stage) -> None:
    stage.top = HEALTH
    stage.begin()
    stage.write("v2", variables(SICK_AFTER=4))
    with (
        stage.load() as load,
        pytest.raises(RolloutError, match="became unhealthy: GET /health on port 8080 answers"),
    ):
        stage.roll(watch=10)
    assert_finished(stage, "v1", load)


def test_roll_slow_start_with_container_health_check(stage: Stage) -> None:
    check = "    healthcheck: {test: [CMD, sh, -c, echo not yet; test -e /tmp/ready], interval: 500ms, retries: 2}\n"
    stage.begin()
    # Its port is open long before it is ready.
    command = '    entrypoint: [sh, -c, "(sleep 4; touch /tmp/ready) & exec python3 -u /server.py v2"]\n'
    stage.write("v2", check + command)
    with stage.load() as load:
        began = time.monotonic()
        stage.roll()
        over = time.monotonic()
    assert load.result.failed == 0, load.result
    assert began + 4 < load.result.first["v2"] < over


def test_roll_two_replicas(stage: Stage) -> None:
    two = "    deploy: {replicas: 2}\n"
    stage.begin("v1", two)
    stage.write("v2", two)
    with stage.load(rate=50) as load:
        stage.roll()
    assert load.result.failed == 0, load.result
    assert stage.versions() == [("running", "v2")] * 2
    assert len(stage.slots_in_rotation()) == 4


def test_roll_applies_other_services_first(stage: Stage) -> None:
    more = (
        "    depends_on: {{task: {{condition: service_completed_successfully}},"
        " data: {{condition: service_started}}}}\n"
        "  data:\n    image: {image}\n    command: [data{version}]\n    stop_grace_period: 0s\n"
        "  task:\n    image: {image}\n    entrypoint: [sh, -c, 'sleep 1; echo task{version}']\n"
    )
    stage.begin("v1", more.format(image=stage.image, version=1))
    stage.write("v2", more.format(image=stage.image, version=2))
    with stage.load(rate=50) as load:
        stage.roll("data", "task")
    assert load.result.failed == 0, load.result
    assert sorted(each.service for each in stage.containers()) == ["application", "data", "task"]
    assert stage.instance.get(stage.host, "/ask?http://data:8080/").body == "data2\n"
    started = {each.service: _times(stage, each.id) for each in stage.containers()}
    assert started["task"][1] <= started["application"][0]
    assert stage.instance.start().outcomes == ()


def _times(stage: Stage, container: str) -> tuple[str, str]:
    state = stage.instance.cluster.client.api.inspect_container(container)["State"]
    return str(state["StartedAt"]), str(state["FinishedAt"])


def test_roll_waits_for_long_request(stage: Stage) -> None:
    stage.begin()
    stage.write("v2")
    answers: list[bytes] = []
    slow = threading.Thread(target=lambda: answers.append(_download(stage, 10)))
    slow.start()
    until(lambda: stage.site.sessions(frozenset(each.address for each in stage.slots())), bool)
    # The old process has the download, and must be queried too.
    install.reload(stage.instance.paths, stage.instance.cluster.run, Side.PUBLIC, force=True)
    stage.roll()
    slow.join()
    assert answers == [b"." * 100]
    assert stage.steps[-1].about == "1 connection"
    assert stage.versions() == [("running", "v2")]


def test_roll_ends_websockets_at_drain_timeout(stage: Stage) -> None:
    other = replace(stage, name=f"{stage.name}-other")
    other.begin()
    stage.top = "x-rollout: {drain_timeout: 2s}\n"
    stage.begin()
    stage.write("v2")
    with _websocket(stage) as mine, _websocket(other) as others:
        stage.roll()
        assert stage.steps[-1].about == "1 connection"
        # Ended by its own timeout, not by the default.
        assert 2 <= stage.steps[-1].seconds < Rollout(Order.START_FIRST).drain_timeout
        with pytest.raises(ConnectionClosed):
            mine.recv()
        others.send("still here")
        assert others.recv() == "still here"
    other.end()


@contextmanager
def _websocket(stage: Stage) -> Iterator[Websocket]:
    assert stage.instance.settings.public
    with open_websocket(stage.host, stage.instance.settings.public.https_port, no_trust()) as websocket:
        websocket.send("hello")
        assert websocket.recv() == "hello"
        yield websocket


def _download(stage: Stage, seconds: int) -> bytes:
    assert stage.instance.settings.public
    port = stage.instance.settings.public.https_port
    connection = http.client.HTTPSConnection(LOOPBACK, port, timeout=30, context=no_trust())
    connection.request("GET", f"/drip?{seconds}", headers={"Host": stage.host})
    try:
        return connection.getresponse().read()
    finally:
        connection.close()


def test_is_possible_conditions(stage: Stage, tmp_path: Path) -> None:
    stage.begin()
    stage.write("v2")
    assert is_possible(stage.site)
    stage.write("v2", "    deploy: {replicas: 3}\n")
    assert not is_possible(stage.site)
    stage.write("v2", f"    volumes: ['{tmp_path}:/data']\n")
    assert not is_possible(stage.site)
    file = stage.instance.file(stage.side, stage.name)
    file.write_text(file.read_text().replace("8080", "9000"))
    assert not is_possible(stage.site)
    stage.top = HEALTH
    stage.begin()
    stage.top = "x-health-check: /status/204\n"
    stage.write("v2")
    assert not is_possible(stage.site)
    # Restore the state for the next test.
    stage.begin()


def test_is_possible_with_anonymous_volume(stage: Stage) -> None:
    volume = "    volumes: [/data]\n"
    stage.begin("v1", volume)
    stage.write("v2", volume)
    assert not is_possible(stage.site)
    stage.top = "x-rollout: start-first\n"
    stage.write("v2", volume)
    assert is_possible(stage.site)
    # Restore the state for the next test.
    stage.write("v1", volume)
