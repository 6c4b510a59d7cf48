"""A failed run of the watchdog is notified once a day, by the command of the settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime import cli
from runtime.base.paths import Side
from tests.support.engine import Instance


def run_watchdog(instance: Instance) -> int:
    return cli.main(["--data-directory", str(instance.paths.root), "watchdog"])


def test_watchdog_broken_file_is_notified_once(instance: Instance, notifications: Path) -> None:
    assert run_watchdog(instance) == 0
    assert not notifications.exists()
    instance.add(Side.PUBLIC, "api", "services: [\n")
    assert run_watchdog(instance) == 1
    assert run_watchdog(instance) == 1
    (notification,) = map(json.loads, notifications.read_text().splitlines())
    assert (notification["subject"], notification["severity"], notification["instance"]) == (
        "watchdog",
        "error",
        instance.settings.instance,
    )
    assert "api.yaml" in notification["message"]
    assert f"See: shoestring status --data-directory {instance.paths.root}" in notification["message"]


def test_watchdog_engine_down_is_notified_once(
    instance: Instance, notifications: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    assert run_watchdog(instance) == 1
    assert run_watchdog(instance) == 1
    (notification,) = map(json.loads, notifications.read_text().splitlines())
    assert "Docker does not answer" in notification["message"]


def test_watchdog_without_notify_settings(instance: Instance, capsys: pytest.CaptureFixture[str]) -> None:
    instance.add(Side.PUBLIC, "api", "services: [\n")
    assert run_watchdog(instance) == 1
    assert capsys.readouterr().err == ""
