"""Tells of troubles: once when one has lasted, once when it is over. A timer runs it each 5 minutes, and it ends.

It is apart from the watchdog's pass, because it also tells that there was none. What was told is remembered over a
reboot.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from runtime.alerting import checks, notify
from runtime.alerting.checks import CERTIFICATE, Seen, Trouble
from runtime.alerting.notify import Severity
from runtime.base import files
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, RunPaths
from runtime.config import settings
from runtime.config.settings import Settings

VERSION = 1
# What comes and goes is not over: it must have been away for so long.
CALM_SECONDS = 300.0
# Looks are 5 minutes apart. After so long without one the host was off or asleep, or its clock was set: what had only
# been seen before has not lasted.
UNWATCHED_SECONDS = 900.0
# Timers are not on the second.
SLACK_SECONDS = 30.0


@dataclass(frozen=True)
class Open:
    """A trouble that is there since `since`, or away again since `well` (seconds since the epoch; 0: it is there)."""

    trouble: Trouble
    since: float
    told: bool = False
    well: float = 0.0


@dataclass(frozen=True)
class Noted:
    """What was open at the last look, which was at `time` (seconds since the epoch; 0: there was none)."""

    time: float = 0.0
    opened: Mapping[str, Open] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """What is to be told. `key` is never told twice on a day."""

    subject: str
    message: str
    severity: Severity
    key: str


def run(paths: Paths, now: float) -> tuple[str, ...]:
    """Look, and tell what is new. Returns what was told, as sentences; and who could not be told.

    `now` is in seconds since the epoch. Raises SettingsError: whom to tell stands in the settings.
    """
    loaded = settings.load(paths.settings)
    place = RunPaths(loaded.instance)
    known = {subject for subject, each in _load(paths, place, now).opened.items() if each.told}
    return tell(paths, loaded, place, checks.look(paths, place, now, known), now)


def tell(paths: Paths, loaded: Settings, place: RunPaths, seen: Seen, now: float) -> tuple[str, ...]:
    """Tell what of a look is new, and remember it. Returns as `run` does."""
    before = _load(paths, place, now)
    opened = dict(merge(before, seen, now))
    said = []
    for subject, each in list(opened.items()):
        notice = due(each, now)
        if notice is None:
            continue
        wrong = notify.tell(loaded, paths, subject, notice.message, notice.severity, now, key=notice.key, run=place)
        said += [notice.message, *([wrong] if wrong else [])]
        after = each if wrong else settled(each)
        opened.pop(subject)
        opened.update({subject: after} if after else {})
    if opened != before.opened or not all(each.told for each in opened.values()):
        _save(paths, place, opened, now)
    return tuple(said)


def merge(before: Noted, seen: Seen, now: float) -> Mapping[str, Open]:
    """What is open after a look. Pure."""
    unwatched = now - before.time > UNWATCHED_SECONDS
    known = {name: each for name, each in before.opened.items() if each.told or not unwatched}
    opened = {each.subject: _still(known.get(each.subject), each, now) for each in seen.troubles}
    for subject, each in known.items():
        if subject in opened:
            continue
        if subject.startswith(seen.blind):
            opened[subject] = each
        elif each.told:
            # What nobody has heard of is forgotten at once.
            opened[subject] = replace(each, well=min(each.well or now, now))
    return opened


def _still(before: Open | None, trouble: Trouble, now: float) -> Open:
    if before is None:
        return Open(trouble, now)
    # A clock may have gone back.
    since = min(before.since, now)
    return replace(before, trouble=before.trouble if before.told else trouble, since=since, well=0.0)


def due(opened: Open, now: float) -> Notice | None:
    """What is to be told of a trouble now. Pure."""
    trouble, key = opened.trouble, f"{opened.trouble.subject} {opened.since:.0f}"
    if opened.told:
        is_over = opened.well and now - opened.well >= CALM_SECONDS - SLACK_SECONDS
        return Notice(trouble.subject, trouble.over, Severity.OVER, f"{key} over") if is_over else None
    if now - opened.since < trouble.lasting - SLACK_SECONDS:
        return None
    # Renewals tell of certificates too, by their subject.
    own = trouble.subject if trouble.subject.startswith(CERTIFICATE) else key
    return Notice(trouble.subject, trouble.message, trouble.severity, own)


def settled(opened: Open) -> Open | None:
    """What is left of it when what was due has been told. Pure."""
    return None if opened.told else replace(opened, told=True)


def _load(paths: Paths, place: RunPaths, now: float) -> Noted:
    """What was noted at the last look. On a full disk that was in memory, and it is the newer one."""
    return max((_read(file, now) for file in (paths.alerts, place.alerts)), key=lambda noted: noted.time)


def _read(file: Path, now: float) -> Noted:
    """A file that cannot be read holds nothing."""
    try:
        loaded = json.loads(file.read_text(encoding="utf-8"))
        opened = {each.trouble.subject: each for each in _entries(loaded["open"])}
        return Noted(min(float(loaded["time"]), now), opened)
    except (OSError, ValueError, TypeError, KeyError):
        return Noted()


def _entries(loaded: list[dict[str, Any]]) -> Iterator[Open]:
    for each in loaded:
        trouble = Trouble(**{**each["trouble"], "severity": Severity(each["trouble"]["severity"])})
        yield Open(trouble, float(each["since"]), bool(each["told"]), float(each["well"]))


def _save(paths: Paths, place: RunPaths, opened: Mapping[str, Open], now: float) -> None:
    text = json.dumps({"version": VERSION, "time": now, "open": [asdict(each) for each in opened.values()]}, indent=1)
    try:
        if not paths.memory.is_dir():
            files.make_directory(paths.memory, mode=0o700)
        files.write(paths.alerts, text, mode=0o600)
    except (ShoestringError, OSError):
        with contextlib.suppress(ShoestringError, OSError):
            files.write(place.alerts, text, mode=0o600)
