"""A pass that fails is told by the notification of the settings, once a day; one that is well tells nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime import cli
from runtime.base.paths import Side
from tests.support.engine import Instance


def a_pass(instance: Instance) -> int:
    return cli.main(["--data-directory", str(instance.paths.root), "watchdog"])


def test_a_broken_file_is_told_once(instance: Instance, told: Path) -> None:
    assert a_pass(instance) == 0
    assert not told.exists()
    instance.add(Side.PUBLIC, "api", "services: [\n")
    assert a_pass(instance) == 1
    assert a_pass(instance) == 1
    (notice,) = map(json.loads, told.read_text().splitlines())
    assert (notice["subject"], notice["severity"], notice["instance"]) == (
        "watchdog",
        "error",
        instance.settings.instance,
    )
    assert "api.yaml" in notice["message"]
    assert f"See: shoestring status --data-directory {instance.paths.root}" in notice["message"]


def test_an_engine_that_is_gone_is_told(
    instance: Instance, told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    assert a_pass(instance) == 1
    assert a_pass(instance) == 1
    (notice,) = map(json.loads, told.read_text().splitlines())
    assert "Docker does not answer" in notice["message"]


def test_nobody_to_tell_changes_nothing(instance: Instance, capsys: pytest.CaptureFixture[str]) -> None:
    instance.add(Side.PUBLIC, "api", "services: [\n")
    assert a_pass(instance) == 1
    assert capsys.readouterr().err == ""
