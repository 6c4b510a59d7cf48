"""A deploy that is killed at any step: the next run of the watchdog converges, and the next deploy works."""

from __future__ import annotations

import json

import pytest

from runtime.base.paths import Side
from tests.support.deploy.stand import (
    HOST,
    Versions,
    git,
    images_that_run,
    killed_at,
    log_of,
    shoestring,
)
from tests.support.engine import Instance

KILLED = -9


@pytest.mark.parametrize(
    ("point", "expected", "order"),
    [
        ("deploy-begun", "1", "stop-first"),
        ("deploy-edited", "2", "stop-first"),
        ("change-0", "2", "stop-first"),
        ("rollout-closed", "2", "start-first"),
        ("rollout-drained", "2", "start-first"),
        ("deploy-applied", "2", "stop-first"),
        ("deploy-committed", "2", "stop-first"),
    ],
)
def test_deploy_killed_converges(
    instance: Instance, versions: Versions, point: str, expected: str, order: str
) -> None:
    file = instance.add(Side.PUBLIC, "a", versions.file("1", order))
    assert instance.start().ok

    assert killed_at(instance, point, "deploy", "a", "2").code == KILLED

    assert file.read_text() == versions.file(expected, order)
    assert instance.start().ok
    assert images_that_run(instance) == [versions[expected]]
    assert instance.wait(HOST).body.strip() == expected
    committed = point == "deploy-committed" or expected == "1"
    said = json.loads(shoestring(instance, "history", "a", "--json").out)
    assert said["committed"] == committed

    # The same deploy again brings the history up to date, and a rollback finds its way.
    again = shoestring(instance, "deploy", "a", "2")
    assert again.code == 0
    assert log_of(instance)[:2] == [f"deploy a: {versions['1']} -> {versions['2']}", "edit a: changed by hand"]
    assert shoestring(instance, "rollback", "a").code == 0
    assert instance.wait(HOST).body.strip() == "1"
    assert git(instance, "status", "--porcelain", "--", "applications-public/a.yaml") == ""


@pytest.mark.parametrize(("point", "expected"), [("deploy-failed", "exits"), ("deploy-restored", "1")])
def test_deploy_killed_while_failing(instance: Instance, versions: Versions, point: str, expected: str) -> None:
    file = instance.add(Side.PUBLIC, "a", versions.file("1"))
    assert instance.start().ok

    assert killed_at(instance, point, "deploy", "a", "exits").code == KILLED

    assert file.read_text() == versions.file(expected)
    report = instance.start()
    assert report.ok == (expected == "1")
    # The file is authoritative: a bad version in it is reported, and another deploy replaces it.
    assert shoestring(instance, "deploy", "a", "3").code == 0
    assert instance.wait(HOST).body.strip() == "3"
    assert images_that_run(instance) == [versions["3"]]


def test_rollback_after_killed_deploy(instance: Instance, versions: Versions) -> None:
    instance.add(Side.PUBLIC, "a", versions.file("1"))
    assert instance.start().ok
    assert shoestring(instance, "deploy", "a", "2").code == 0
    assert killed_at(instance, "deploy-edited", "deploy", "a", "3").code == KILLED

    assert shoestring(instance, "rollback", "a").code == 0

    assert instance.wait(HOST).body.strip() == "2"
    assert log_of(instance)[:2] == [f"rollback a: {versions['3']} -> {versions['2']}", "edit a: changed by hand"]
