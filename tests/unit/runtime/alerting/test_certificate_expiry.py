"""Notifications of certificates that are about to expire."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.alerting import certificate_expiry
from runtime.alerting.notify import DAY
from runtime.base.paths import Paths
from runtime.config.sections import NotifySettings
from runtime.config.settings import Settings
from runtime.context.results import Code, Expiry, Report
from tests.support.builders.runtime import make_settings, recording_command

NOW = 1_795_000_000.0
BLOG = Expiry("blog", "It expires in 3 days.", expired=False)
SHOP = Expiry("shop", "It has expired.", expired=True)

pytestmark = pytest.mark.processes


def with_command(command: str) -> Settings:
    return replace(make_settings(), notify=NotifySettings(command=command))


def test_send_once_a_day_with_severity(paths: Paths) -> None:
    received = paths.root / "received"
    loaded = with_command(recording_command(received))
    for now in (NOW, NOW + 60, NOW + DAY):
        assert certificate_expiry.send(paths, loaded, (BLOG, SHOP), now) == ()
    sent = [json.loads(line) for line in received.read_text().splitlines()]
    assert [(each["subject"], each["severity"]) for each in sent] == [
        ("certificate blog", "warning"),
        ("certificate shop", "error"),
    ] * 2


def test_notify_report_has_notifications_that_were_not_sent(paths: Paths) -> None:
    report = Report((), expiring=(BLOG,))
    missing = certificate_expiry.notify_report(paths, with_command("/no/such/command"), report, NOW)
    assert [(each.code, each.subject) for each in missing.blocked] == [(Code.NOT_SENT, "notifications")]
    assert not missing.ok
    assert certificate_expiry.notify_report(paths, make_settings(), report, NOW) == report


def test_notify_report_without_expiring_certificates(paths: Paths, tmp_path: Path) -> None:
    loaded = with_command(recording_command(tmp_path / "received"))
    assert certificate_expiry.notify_report(paths, loaded, Report(()), NOW) == Report(())
    assert not (tmp_path / "received").exists()
