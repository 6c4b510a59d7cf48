"""What users read of checks: when one fails, and when it is resolved."""

from __future__ import annotations

from runtime.alerting.subject import Subject, SubjectKind
from runtime.base import disk_space
from runtime.base.meminfo import MemorySizes

SEE_STATUS = "See: shoestring status"
SEE_TIMERS = "See: shoestring timers status"
_MEGABYTE = 1024 * 1024


def disk(place: str, percent: float) -> str:
    """Return the message about a disk that is nearly full."""
    return f"The disk of {place} is {percent:.0f} % full. {disk_space.ADVICE}"


def memory(sizes: MemorySizes) -> str:
    """Return the message about little memory."""
    left = f"{sizes.available // _MEGABYTE} of {sizes.total // _MEGABYTE} MB of memory"
    return f"Only {left} are available. See what uses it: shoestring memory"


def no_watchdog_run(minutes: float | None) -> str:
    """Return the message about a watchdog that has not run for some minutes; None: not since the host was started."""
    since = "since the host was started" if minutes is None else f"for {minutes:.0f} minutes"
    return f"No watchdog run has finished {since}. {SEE_TIMERS}"


def down(subject: Subject, state: str, minutes: float) -> str:
    """Return the message about an application or a proxy that does not run; `state` is the engine's word."""
    return f"{subject} has not been running properly for {minutes:.0f} minutes; its state is {state}. {SEE_STATUS}"


def resolved(subject: Subject) -> str:
    """Return the message about a check that succeeds again."""
    match subject.kind:
        case SubjectKind.DISK:
            return f"The {subject} has enough space again."
        case SubjectKind.MEMORY:
            return "Enough memory is available again."
        case SubjectKind.WATCHDOG:
            return "The watchdog runs again."
        case SubjectKind.CERTIFICATE:
            return f"{subject} was renewed or removed."
        case SubjectKind.APPLICATION | SubjectKind.PROXY:
            return f"{subject} runs again or was removed."
