"""What a pass mends: what someone did by hand, what is unwell, what was lost."""

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
    ("harm", "done"),
    [
        (("stop", "-t", "0"), "apply a"),
        (("kill",), "apply a"),
        (("rm", "-f"), "apply a"),
        (("pause",), "restart a"),
    ],
)
def test_what_someone_did_by_hand_is_undone(served: Instance, harm: tuple[str, ...], done: str) -> None:
    others = {name: moment for name, moment in served.containers().items() if name != served.container("a")}
    name = served.container("a")
    with listed_change(served.cluster.client, name):
        subprocess.run(("docker", *harm, name), check=True, capture_output=True)
    report = watch(served.cluster)
    assert names(report) == [done]
    assert report.ok
    assert served.wait("a.example.test").body == "a\n"
    after = served.containers()
    assert {name: after[name] for name in others} == others


@pytest.fixture
def unnoticed(served: Instance) -> str:
    """A container that has ended while the engine could write nothing about it, as on a full disk.

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
    note = instance.paths.generated / fast_path.SNAPSHOT
    note.write_text(json.dumps({**json.loads(note.read_text()), "until": time.time() - 1}))


@pytest.mark.parametrize(
    "doubt", [lambda it: fast_path_record.invalidate(it.cluster), make_old], ids=["full disk", "an hour later"]
)
def test_what_ended_while_the_disk_was_full_is_started(
    served: Instance, unnoticed: str, doubt: Callable[[Instance], None]
) -> None:
    (status,) = (each for each in operations.status(served.cluster).applications if each.name == "a")
    assert (status.state, status.since) == ("ended", "")
    assert watch(served.cluster).outcomes == ()
    doubt(served)
    report = watch(served.cluster)
    assert names(report) == ["restart a"]
    assert report.ok
    assert served.wait("a.example.test").body == "a\n"
    assert served.container("a") == unnoticed
    assert watch(served.cluster).outcomes == ()


def test_after_a_full_disk_no_pass_is_quiet(served: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    root = str(served.paths.root)
    assert watch(served.cluster).ok
    assert fast_path.is_unchanged(root)
    monkeypatch.setattr(disk_space, "LOW_MEGABYTES", 10**9)
    assert not watch(served.cluster).ok
    monkeypatch.undo()
    assert not fast_path.is_unchanged(root)
    assert watch(served.cluster).ok
    assert fast_path.is_unchanged(root)


def test_a_container_that_was_taken_off_its_network_is_put_back(served: Instance) -> None:
    network = served.settings.docker_network("main")
    name = served.container("a")
    with listed_change(served.cluster.client, name):
        subprocess.run(("docker", "network", "disconnect", network, name), check=True)
    report = watch(served.cluster)
    assert names(report) == ["apply a"]
    assert served.wait("a.example.test").body == "a\n"


def test_a_changed_secret_is_applied(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test", more="    environment: {P: '${PASSWORD}'}\n"))
    files.write(instance.paths.secrets, "PASSWORD: first-secret\n", 0o600)
    assert watch(instance.cluster).ok
    files.write(instance.paths.secrets, "PASSWORD: second-secret\n", 0o600)
    report = watch(instance.cluster)
    assert names(report) == ["apply a"]
    inspected = instance.cluster.client.api.inspect_container(instance.container("a"))
    assert "P=second-secret" in inspected["Config"]["Env"]
    assert "second-secret" not in json.dumps(inspected["Config"]["Labels"])


def test_a_changed_env_file_is_applied(instance: Instance, tools: str) -> None:
    variables = instance.paths.applications(Side.PUBLIC) / "a.env"
    variables.write_text("A=1\n")
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test", more="    env_file: a.env\n"))
    assert watch(instance.cluster).ok
    assert watch(instance.cluster).outcomes == ()
    variables.write_text("A=2\n")
    assert names(watch(instance.cluster)) == ["apply a"]
    inspected = instance.cluster.client.api.inspect_container(instance.container("a"))
    assert "A=2" in inspected["Config"]["Env"]


def test_generated_files_may_be_deleted_at_any_time(served: Instance, tools: str) -> None:
    shutil.rmtree(served.paths.generated)
    assert watch(served.cluster).ok
    assert served.wait("a.example.test").body == "a\n"
    served.add(Side.PUBLIC, "c", plain(tools, "c", "c.example.test"))
    assert watch(served.cluster).ok
    assert served.wait("c.example.test").body == "c\n"


def test_a_name_that_is_another_ones_service_leads_nowhere_else(served: Instance, tools: str) -> None:
    """Compose gives each container its service's name on every network."""
    served.add(Side.PUBLIC, "application", plain(tools, "mine", "mine.example.test"))
    assert watch(served.cluster).ok
    assert {served.get("mine.example.test").body for _ in range(12)} == {"mine\n"}


def test_an_unhealthy_container_is_restarted_with_backoff(instance: Instance, tools: str) -> None:
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

    held = watch(instance.cluster)

    assert held.outcomes == ()
    assert not held.ok
    assert [str(each) for each in held.deferred] == [
        "a: application unhealthy (tried once; again in 1 min, or at once when its file changes)"
    ]
    assert instance.containers()[name] == second


def test_a_crash_loop_is_told_and_not_tried_each_minute(instance: Instance, tools: str) -> None:
    more = "    restart: always\n    entrypoint: ['false']\n"
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test", more=more))
    instance.add(Side.PUBLIC, "b", plain(tools, "b", "b.example.test"))
    first = watch(instance.cluster)
    assert not first.ok
    assert instance.wait("b.example.test").body == "b\n"

    def told() -> bool:
        report = watch(instance.cluster)
        assert report.outcomes == ()
        return any(each.subject == "a" and "tried once" in each.message for each in report.deferred)

    # Between two crashes it runs for a moment.
    assert until(told, bool)


def test_the_same_error_is_not_a_new_attempt_until_the_file_changes(instance: Instance, tools: str) -> None:
    file = instance.add(Side.PUBLIC, "a", "services: {application: {image: x, no-such-key: 1}}\n")
    assert [outcome.ok for outcome in watch(instance.cluster).outcomes if outcome.change.name == "a"] == [False]
    held = watch(instance.cluster)
    assert held.outcomes == ()
    assert [str(each).count("\n") for each in held.deferred] == [0]
    file.write_text(plain(tools, "a", "a.example.test"))
    assert watch(instance.cluster).ok
    assert instance.wait("a.example.test").body == "a\n"


def test_a_proxy_that_was_removed_comes_back(served: Instance) -> None:
    name = f"{served.settings.instance}_core-haproxy-public-1"
    with listed_change(served.cluster.client, name):
        subprocess.run(("docker", "rm", "-f", name), check=True, capture_output=True)
    assert "apply core" in names(watch(served.cluster))
    assert served.wait("a.example.test").body == "a\n"


def test_a_lost_directory_of_sockets_is_mended(served: Instance) -> None:
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
