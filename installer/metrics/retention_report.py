"""The answers of `shoestring metrics retention`, as text or JSON; docs/json.md has the keys."""

from __future__ import annotations

from installer.metrics.influxdb import Retention
from runtime.base.formats import count
from runtime.output.encoder import as_json
from runtime.output.table import table


def retention_lines(kept: Retention) -> list[str]:
    """Return how long points are kept."""
    return table([("points", _days(kept.days)), ("hourly means", _days(kept.hourly_days))])


def change_lines(before: Retention, wanted: int) -> list[str]:
    """Return what a change does."""
    if wanted == before.days:
        return [f"  Nothing to do: points are kept for {_days(wanted)}."]
    lines = [f"  ~ points  {_days(before.days)} → {_days(wanted)}"]
    if before.shortens(wanted):
        lines.append(f"  Points older than {_days(wanted)} are deleted within the hour, for good.")
    return lines


def retention_json(kept: Retention) -> str:
    """Return the answer of `metrics retention`."""
    return as_json(days=kept.days, hourly_days=kept.hourly_days)


def change_json(before: Retention, wanted: int, after: Retention) -> str:
    """Return the answer of a change: what was asked for, and the retention `after` it (unchanged by a dry run)."""
    return as_json(days=after.days, hourly_days=after.hourly_days, before=before.days, wanted=wanted)


def _days(number: int) -> str:
    return count(number, "day") if number else "forever"
