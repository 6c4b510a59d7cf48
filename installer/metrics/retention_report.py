"""The screens of `shoestring metrics retention`."""

from __future__ import annotations

from installer.metrics.influxdb import Retention
from runtime.base.formats import count
from runtime.output.table import table


def retention_lines(kept: Retention) -> list[str]:
    """Return how long points are kept."""
    return table([("points", _days(kept.days)), ("hourly means", _days(kept.hourly_days))])


def change_lines(before: Retention, days: int) -> list[str]:
    """Return what a change does."""
    if days == before.days:
        return [f"  Nothing to do: points are kept for {_days(days)}."]
    lines = [f"  ~ points  {_days(before.days)} → {_days(days)}"]
    if before.shortens(days):
        lines.append(f"  Points older than {_days(days)} are deleted within the hour, for good.")
    return lines


def _days(number: int) -> str:
    return count(number, "day") if number else "forever"
