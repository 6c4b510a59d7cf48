"""An incident, and the file that keeps all open ones over a reboot."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.alerting import subject
from runtime.alerting.checks import FailedCheck
from runtime.alerting.notify import Severity
from runtime.alerting.subject import Subject, SubjectKind
from runtime.base import files
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, RunPaths

VERSION = 2
# The version before had its file next to ours; its incidents stay open.
OLD_FILE = "alerts.json"


@dataclass(frozen=True)
class Incident:
    """A check that has failed since `opened_at`, or has succeeded again since `recovered_at`.

    Both are in seconds since the epoch; `recovered_at` is 0 while it fails. `notified`: the user was notified; before
    that it is pending.
    """

    check: FailedCheck
    opened_at: float
    notified: bool = False
    recovered_at: float = 0.0


@dataclass(frozen=True)
class Incidents:
    """The incidents that were open or pending when checks last ran, which was at `time` (0: never)."""

    time: float = 0.0
    by_subject: Mapping[Subject, Incident] = field(default_factory=dict)


def load(paths: Paths, run: RunPaths, now: float) -> Incidents:
    """Return the incidents of the last run. On a full disk they were saved below /run, and those are newer."""
    return max((_read(file, now) for file in _places(paths, run)), key=lambda found: found.time)


def save(paths: Paths, run: RunPaths, found: Incidents) -> None:
    """Save the incidents: in the data directory, or below /run while its disk is full."""
    content = {
        "version": VERSION,
        "time": found.time,
        "incidents": [_encode(each) for each in found.by_subject.values()],
    }
    text = json.dumps(content, indent=1)
    try:
        if not paths.memory.is_dir():
            files.make_directory(paths.memory, mode=0o700)
        files.write(paths.incidents, text, mode=0o600)
        files.remove(paths.incidents.with_name(OLD_FILE))
    except (ShoestringError, OSError):
        with contextlib.suppress(ShoestringError, OSError):
            files.write(run.incidents, text, mode=0o600)


def _places(paths: Paths, run: RunPaths) -> Iterator[Path]:
    for file in (paths.incidents, run.incidents):
        yield from (file, file.with_name(OLD_FILE))


def _read(file: Path, now: float) -> Incidents:
    """Return the incidents of a file; none if it cannot be read."""
    try:
        loaded = json.loads(file.read_text(encoding="utf-8"))
        decode = _decode if loaded["version"] == VERSION else _decode_old
        found = [decode(each) for each in loaded["incidents" if loaded["version"] == VERSION else "open"]]
        return Incidents(min(float(loaded["time"]), now), {each.check.subject: each for each in found})
    except (OSError, ValueError, TypeError, KeyError):
        return Incidents()


def _encode(incident: Incident) -> dict[str, object]:
    return {
        "kind": incident.check.subject.kind.name.lower(),
        "name": incident.check.subject.name,
        "message": incident.check.message,
        "severity": incident.check.severity,
        "pending_seconds": incident.check.pending_seconds,
        "opened_at": incident.opened_at,
        "notified": incident.notified,
        "recovered_at": incident.recovered_at,
    }


def _decode(entry: Mapping[str, Any]) -> Incident:
    check = FailedCheck(
        Subject(SubjectKind[entry["kind"].upper()], str(entry["name"])),
        str(entry["message"]),
        Severity(entry["severity"]),
        float(entry["pending_seconds"]),
    )
    return Incident(check, float(entry["opened_at"]), bool(entry["notified"]), float(entry["recovered_at"]))


def _decode_old(entry: Mapping[str, Any]) -> Incident:
    """Return an entry of the version before."""
    check = entry["trouble"]
    same = {"opened_at": entry["since"], "notified": entry["told"], "recovered_at": entry["well"]}
    about = subject.parse(check["subject"])
    return _decode(
        {**check, **same, "kind": about.kind.name, "name": about.name, "pending_seconds": check["lasting"]}
    )
