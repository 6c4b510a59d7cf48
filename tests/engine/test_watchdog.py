"""One pass after another: what is mended, what is left alone, what is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runtime import files, operations
from runtime.errors import LockedError, ShoestringError
from runtime.operations import Report
from runtime.paths import Side
from runtime.watchdog import STOPPED, watch
from tests.engine.support import Instance, plain, until

UNHEALTHY = """    healthcheck:
      test: [CMD, test, -e, /tmp/well]
      interval: 1s
      retries: 1
"""


def names(report: Report) -> list[str]:
    return [f"{outcome.change.kind} {outcome.change.name}" for outcome in report.outcomes]


@pytest.fixture
def served(instance: Instance, tools: str) -> Instance:
    """Two applications that run."""
    for name in ("a", "b"):
        instance.add(Side.PUBLIC, name, plain(tools, name, f"{name}.example.test"))
    assert watch(instance.cluster).ok
    return instance


def container(instance: Instance, name: str) -> str:
    return f"{instance.settings.instance}_{name}-application-1"


def test_a_pass_makes_all_of_it_run(served: Instance) -> None:
    assert served.get("a.example.test").body == "a\n"
    assert served.get("b.example.test").body == "b\n"


def test_a_pass_with_nothing_to_do_asks_once_and_writes_nothing(
    served: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = served.containers()
    asked: list[str] = []
    api = served.cluster.client.api
    send = api.send

    def count(request: object, **options: object) -> object:
        asked.append(str(getattr(request, "url", "")))
        return send(request, **options)

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError(f"a pass with nothing to do did this: {arguments}")

    with monkeypatch.context() as patch:
        patch.setattr(api, "send", count)
        patch.setattr(subprocess, "run", refuse)
        patch.setattr(files, "_replace", refuse)
        assert watch(served.cluster).outcomes == ()
    assert [url.split("/")[-2:] for url in asked if "/containers/json" not in url] == []
    assert len(asked) == 1
    assert served.containers() == before


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
    others = {name: moment for name, moment in served.containers().items() if name != container(served, "a")}
    subprocess.run(("docker", *harm, container(served, "a")), check=True, capture_output=True)
    report = watch(served.cluster)
    assert names(report) == [done]
    assert report.ok
    assert served.wait("a.example.test").body == "a\n"
    after = served.containers()
    assert {name: after[name] for name in others} == others


def test_a_container_that_was_taken_off_its_network_is_put_back(served: Instance) -> None:
    network = served.settings.docker_network("main")
    subprocess.run(("docker", "network", "disconnect", network, container(served, "a")), check=True)
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
    inspected = instance.cluster.client.api.inspect_container(container(instance, "a"))
    assert "P=second-secret" in inspected["Config"]["Env"]
    assert "second-secret" not in json.dumps(inspected["Config"]["Labels"])


def test_an_unhealthy_container_is_restarted_with_backoff(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test", more=UNHEALTHY))
    watch(instance.cluster)
    name = container(instance, "a")

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
    assert "a: application unhealthy (tried once; again in 1 min, or at once when its file changes)" in held.refused
    assert instance.containers()[name] == second


def test_a_crash_loop_is_told_and_not_tried_each_minute(instance: Instance, tools: str) -> None:
    more = "    restart: always\n    entrypoint: ['false']\n"
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test", more=more))
    instance.add(Side.PUBLIC, "b", plain(tools, "b", "b.example.test"))
    first = watch(instance.cluster)
    assert not first.ok
    assert instance.wait("b.example.test").body == "b\n"
    second = watch(instance.cluster)
    assert second.outcomes == ()
    assert any(sentence.startswith("a: ") and "tried once" in sentence for sentence in second.refused)


def test_the_same_error_is_not_a_new_attempt_until_the_file_changes(instance: Instance, tools: str) -> None:
    file = instance.add(Side.PUBLIC, "a", "services: {application: {image: x, no-such-key: 1}}\n")
    assert [outcome.ok for outcome in watch(instance.cluster).outcomes if outcome.change.name == "a"] == [False]
    held = watch(instance.cluster)
    assert held.outcomes == ()
    assert [sentence.count("\n") for sentence in held.refused] == [0]
    file.write_text(plain(tools, "a", "a.example.test"))
    assert watch(instance.cluster).ok
    assert instance.wait("a.example.test").body == "a\n"


def test_a_proxy_that_was_removed_comes_back(served: Instance) -> None:
    name = f"{served.settings.instance}_core-haproxy-public-1"
    subprocess.run(("docker", "rm", "-f", name), check=True, capture_output=True)
    assert "apply core" in names(watch(served.cluster))
    assert served.wait("a.example.test").body == "a\n"


def test_a_lost_directory_of_sockets_is_mended(served: Instance) -> None:
    """After a reboot /run is empty; here the proxies are recreated over a directory that is root's."""
    directory = served.cluster.run.proxy(Side.PUBLIC)
    subprocess.run(("docker", "stop", "-t", "0", f"{served.settings.instance}_core-haproxy-public-1"), check=True)
    for socket in directory.iterdir():
        socket.unlink()
    os.chown(directory, 0, 0)
    assert watch(served.cluster).outcomes
    assert served.wait("a.example.test").body == "a\n"


def test_a_person_who_stops_it_is_not_overruled(served: Instance) -> None:
    operations.stop(served.cluster)
    report = watch(served.cluster)
    assert report.ok
    assert report.notes == (STOPPED,)
    assert served.containers() == {}
    assert operations.start(served.cluster).ok
    assert watch(served.cluster).outcomes == ()


def test_two_passes_at_once_are_one(served: Instance) -> None:
    argv = (sys.executable, "-m", "runtime", "--data-directory", str(served.paths.root), "watchdog")
    with files.lock(served.cluster.run.lock):
        other = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert other.returncode == 0
    assert other.stdout.startswith(f"Nothing done. Another command is at work (process {os.getpid()}")
    with files.lock(served.cluster.run.lock), pytest.raises(LockedError):
        watch(served.cluster)
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("kind", ["garbage", "empty", "directory", "large", "bomb"])
def test_a_ruined_file_is_an_error_for_that_file_alone(served: Instance, kind: str) -> None:
    before = served.containers()
    file = served.file(Side.PUBLIC, "a")
    file.unlink()
    if kind == "directory":
        file.mkdir()
    else:
        bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)
        )
        file.write_text(
            {"garbage": "\x00\x01: [", "empty": "", "large": "a: " + "x" * 10_000_000, "bomb": bomb}[kind]
        )
    report = watch(served.cluster)
    assert [problem.file.name for problem in report.problems] == ["a.yaml"]
    assert report.outcomes == ()
    assert served.get("a.example.test").body == "a\n"
    assert served.get("b.example.test").body == "b\n"
    assert served.containers() == before


def test_a_container_of_someone_elses_with_our_name_is_left_alone(served: Instance, tools: str) -> None:
    name = container(served, "c")
    stranger = served.cluster.client.containers.run(tools, ["stranger"], name=name, detach=True)
    try:
        served.add(Side.PUBLIC, "c", plain(tools, "c", "c.example.test"))
        report = watch(served.cluster)
        (failed,) = [outcome for outcome in report.outcomes if not outcome.ok]
        assert name in failed.error
        stranger.reload()
        assert stranger.status == "running"
        assert served.get("a.example.test").body == "a\n"
    finally:
        stranger.remove(force=True)


def test_a_pass_that_is_killed_is_finished_by_the_next(instance: Instance, tools: str) -> None:
    for name in ("a", "b"):
        instance.add(Side.PUBLIC, name, plain(tools, name, f"{name}.example.test"))
    argv = (sys.executable, "-m", "runtime", "--data-directory", str(instance.paths.root), "watchdog")
    # Each pass makes one change and is killed before the next, so that each change is once the last.
    environment = {**os.environ, "SHOESTRING_FAULT": "kill:change-1"}
    codes = [subprocess.run(argv, env=environment, capture_output=True, check=False).returncode for _ in range(7)]
    assert codes == [-signal.SIGKILL] * 6 + [0]
    assert instance.wait("a.example.test").body == "a\n"
    assert instance.wait("b.example.test").body == "b\n"
    assert len(instance.containers()) == 4


def test_a_full_disk_leaves_nothing_half_written(served: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    generated = {file: file.read_bytes() for file in served.paths.generated.rglob("*") if file.is_file()}
    file = served.file(Side.PUBLIC, "a")
    file.write_text(file.read_text().replace("[a]", "[changed]"))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ShoestringError, match="No space left on device"):
            watch(served.cluster)
    now = {file: file.read_bytes() for file in served.paths.generated.rglob("*") if file.is_file()}
    assert now == generated
    assert served.get("a.example.test").body == "a\n"
    served.cluster.run.attempts.unlink(missing_ok=True)
    assert watch(served.cluster).ok
    assert served.wait("a.example.test").body == "changed\n"


def test_the_directory_of_applications_is_gone(served: Instance, tmp_path: Path) -> None:
    before = served.containers()
    served.paths.applications(Side.PUBLIC).rename(tmp_path / "away")
    with pytest.raises(ShoestringError, match="cannot be read"):
        watch(served.cluster)
    assert served.containers() == before
