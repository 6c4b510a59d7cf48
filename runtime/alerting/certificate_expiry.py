"""Notify of certificates that a renewal left about to expire; see runtime/alerting/notify.py."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from runtime.alerting import notify
from runtime.alerting.notify import Severity
from runtime.base.paths import Paths
from runtime.config.settings import Settings
from runtime.context.results import Blocked, Code, Expiry, Report


def notify_report(paths: Paths, loaded: Settings, report: Report, now: float) -> Report:
    """Notify of the certificates of a renewal's report. Returns the report with what could not be sent."""
    return replace(
        report,
        blocked=(
            *report.blocked,
            *(Blocked(Code.NOT_SENT, "notifications", each) for each in send(paths, loaded, report.expiring, now)),
        ),
    )


def send(paths: Paths, loaded: Settings, expiring: Iterable[Expiry], now: float) -> tuple[str, ...]:
    """Notify of each certificate, at most once a day. `now` is in seconds since the epoch.

    Returns a sentence for each notification that could not be sent.
    """
    sentences = (
        notify.send(
            loaded,
            paths,
            f"certificate {each.name}",
            each.message,
            Severity.ERROR if each.expired else Severity.WARNING,
            now,
        )
        for each in expiring
    )
    return tuple(each for each in sentences if each)
