"""Notify of a run of the watchdog that failed; see notify.py."""

from __future__ import annotations

from pathlib import Path

from runtime.alerting import notify
from runtime.alerting.messages import SEE_STATUS
from runtime.alerting.notify import Severity
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, find
from runtime.config import settings
from runtime.config.settings import Settings
from runtime.context.results import Report
from runtime.output.report import failed_count

SUBJECT = "watchdog"


def notify_report(paths: Paths, loaded: Settings, report: Report, now: float) -> str:
    """Notify of what a run could not repair, once a day. `now` is in seconds since the epoch.

    Returns a sentence if the notification could not be sent, else nothing.
    """
    failed = [f"{each.change.name}: {each.sentence}" for each in report.outcomes if not each.ok]
    found = (*report.warnings, *report.problems, *report.failures, *report.blocked, *report.deferred)
    count = failed_count(report)
    return _send(paths, loaded, (*failed, *map(str, found), *((count,) if count else ())), now)


def notify_error(data_directory: Path | None, sentence: str, now: float) -> str:
    """Notify of why a run could not begin, as when Docker does not answer. Returns as `of_report` does.

    Without valid settings no receiver is known.
    """
    try:
        paths = find(data_directory)
        return _send(paths, settings.load(paths.settings), tuple(sentence.splitlines()[:1]), now)
    except ShoestringError:
        return ""


def _send(paths: Paths, loaded: Settings, lines: tuple[str, ...], now: float) -> str:
    message = "\n".join(("A run of the watchdog failed.", *lines, SEE_STATUS))
    return notify.send(loaded, paths, SUBJECT, message, Severity.ERROR, now)
