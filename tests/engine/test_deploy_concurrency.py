"""Deploys beside a run of the watchdog, and with a file that changes or a user who interrupts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from installer.deploy import run
from installer.images import refresh
from runtime.docker.observed import observe
from tests.support.deploy.stand import Versions, served_version, shoestring
from tests.support.engine import Instance


def test_deploy_beside_two_watchdog_runs(instance: Instance, versions: Versions, blog: Path) -> None:
    argv = (sys.executable, "-m", "runtime", "--data-directory", str(instance.paths.root), "watchdog")
    runs = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]

    answer = shoestring(instance, "deploy", "a", "2")

    for each in runs:
        said, _ = each.communicate(timeout=60)
        assert each.returncode == 0, said
    assert answer.code == 0, answer
    assert served_version(instance) == "2"
    assert [each.image for each in observe(instance.cluster.client, instance.settings.instance).of("a")] == [
        versions["2"]
    ]


def test_deploy_interrupted_restores_file(
    instance: Instance, versions: Versions, blog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = blog.read_bytes()

    def interrupted(*_: object) -> None:
        assert blog.read_bytes() != before
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "attempt", interrupted)
    answer = shoestring(instance, "deploy", "a", "2")
    assert answer.code == 1
    assert answer.err.startswith("Interrupted. ")
    assert blog.read_bytes() == before


def test_deploy_file_changed_during_pull(
    instance: Instance, versions: Versions, blog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = refresh.fetch
    edited = blog.read_text() + "# during the pull\n"

    def slow(*arguments: object, **options: object) -> object:
        blog.write_text(edited)
        return fetched(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(refresh, "fetch", slow)
    answer = shoestring(instance, "deploy", "a", "2")
    assert answer.code == 1
    assert "has changed meanwhile; nothing was done. Try again: shoestring deploy a 2" in answer.err
    assert blog.read_text() == edited
