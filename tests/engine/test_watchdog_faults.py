"""Runs of the watchdog with concurrent runs, a stop by the user, invalid files, kills and full disks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.base import files
from runtime.base.errors import LockedError, ShoestringError
from runtime.base.paths import Side
from runtime.reconcile import operations
from runtime.reconcile.watchdog import STOPPED, watch
from tests.support.engine import Instance, plain


def test_watchdog_after_stop_by_user(served: Instance) -> None:
    operations.stop(served.cluster)
    report = watch(served.cluster)
    assert report.ok
    assert report.warnings == (STOPPED,)
    assert served.containers() == {}
    assert operations.start(served.cluster).ok
    assert watch(served.cluster).outcomes == ()


def test_watchdog_while_another_run_is_active(served: Instance) -> None:
    argv = (sys.executable, "-m", "runtime", "--data-directory", str(served.paths.root), "watchdog")
    with files.lock(served.cluster.run.lock):
        other = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert other.returncode == 0
    assert other.stdout.startswith(f"Nothing done. Another command is running (process {os.getpid()}")
    with files.lock(served.cluster.run.lock), pytest.raises(LockedError):
        watch(served.cluster)
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("kind", ["garbage", "empty", "directory", "large", "bomb"])
def test_watchdog_invalid_file_affects_one_application(served: Instance, kind: str) -> None:
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


def test_watchdog_foreign_container_of_same_name(served: Instance, tools: str) -> None:
    name = f"{served.settings.project('c')}-application-1"
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


def test_watchdog_killed_after_each_change(instance: Instance, tools: str) -> None:
    for name in ("a", "b"):
        instance.add(Side.PUBLIC, name, plain(tools, name, f"{name}.example.test"))
    argv = (sys.executable, "-m", "runtime", "--data-directory", str(instance.paths.root), "watchdog")
    # Each run makes one change and is killed before the next.
    environment = {**os.environ, "SHOESTRING_FAULT": "kill:change-1"}
    codes = [subprocess.run(argv, env=environment, capture_output=True, check=False).returncode for _ in range(8)]
    assert codes == [-signal.SIGKILL] * 7 + [0]
    assert instance.wait("a.example.test").body == "a\n"
    assert instance.wait("b.example.test").body == "b\n"
    assert len(instance.containers()) == 4


def test_watchdog_full_disk(served: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_watchdog_missing_applications_directory(served: Instance, tmp_path: Path) -> None:
    before = served.containers()
    served.paths.applications(Side.PUBLIC).rename(tmp_path / "away")
    with pytest.raises(ShoestringError, match="cannot be read"):
        watch(served.cluster)
    assert served.containers() == before


@pytest.mark.parametrize("command", ["plan", "status", "watchdog"])
def test_output_whose_reader_has_ended(served: Instance, command: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    argv = (sys.executable, "-u", "-m", "runtime", "--data-directory", str(served.paths.root), command)
    try:
        # With the change of a file each of them prints something.
        served.add(Side.PUBLIC, "a", plain("localhost/none:1", "a", "a.example.test"))
        ended = subprocess.run(argv, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, "")
