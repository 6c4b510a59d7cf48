"""Deploys beside a run of the watchdog, and with a file that changes or a user who interrupts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from installer.deploy import run
from installer.images import refresh
from runtime.docker.observed import observe
from tests.support.deploy.stand import Versions, served_version, shoestring
from tests.support.engine import Instance

if TYPE_CHECKING:
    pass


def test_two_passes_and_a_deploy_at_once(instance: Instance, versions: Versions, blog: Path) -> None:
    argv = (sys.executable, "-m", "runtime", "--data-directory", str(instance.paths.root), "watchdog")
    passes = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]

    answer = shoestring(instance, "deploy", "a", "2")

    for each in passes:
        said, _ = each.communicate(timeout=60)
        assert each.returncode == 0, said
    assert answer.code == 0, answer
    assert served_version(instance) == "2"
    assert [each.image for each in observe(instance.cluster.client, instance.settings.instance).of("a")] == [
        versions["2"]
    ]


def test_an_interrupted_deploy_puts_the_file_back(
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


def test_a_file_that_changes_during_the_pull_is_not_written(
    instance: Instance, versions: Versions, blog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = refresh.fetch
    edited = blog.read_text() + "# meanwhile\n"

    def slow(*arguments: object, **options: object) -> object:
        blog.write_text(edited)
        return fetched(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(refresh, "fetch", slow)
    answer = shoestring(instance, "deploy", "a", "2")
    assert answer.code == 1
    assert "has changed meanwhile; nothing was done. Try again: shoestring deploy a 2" in answer.err
    assert blog.read_text() == edited
