"""Tells of a pass of the watchdog that failed, to those that the settings name; see runtime/alerting/notify.py."""

from __future__ import annotations

from pathlib import Path

from runtime.alerting import notify
from runtime.alerting.notify import Severity
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, find
from runtime.config import settings
from runtime.config.settings import Settings
from runtime.output.report import report_lines
from runtime.reconcile.operations import Report

SUBJECT = "watchdog"
SEE = "See: shoestring status"


def of_report(paths: Paths, loaded: Settings, report: Report, now: float) -> str:
    """Tell what a pass could not mend, once a day. `now` is in seconds since the epoch.

    Returns a sentence if somebody could not be told, else nothing.
    """
    failed = [f"{each.change.name}: {each.error}" for each in report.outcomes if not each.ok]
    lines = [line.strip().removeprefix("✗ ") for line in report_lines(report, "")]
    return _tell(paths, loaded, (*failed, *lines), now)


def of_error(data_directory: Path | None, sentence: str, now: float) -> str:
    """Tell why a pass could not even look, as when Docker does not answer.

    Whom to tell is not known where the settings are what is wrong.
    """
    try:
        paths = find(data_directory)
        return _tell(paths, settings.load(paths.settings), (sentence,), now)
    except ShoestringError:
        return ""


def _tell(paths: Paths, loaded: Settings, lines: tuple[str, ...], now: float) -> str:
    message = "\n".join(("A pass of the watchdog failed.", *lines, SEE))
    return notify.tell(loaded, paths, SUBJECT, message, Severity.ERROR, now)
