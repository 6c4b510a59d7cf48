"""Amounts and times as text: the one formatter of each. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3_600, 86_400
_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB")


def size(count: float) -> str:
    """Return bytes in their largest unit (1 kB is 1024 B): `512 B`, `2.5 MB`, `957 MB`."""
    power = 0
    while count >= 1024 and power < len(_BYTE_UNITS) - 1:
        count, power = count / 1024, power + 1
    # Rounded down: what is free is never shown as more than it is.
    tenths = int(count * 10)
    number = f"{tenths / 10:.1f}" if power and tenths < 100 else str(int(count))
    return f"{number} {_BYTE_UNITS[power]}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 change`, `2 changes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration(seconds: float) -> str:
    """Return a length of time in its largest whole unit, days from two on: `12 s`, `5 minutes`, `47 hours`."""
    whole = max(0, int(seconds))
    if whole >= 2 * DAY:
        return count(whole // DAY, "day")
    if whole >= HOUR:
        return count(whole // HOUR, "hour")
    return count(whole // MINUTE, "minute") if whole >= MINUTE else f"{whole} s"


def until(seconds: float) -> str:
    """Return when something happens that is `seconds` away: `in 5 days`, `now`."""
    return f"in {duration(seconds)}" if seconds >= 1 else "now"


def age(moment: str, now: datetime) -> str:
    """Return how long ago a moment (RFC 3339) was: `9 days`; `-` if there is none."""
    if not moment:
        return "-"
    # The engine gives nanoseconds; Python reads microseconds.
    whole = datetime.fromisoformat(moment[:19]).replace(tzinfo=UTC)
    return duration((now - whole).total_seconds())


def rfc3339(seconds: float) -> str:
    """Return a moment, in seconds since 1970, as RFC 3339 has it, in UTC: `2026-01-10T12:00:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local_time(moment: float, now: float) -> str:
    """Return a time of the host's clock; with its date if that is not today's. Both in seconds since 1970."""
    # The host's own zone, as `date` and the journal have it.
    when, today = (datetime.fromtimestamp(each).astimezone() for each in (moment, now))
    return when.strftime("%H:%M:%S" if when.date() == today.date() else "%Y-%m-%d %H:%M:%S")
