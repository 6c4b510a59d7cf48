"""What `shoestring metrics retention` answers, as text or JSON; docs/json.md has the keys."""

from __future__ import annotations

import json

from installer.services.influxdb import Retention
from installer.summary import table
from runtime.report import JSON_VERSION


def retention_lines(kept: Retention) -> list[str]:
    """How long points are kept."""
    return table([("points", _days(kept.days)), ("means of each hour", _days(kept.hourly_days))])


def change_lines(before: Retention, wanted: int) -> list[str]:
    """What a change means."""
    if wanted == before.days:
        return [f"  Nothing to do: points are kept for {_days(wanted)}."]
    lines = [f"  ~ points  {_days(before.days)} → {_days(wanted)}"]
    if before.days == 0 or wanted < before.days:
        lines.append(f"  Those that are older than {_days(wanted)} go within the hour, and do not come back.")
    return lines


def retention_json(kept: Retention) -> str:
    """The same for a script."""
    return json.dumps({"version": JSON_VERSION, "days": kept.days, "hourly_days": kept.hourly_days}, indent=2)


def _days(count: int) -> str:
    return "for ever" if count == 0 else "1 day" if count == 1 else f"{count} days"
