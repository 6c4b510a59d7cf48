"""A rollout that is killed at any step: the next one completes it, and no request is lost in between."""

from __future__ import annotations

import signal
import time

import pytest

from runtime.proxy.slots import Admission
from runtime.rollout.start_first import RolloutError, enable_all_slots, is_possible
from tests.support.deploy.rollout_stand import Stage

POINTS = ("created", "closed", "started", "healthy", "admitted", "watched", "drained", "stopped", "opened")


def kill(stage: Stage, point: str) -> None:
    assert stage.roll_until(f"rollout-{point}") == -signal.SIGKILL


def finish(stage: Stage) -> None:
    """Do as a run of the watchdog: roll if possible, else plain Compose."""
    site = stage.site
    if is_possible(site):
        stage.roll()
    else:
        enable_all_slots(site)
        stage.instance.start()


@pytest.mark.parametrize("point", POINTS)
def test_roll_killed_good_version(stage: Stage, point: str) -> None:
    stage.begin()
    stage.write("v2")
    with stage.load(rate=100) as load:
        kill(stage, point)
        assert len(stage.containers()) == 2
        # Both may serve, or one of them; never neither.
        time.sleep(1.5)
        finish(stage)
        time.sleep(0.5)
    assert load.result.failed == 0, load.result
    assert stage.versions() == [("running", "v2")]
    assert len(stage.slots_in_rotation()) == 4
    assert stage.instance.start().outcomes == ()


@pytest.mark.parametrize("point", [*POINTS[:3], "stopped", "opened"])
def test_roll_killed_bad_version(stage: Stage, point: str) -> None:
    stage.top = "x-rollout: {health_timeout: 3s}\n"
    stage.begin()
    stage.write("v2", "    environment: {SERVE_AFTER: '60'}\n")
    with stage.load(rate=100) as load:
        kill(stage, point)
        with pytest.raises(RolloutError, match="port 8080 does not answer"):
            finish(stage)
    assert load.result.failed == 0, load.result
    assert set(load.result.bodies) == {"v1"}
    assert stage.versions() == [("running", "v1")]
    assert len(stage.slots_in_rotation()) == 4


@pytest.mark.parametrize("point", ["created", "started", "admitted", "drained"])
def test_roll_killed_then_file_reverted(stage: Stage, point: str) -> None:
    stage.begin()
    stage.write("v2")
    with stage.load(rate=100) as load:
        kill(stage, point)
        stage.write("v1")
        finish(stage)
    assert load.result.failed == 0, load.result
    assert stage.versions() == [("running", "v1")]
    assert len(stage.slots_in_rotation()) == 4
    assert stage.instance.start().outcomes == ()


def test_roll_killed_then_third_version(stage: Stage) -> None:
    stage.begin()
    stage.write("v2")
    with stage.load(rate=100) as load:
        kill(stage, "admitted")
        stage.write("v3")
        finish(stage)
    assert load.result.failed == 0, load.result
    assert stage.versions() == [("running", "v3")]
    assert len(stage.slots_in_rotation()) == 4


def test_roll_killed_then_proxy_restarted(stage: Stage) -> None:
    """The restarted proxy has lost the drained server slots; they are drained again."""
    stage.begin()
    stage.top = "x-rollout: {health_timeout: 8s}\n"
    bad = "    healthcheck: {test: [CMD, 'false'], interval: 300ms, retries: 100}\n"
    stage.write("v2", bad)
    kill(stage, "started")
    name = f"{stage.instance.settings.project('core')}-haproxy-public-1"
    stage.instance.cluster.client.containers.get(name).restart(timeout=0)
    stage.instance.wait(stage.host)
    with stage.load(rate=50) as load, pytest.raises(RolloutError, match="its own health check fails"):
        finish(stage)
    assert load.result.failed == 0, load.result
    # Once the rollout inspected it, no request went to the new one.
    assert load.result.last.get("v2", 0) < (load.result.started + load.result.ended) / 2
    assert stage.versions() == [("running", "v1")]


def test_roll_killed_then_order_changed(stage: Stage) -> None:
    stage.begin()
    stage.write("v2")
    kill(stage, "closed")
    stage.top = "x-rollout: stop-first\n"
    stage.write("v3")
    finish(stage)
    assert stage.instance.wait(stage.host).body == "v3\n"
    assert stage.versions() == [("running", "v3")]
    assert len(stage.slots_in_rotation()) == 4


def test_roll_puts_drained_slots_in_rotation(stage: Stage) -> None:
    stage.begin()
    stage.site.set_state(lambda slot: not slot.address, Admission.DRAIN)
    stage.write("v2")
    with stage.load(rate=50) as load:
        stage.roll()
    assert load.result.failed == 0, load.result
    assert len(stage.slots_in_rotation()) == 4
