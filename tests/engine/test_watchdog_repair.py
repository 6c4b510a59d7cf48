"""What a run of the watchdog repairs: changes by hand, unhealthy containers, lost files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.base import disk_space, files
from runtime.base.paths import Side
from runtime.reconcile import fast_path, fast_path_record, operations
from runtime.reconcile.watchdog import watch
from tests.support.engine import Instance, names, plain, until
from tests.support.listing import listed_change

UNHEALTHY = """    healthcheck:
      test: [CMD, test, -e, /tmp/well]
      interval: 1s
      retries: 1
"""


@pytest.mark.parametrize(
    ("change", "done"),
    [
        (("stop", "-t", "0"), "apply a"),
        (("kill",), "apply a"),
        (("rm", "-f"), "apply a"),
        (("pause",), "restart a"),
    ],
)
def test_watchdog_reverts_changes_by_hand(served: Instance, change: tuple[str, ...], done: str) -> None:
    others = {name: moment for name, moment in served.containers().items() if name != served.container("a")}
    name = served.container("a")
    with listed_change(served.cluster.client, name):
        subprocess.run(("docker", *change, name), check=True, capture_output=True)
    report = watch(served.cluster)
    assert names(report) == [done]
    assert report.ok
    assert served.wait("a.example.test").body == "a\n"
    after = served.containers()
    assert {name: after[name] for name in others} == others


@pytest.fixture
def unrecorded(served: Instance) -> str:
    """A container that ended while the engine could not record it, as on a full disk.

    The listing still says that it runs.
    """
    api, name = served.cluster.client.api, served.container("a")
    place = Path(api.inspect_container(name)["ResolvConfPath"]).parent
    subprocess.run(("chattr", "+i", place), check=True)
    try:
        api.kill(name)
        until(lambda: api.inspect_container(name)["State"]["Running"], lambda running: not running)
    finally:
        subprocess.run(("chattr", "-i", place), check=True)
    assert [each["State"] for each in api.containers(all=True, filters={"name": name})] == ["running"]
    return name


def make_old(instance: Instance) -> None:
    file = instance.paths.generated / fast_path.SNAPSHOT
    file.write_text(json.dumps({**json.loads(file.read_text()), "until": time.time() - 1}))


@pytest.mark.parametrize(
    "invalidate", [lambda it: fast_path_record.invalidate(it.cluster), make_old], ids=["full disk", "an hour later"]
)
def test_watchdog_restarts_container_that_ended_on_full_disk(
    served: Instance, unrecorded: str, invalidate: Callable[[Instance], None]
) -> None:
    (status,) = (each for each in operations.status(served.cluster).applications if each.name == "a")
    assert (status.state, status.since) == ("ended", "")
    assert watch(served.cluster).outcomes == ()
    invalidate(served)
    report = watch(served.cluster)
    assert names(report) == ["restart a"]
    assert report.ok
    assert served.wait("a.example.test").body == "a\n"
    assert served.container("a") == unrecorded
    assert watch(served.cluster).outcomes == ()


def test_watchdog_low_disk_ends_fast_path(served: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    root = str(served.paths.root)
    assert watch(served.cluster).ok
    assert fast_path.is_unchanged(root)
    monkeypatch.setattr(disk_space, "LOW_MEGABYTES", 10**9)
    assert not watch(served.cluster).ok
    monkeypatch.undo()
    assert not fast_path.is_unchanged(root)
    assert watch(served.cluster).ok
    assert fast_path.is_unchanged(root)


def test_watchdog_reconnects_container(served: Instance) -> None:
    network = served.settings.docker_network("main")
    name = served.container("a")
    with listed_change(served.cluster.client, name):
        subprocess.run(("docker", "network", "disconnect", network, name), check=True)
    report = watch(served.cluster)
    assert names(report) == ["apply a"]
    assert served.wait("a.example.test").body == "a\n"


def test_watchdog_applies_changed_secret(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test", more="    environment: {P: '${PASSWORD}'}\n"))
    files.write(instance.paths.secrets, "PASSWORD: first-secret\n", 0o600)
    assert watch(instance.cluster).ok
    files.write(instance.paths.secrets, "PASSWORD: second-secret\n", 0o600)
    report = watch(instance.cluster)
    assert names(report) == ["apply a"]
    inspected = instance.cluster.client.api.inspect_container(instance.container("a"))
    assert "P=second-secret" in inspected["Config"]["Env"]
    assert "second-secret" not in json.dumps(inspected["Config"]["Labels"])


def test_watchdog_applies_changed_env_file(instance: Instance, tools: str) -> None:
    variables = instance.paths.applications(Side.PUBLIC) / "a.env"
    variables.write_text("A=1\n")
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test", more="    env_file: a.env\n"))
    assert watch(instance.cluster).ok
    assert watch(instance.cluster).outcomes == ()
    variables.write_text("A=2\n")
    assert names(watch(instance.cluster)) == ["apply a"]
    inspected = instance.cluster.client.api.inspect_container(instance.container("a"))
    assert "A=2" in inspected["Config"]["Env"]


def test_watchdog_restores_generated_files(served: Instance, tools: str) -> None:
    shutil.rmtree(served.paths.generated)
    assert watch(served.cluster).ok
    assert served.wait("a.example.test").body == "a\n"
    served.add(Side.PUBLIC, "c", plain(tools, "c", "c.example.test"))
    assert watch(served.cluster).ok
    assert served.wait("c.example.test").body == "c\n"


def test_watchdog_application_named_like_a_service(served: Instance, tools: str) -> None:
    """Compose gives each container its service's name on every network."""
    served.add(Side.PUBLIC, "application", plain(tools, "mine", "mine.example.test"))
    assert watch(served.cluster).ok
    assert {served.get("mine.example.test").body for _ in range(12)} == {"mine\n"}


def test_watchdog_restarts_unhealthy_container_with_backoff(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test", more=UNHEALTHY))
    watch(instance.cluster)
    name = instance.container("a")

    def health() -> str:
        return str(instance.cluster.client.api.inspect_container(name)["State"]["Health"]["Status"])

    until(health, lambda found: found == "unhealthy")
    instance.cluster.run.attempts.unlink(missing_ok=True)
    first = instance.containers()[name]
    assert names(watch(instance.cluster)) == ["restart a"]
    assert instance.containers()[name] != first
    until(health, lambda found: found == "unhealthy")
    second = instance.containers()[name]

    report = watch(instance.cluster)

    assert report.outcomes == ()
    assert not report.ok
    assert [str(each) for each in report.deferred] == [
        "a: application unhealthy (tried once; again in 1 min, or at once when its file changes)"
    ]
    assert instance.containers()[name] == second


def test_watchdog_defers_crash_loop(instance: Instance, tools: str) -> None:
    more = "    restart: always\n    entrypoint: ['false']\n"
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test", more=more))
    instance.add(Side.PUBLIC, "b", plain(tools, "b", "b.example.test"))
    first = watch(instance.cluster)
    assert not first.ok
    assert instance.wait("b.example.test").body == "b\n"

    def deferred() -> bool:
        report = watch(instance.cluster)
        assert report.outcomes == ()
        return any(each.subject == "a" and "tried once" in each.message for each in report.deferred)

    # Between two crashes it runs for a moment.
    assert until(deferred, bool)


def test_watchdog_retries_only_after_file_change(instance: Instance, tools: str) -> None:
    file = instance.add(Side.PUBLIC, "a", "services: {application: {image: x, no-such-key: 1}}\n")
    assert [outcome.ok for outcome in watch(instance.cluster).outcomes if outcome.change.name == "a"] == [False]
    report = watch(instance.cluster)
    assert report.outcomes == ()
    assert [str(each).count("\n") for each in report.deferred] == [0]
    file.write_text(plain(tools, "a", "a.example.test"))
    assert watch(instance.cluster).ok
    assert instance.wait("a.example.test").body == "a\n"


def test_watchdog_recreates_removed_proxy(served: Instance) -> None:
    name = f"{served.settings.instance}_core-haproxy-public-1"
    with listed_change(served.cluster.client, name):
        subprocess.run(("docker", "rm", "-f", name), check=True, capture_output=True)
    assert "apply core" in names(watch(served.cluster))
    assert served.wait("a.example.test").body == "a\n"


def test_watchdog_repairs_socket_directory(served: Instance) -> None:
    """After a reboot /run is empty; here the proxies are recreated over a directory that is root's."""
    directory = served.cluster.run.proxy(Side.PUBLIC)
    name = f"{served.settings.instance}_core-haproxy-public-1"
    with listed_change(served.cluster.client, name):
        subprocess.run(("docker", "stop", "-t", "0", name), check=True)
    for socket in directory.iterdir():
        socket.unlink()
    os.chown(directory, 0, 0)
    assert watch(served.cluster).outcomes
    assert served.wait("a.example.test").body == "a\n"
