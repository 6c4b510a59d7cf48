"""The ledger: the requests to certificate authorities, kept over restarts, so that rate limits hold.

An attempt is recorded as failed before it is made: a process that is killed leaves an attempt that counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from runtime.base import files
from runtime.certificates.model import RenewalWindow

VERSION = 1
DAY = 86_400.0
# The longest limit covers a week, the longest delay a day.
RETENTION_SECONDS = 8 * DAY
# The installed one, and the one that a killed process was about to install.
KEPT_FINGERPRINTS = 2
LOCK_TIMEOUT_SECONDS = 30.0


class AttemptResult(StrEnum):
    """The result of an attempt."""

    # Requested, with no known end: killed, or still running. Counts as failed.
    OPEN = "open"
    ISSUED = "issued"
    # The authority could not validate a name.
    REFUSED = "refused"
    # The authority did not answer, was too slow, or its rate limit is reached.
    UNAVAILABLE = "unavailable"
    # Not requested: our own checks found that the authority would refuse. The value is that of earlier versions.
    NOT_REQUESTED = "held"


@dataclass(frozen=True)
class Attempt:
    """One attempt. `when` is in seconds since the epoch; `server` is the ACME directory.

    `failed_names` could not be validated; all names if that is not known. `not_before` is when the authority allows
    the next request, in seconds since the epoch; 0 if it set no time.
    """

    certificate: str
    server: str
    host_names: tuple[str, ...]
    when: float
    result: AttemptResult
    error: str = ""
    failed_names: tuple[str, ...] = ()
    not_before: float = 0.0


@dataclass(frozen=True)
class Ledger:
    """The content of the ledger.

    `proven` has the sets of names that staging issued a certificate for (keys of `set_key`, with the moment).
    `windows` are the answers of ARI, by the certificate's name. `installed` are the fingerprints that Shoestring last
    installed, by `SIDE/NAME`, newest last: any other certificate is user-provided. `sources` are the ACME directories
    of the installed ones.
    """

    attempts: tuple[Attempt, ...] = ()
    proven: Mapping[str, float] = field(default_factory=dict)
    windows: Mapping[str, RenewalWindow] = field(default_factory=dict)
    installed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


def set_key(host_names: Iterable[str]) -> str:
    """Return a key for a set of host names, in any order."""
    return hashlib.sha256("\n".join(sorted(host_names)).encode()).hexdigest()[:16]


def load(file: Path) -> Ledger:
    """Read the ledger; one that is missing or cannot be read is empty. Then one request too many may be made."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
        return Ledger(
            attempts=tuple(_attempt(each) for each in value["attempts"]),
            proven={str(key): float(when) for key, when in value["proven"].items()},
            windows={str(name): RenewalWindow(**each) for name, each in value["windows"].items()},
            installed={str(name): tuple(map(str, each)) for name, each in value["installed"].items()},
            sources={str(name): str(each) for name, each in value["sources"].items()},
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Ledger()


def _attempt(value: Mapping[str, object]) -> Attempt:
    attempt = Attempt(**value)  # type: ignore[arg-type]
    return replace(
        attempt,
        host_names=tuple(attempt.host_names),
        failed_names=tuple(attempt.failed_names),
        result=AttemptResult(attempt.result),
    )


def save(file: Path, ledger: Ledger, now: float) -> None:
    """Write the ledger without attempts that no longer count. Raises ShoestringError if it cannot be written."""
    kept = replace(ledger, attempts=_recent(ledger.attempts, now))
    files.make_directory(file.parent, mode=0o700)
    files.write(file, json.dumps({"version": VERSION, **asdict(kept)}, indent=1), mode=0o600)


def _recent(attempts: tuple[Attempt, ...], now: float) -> tuple[Attempt, ...]:
    """Return the attempts of the last 8 days: no limit and no delay counts an older one."""
    return tuple(each for each in attempts if now - each.when < RETENTION_SECONDS)


def begin(ledger: Ledger, attempt: Attempt) -> Ledger:
    """Return the ledger with an attempt that is about to be made."""
    return replace(ledger, attempts=(*ledger.attempts, attempt))


def end(ledger: Ledger, attempt: Attempt) -> Ledger:
    """Return the ledger with the attempt that `begin` added replaced by its result."""
    noted = next(
        index
        for index, each in reversed(tuple(enumerate(ledger.attempts)))
        if (each.certificate, each.server, each.when) == (attempt.certificate, attempt.server, attempt.when)
    )
    attempts = (*ledger.attempts[:noted], attempt, *ledger.attempts[noted + 1 :])
    return replace(ledger, attempts=attempts)


def installs(ledger: Ledger, place: str, fingerprint: str, source: str) -> Ledger:
    """Return the ledger with a certificate that is about to be installed at `SIDE/NAME`.

    `source` is its ACME directory; empty for the private CA.
    """
    before = tuple(each for each in ledger.installed.get(place, ()) if each != fingerprint)
    kept = (*before, fingerprint)[-KEPT_FINGERPRINTS:]
    return replace(ledger, installed={**ledger.installed, place: kept}, sources={**ledger.sources, place: source})


def update(file: Path, change: Callable[[Ledger], Ledger], now: float) -> Ledger:
    """Change the ledger file under its lock. Returns the new ledger."""
    files.make_directory(file.parent, mode=0o700)
    with files.lock(file.with_suffix(".lock"), LOCK_TIMEOUT_SECONDS):
        changed = change(load(file))
        save(file, changed, now)
    return changed
