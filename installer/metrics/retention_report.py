"""What `shoestring metrics retention` answers, as text or JSON; docs/json.md has the keys."""

from __future__ import annotations

from installer.metrics.influxdb import Retention
from runtime.base.formats import count
from runtime.output.encoder import as_json
from runtime.output.table import table


def retention_lines(kept: Retention) -> list[str]:
    """How long points are kept."""
    return table([("points", _days(kept.days)), ("means of each hour", _days(kept.hourly_days))])


def change_lines(before: Retention, wanted: int) -> list[str]:
    """What a change means."""
    if wanted == before.days:
        return [f"  Nothing to do: points are kept for {_days(wanted)}."]
    lines = [f"  ~ points  {_days(before.days)} → {_days(wanted)}"]
    if before.loses(wanted):
        lines.append(f"  Those that are older than {_days(wanted)} go within the hour, and do not come back.")
    return lines


def retention_json(kept: Retention) -> str:
    """The same for a script."""
    return as_json(days=kept.days, hourly_days=kept.hourly_days)


def change_json(before: Retention, wanted: int, after: Retention) -> str:
    """What was asked for, and what is in force `after` it; after a dry run that is as it was."""
    return as_json(days=after.days, hourly_days=after.hourly_days, before=before.days, wanted=wanted)


def _days(number: int) -> str:
    return count(number, "day") if number else "for ever"
