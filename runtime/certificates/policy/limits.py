"""When a certificate authority may be asked again, by the ledger. Pure.

The numbers are the rate limits of Let's Encrypt (https://letsencrypt.org/docs/rate-limits/). They apply to each
server, also to staging.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

from runtime.certificates.policy.ledger import DAY, Attempt, AttemptResult, Ledger

MINUTE, HOUR, WEEK = 60.0, 3_600.0, 7 * DAY
# After the first, second, … failure in a row for a set of names; the last one repeats.
FAILURE_DELAYS = (1 * MINUTE, 10 * MINUTE, 100 * MINUTE, DAY)
# The same if our own checks failed and no authority was asked: another check costs nothing.
PRECHECK_DELAYS = (1 * MINUTE, 10 * MINUTE)
FAILED_AUTHORIZATIONS_AN_HOUR = 5
CERTIFICATES_A_WEEK = 5
# An authority that did not answer, or that a killed process asked, may have counted the request.
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
    """Return whether a server may be asked for these names now. `now` is in seconds since the epoch.

    After failures in a row for this set of names, requests are delayed by 1, 10 and 100 minutes, then a day each;
    after failed checks of our own, by 1 and then 10 minutes. `forced` skips these delays, but neither the wait that
    the authority asks for, nor the limits: 5 failed authorizations an hour per name, in any certificate, and 5
    certificates a week per set. `certificate` is only for the message: an authority counts names.

    The clock may have been set back: an attempt up to a day ahead counts as made now (or when the next one was), so
    a delay is extended by a day at most; attempts further ahead are ignored.
    """
    names = tuple(host_names)
    attempts = _at(ledger.attempts, server, now)
    ours = tuple(each for each in attempts if set(names) == set(each.host_names))
    holds = [*_issued_enough(ours, certificate), *_asked_to_wait(ours), *_failed_enough(attempts, names)]
    if not forced:
        holds += _delays(ours)
    return max((each for each in holds if each.until > now), key=lambda each: each.until, default=Allowed())


def _at(attempts: Iterable[Attempt], server: str, now: float) -> list[Attempt]:
    """Return the attempts at a server in the order in which they were made, none in the future."""
    placed = []
    latest = now
    for each in reversed(tuple(attempts)):
        if each.server == server and each.when - now <= DAY:
            # It was made before the next ones, whatever its time stamp.
            placed.append(each if each.when <= now else replace(each, when=latest))
            latest = min(latest, each.when)
    return placed[::-1]


def _delays(ours: tuple[Attempt, ...]) -> Iterator[Deferral]:
    """Yield the delays after failures in a row."""
    row = _row(ours)
    failed = [each for each in row if each.result in FAILED]
    if failed:
        yield _delay(failed, FAILURE_DELAYS)
    unrequested = list(takewhile(lambda each: each.result is AttemptResult.NOT_REQUESTED, row))
    if unrequested:
        yield _delay(unrequested, PRECHECK_DELAYS)


def _row(ours: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """Return the attempts since the last issued certificate, newest first."""
    return tuple(takewhile(lambda each: each.result is not AttemptResult.ISSUED, reversed(ours)))


def _delay(row: list[Attempt], delays: tuple[float, ...]) -> Deferral:
    times = "the last attempt failed" if len(row) == 1 else f"the last {len(row)} attempts failed"
    until = max(each.when for each in row) + delays[min(len(row), len(delays)) - 1]
    return Deferral(until, f"{times}: {row[0].error or 'it did not finish'}")


def _asked_to_wait(ours: tuple[Attempt, ...]) -> Iterator[Deferral]:
    """Yield the waits that the authority asks for; at most a week, its longest limit."""
    for each in _row(ours):
        if each.not_before:
            wait = min(each.not_before, each.when + WEEK)
            yield Deferral(wait, f"the authority asks to wait: {each.error or 'no reason given'}")


def _failed_enough(attempts: list[Attempt], names: tuple[str, ...]) -> Iterator[Deferral]:
    """Yield a deferral for each name whose limit of failures a failed attempt would exceed."""
    for name, number in Counter(map(_proven_as, names)).items():
        failed = (each for each in attempts if each.result in FAILED)
        failures = sorted(each.when for each in failed for _ in range(_failures(each, name)))
        spare = FAILED_AUTHORIZATIONS_AN_HOUR - number
        if len(failures) > spare:
            yield Deferral(failures[-spare - 1] + HOUR, f"{name} failed too often within an hour")


def _failures(attempt: Attempt, name: str) -> int:
    return sum(_proven_as(each) == name for each in attempt.failed_names or attempt.host_names)


def _proven_as(host_name: str) -> str:
    """Return the domain that is validated: for a wildcard its parent (RFC 8555, section 7.1.3)."""
    return host_name.removeprefix("*.")


def _issued_enough(ours: tuple[Attempt, ...], certificate: str) -> Iterator[Deferral]:
    issued = sorted(each.when for each in ours if each.result in PERHAPS_ISSUED)
    if len(issued) >= CERTIFICATES_A_WEEK:
        until = issued[-CERTIFICATES_A_WEEK] + WEEK
        yield Deferral(until, f"{certificate} was requested {CERTIFICATES_A_WEEK} times within a week")
