"""Notifications of failed runs of the watchdog."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from installer.data_directory import settings_file
from runtime.alerting import watchdog_failure
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths
from runtime.config.sections import NotifySettings
from runtime.config.settings import Settings
from runtime.context.change import Outcome
from runtime.context.results import Code, Failure, Report
from runtime.reconcile.changes import CreateNetwork
from tests.support.builders.runtime import make_settings, recording_command

NOW = 1_795_000_000.0

pytestmark = pytest.mark.processes


@pytest.fixture
def received(tmp_path: Path) -> Path:
    return tmp_path / "received"


@pytest.fixture
def loaded(received: Path) -> Settings:
    return replace(make_settings(), notify=NotifySettings(command=recording_command(received)))


def test_notify_report_has_failed_changes_and_failures(paths: Paths, loaded: Settings, received: Path) -> None:
    failed = Outcome(CreateNetwork("main"), 1.0, failure=ShoestringError("no address"))
    report = Report((failed,), failures=(Failure(Code.NOT_RUNNING, "blog", "It is exited."),))
    assert watchdog_failure.notify_report(paths, loaded, report, NOW) == ""
    (sent,) = (json.loads(line) for line in received.read_text().splitlines())
    assert (sent["subject"], sent["severity"]) == (watchdog_failure.SUBJECT, "error")
    assert {"main: no address", "blog: It is exited."} <= set(sent["message"].splitlines())


def test_notify_error_finds_receiver_in_settings(paths: Paths, loaded: Settings, received: Path) -> None:
    paths.settings.write_text(settings_file.render(loaded))
    assert watchdog_failure.notify_error(paths.root, "Docker does not answer.", NOW) == ""
    assert "Docker does not answer." in json.loads(received.read_text())["message"].splitlines()


def test_notify_error_without_valid_settings(paths: Paths, received: Path) -> None:
    assert watchdog_failure.notify_error(paths.root, "Docker does not answer.", NOW) == ""
    assert not received.exists()
