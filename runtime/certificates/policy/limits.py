"""When a certificate authority may be asked again. Pure: all that it knows is the ledger.

The numbers are those of Let's Encrypt (https://letsencrypt.org/docs/rate-limits/): whoever keeps them is not banned
there. They are kept at each server, staging too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

from runtime.certificates.policy.ledger import DAY, Attempt, AttemptResult, Ledger

MINUTE, HOUR, WEEK = 60.0, 3_600.0, 7 * DAY
# After so many failures in a row of a set of names; the last one repeats.
FAILURE_DELAYS = (1 * MINUTE, 10 * MINUTE, 100 * MINUTE, DAY)
# The same where our own checks failed and nobody was asked: looking again costs no one anything.
HELD_DELAYS = (1 * MINUTE, 10 * MINUTE)
FAILED_AUTHORIZATIONS_AN_HOUR = 5
CERTIFICATES_A_WEEK = 5
# An authority that cannot be reached may have counted all the same, and so may one that a killed process asked.
FAILED = (AttemptResult.REFUSED, AttemptResult.UNAVAILABLE, AttemptResult.OPEN)
PERHAPS_ISSUED = (AttemptResult.ISSUED, AttemptResult.OPEN)


@dataclass(frozen=True)
class Allowed:
    """The authority may be asked now."""


@dataclass(frozen=True)
class Deferral:
    """The authority must not be asked before `until`, in seconds since the epoch. `why` is a part of a sentence."""

    until: float
    why: str


def next_try(
    ledger: Ledger, host_names: Iterable[str], certificate: str, server: str, now: float, forced: bool = False
) -> Allowed | Deferral:
    """Whether a server may be asked for a certificate for these names now; `now` in seconds since the epoch.

    After failures in a row of this set of names it waits 1, 10 and 100 minutes, then a day each; after checks of our
    own that failed, 1 and then 10 minutes. `forced` skips these delays. It never skips what the authority said, nor
    the limits: 5 failed authorizations an hour for each name, in whatever certificate, and 5 certificates a week for
    a set. `certificate` is told to people only: the names are what an authority counts.

    The clock may have gone back: an attempt up to a day ahead counts as made now (or when the one after it was), so
    that it holds a day longer than its delay at most; one that is further ahead says nothing.
    """
    names = tuple(host_names)
    attempts = _at(ledger.attempts, server, now)
    wanted = set(names)
    ours = tuple(each for each in attempts if wanted == set(each.host_names))
    holds = [*_issued_enough(ours, certificate), *_asked_to_wait(ours), *_failed_enough(attempts, names)]
    if not forced:
        holds += _delays(ours)
    return max((each for each in holds if each.until > now), key=lambda each: each.until, default=Allowed())


def _at(attempts: Iterable[Attempt], server: str, now: float) -> list[Attempt]:
    """The attempts at a server in the order in which they were made, none in the future."""
    placed = []
    latest = now
    for each in reversed(tuple(attempts)):
        if each.server == server and each.when - now <= DAY:
            # It was made before those that follow it, whatever the clock said.
            placed.append(each if each.when <= now else replace(each, when=latest))
            latest = min(latest, each.when)
    return placed[::-1]


def _delays(ours: tuple[Attempt, ...]) -> Iterator[Deferral]:
    """What to wait after failures in a row."""
    row = _row(ours)
    failed = [each for each in row if each.result in FAILED]
    if failed:
        yield _delay(failed, FAILURE_DELAYS)
    held = list(takewhile(lambda each: each.result is AttemptResult.HELD, row))
    if held:
        yield _delay(held, HELD_DELAYS)


def _row(ours: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """The attempts since the last certificate, newest first."""
    return tuple(takewhile(lambda each: each.result is not AttemptResult.ISSUED, reversed(ours)))


def _delay(row: list[Attempt], delays: tuple[float, ...]) -> Deferral:
    times = "the last attempt failed" if len(row) == 1 else f"the last {len(row)} attempts failed"
    until = max(each.when for each in row) + delays[min(len(row), len(delays)) - 1]
    return Deferral(until, f"{times}: {row[0].error or 'it did not end'}")


def _asked_to_wait(ours: tuple[Attempt, ...]) -> Iterator[Deferral]:
    """What the authority said; at most a week, the longest limit there is."""
    for each in _row(ours):
        if each.not_before:
            wait = min(each.not_before, each.when + WEEK)
            yield Deferral(wait, f"the authority asks to wait: {each.error or 'it gave no reason'}")


def _failed_enough(attempts: list[Attempt], names: tuple[str, ...]) -> Iterator[Deferral]:
    """Where this attempt, should it fail, would be one too many for a name."""
    for name, number in Counter(map(_proven_as, names)).items():
        failed = (each for each in attempts if each.result in FAILED)
        failures = sorted(each.when for each in failed for _ in range(_failures(each, name)))
        spare = FAILED_AUTHORIZATIONS_AN_HOUR - number
        if len(failures) > spare:
            yield Deferral(failures[-spare - 1] + HOUR, f"{name} failed too often within an hour")


def _failures(attempt: Attempt, name: str) -> int:
    return sum(_proven_as(each) == name for each in attempt.failed_names or attempt.host_names)


def _proven_as(host_name: str) -> str:
    """RFC 8555 section 7.1.3: a wildcard is proven, and counted, as the domain that it is in."""
    return host_name.removeprefix("*.")


def _issued_enough(ours: tuple[Attempt, ...], certificate: str) -> Iterator[Deferral]:
    issued = sorted(each.when for each in ours if each.result in PERHAPS_ISSUED)
    if len(issued) >= CERTIFICATES_A_WEEK:
        until = issued[-CERTIFICATES_A_WEEK] + WEEK
        yield Deferral(until, f"{certificate} was asked for {CERTIFICATES_A_WEEK} times within a week")
