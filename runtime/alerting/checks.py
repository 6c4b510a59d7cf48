"""The checks of this host and its applications: what needs the user at this moment. See also incidents.py."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from runtime.alerting import messages
from runtime.alerting.notify import Severity
from runtime.alerting.subject import Subject, SubjectKind
from runtime.base import disk_space, meminfo
from runtime.base.errors import ShoestringError
from runtime.base.meminfo import MemorySizes
from runtime.base.paths import Paths, RunPaths, Side
from runtime.certificates.overview import CertificateStatus, expiry_sentence
from runtime.context.cluster import open_cluster
from runtime.reconcile import operations
from runtime.reconcile.status import FINE, Status

DISK_PERCENT, MEMORY_PERCENT = 85.0, 10.0
# An open incident is resolved only so far on the other side of its limit: else it would open and close repeatedly.
DISK_HYSTERESIS, MEMORY_HYSTERESIS = 2.0, 5.0
LASTING_SECONDS = 300.0
NO_RUN_SECONDS = 600.0
# What only the engine knows.
OF_ENGINE = frozenset((SubjectKind.APPLICATION, SubjectKind.PROXY, SubjectKind.CERTIFICATE))


@dataclass(frozen=True)
class FailedCheck:
    """A check that fails now. It becomes an incident when it has failed for `pending_seconds`."""

    subject: Subject
    message: str
    severity: Severity = Severity.ERROR
    pending_seconds: float = 0.0


@dataclass(frozen=True)
class Checked:
    """The checks that failed. `unknown` are the kinds that could not be checked."""

    failed: tuple[FailedCheck, ...]
    unknown: frozenset[SubjectKind] = frozenset()


def run_checks(paths: Paths, run: RunPaths, now: float, notified: Collection[Subject]) -> Checked:
    """Run all checks; `notified` are the subjects with an open incident, `now` is in seconds since the epoch.

    Changes nothing. Without an engine, and while the cluster is stopped, applications cannot be checked.
    """
    memory_is_open = Subject(SubjectKind.MEMORY) in notified
    found = [
        *_check_disks(paths, notified),
        *check_memory(meminfo.read(), is_open=memory_is_open),
        *check_watchdog(run, now),
    ]
    unknown = OF_ENGINE
    if not run.stopped.exists():
        try:
            found += check_status(_status(paths), now)
            unknown = frozenset()
        except (ShoestringError, OSError):
            # The watchdog reports that, and why.
            pass
    return Checked(tuple(found), unknown)


def _status(paths: Paths) -> Status:
    cluster = open_cluster(paths)
    try:
        return operations.status(cluster)
    finally:
        cluster.client.close()


def _check_disks(paths: Paths, notified: Collection[Subject]) -> Iterator[FailedCheck]:
    for place, percent in disk_space.used(str(paths.root)).items():
        yield from check_disk(place, percent, is_open=Subject(SubjectKind.DISK, place) in notified)


def check_disk(place: str, percent: float, *, is_open: bool) -> tuple[FailedCheck, ...]:
    """Return the failed check of a disk that is fuller than its limit."""
    if percent < DISK_PERCENT - (DISK_HYSTERESIS if is_open else 0):
        return ()
    return (FailedCheck(Subject(SubjectKind.DISK, place), messages.disk(place, percent), Severity.WARNING),)


def check_memory(sizes: MemorySizes, *, is_open: bool) -> tuple[FailedCheck, ...]:
    """Return the failed check of a host with little memory that a program could still have."""
    limit = MEMORY_PERCENT + (MEMORY_HYSTERESIS if is_open else 0)
    if 100 * sizes.available >= limit * sizes.total:
        return ()
    return (FailedCheck(Subject(SubjectKind.MEMORY), messages.memory(sizes), Severity.WARNING, LASTING_SECONDS),)


def check_watchdog(run: RunPaths, now: float) -> tuple[FailedCheck, ...]:
    """Return the failed check of a watchdog that has not run for too long, whether successfully or not.

    It must fail in two checks: on a host that was asleep, or whose clock was set, the watchdog runs between them.
    """
    subject = Subject(SubjectKind.WATCHDOG)
    try:
        age = now - run.last_run.stat().st_mtime
    except OSError:
        return (FailedCheck(subject, messages.no_watchdog_run(None), pending_seconds=NO_RUN_SECONDS),)
    if age < NO_RUN_SECONDS - LASTING_SECONDS:
        return ()
    return (FailedCheck(subject, messages.no_watchdog_run(age / 60), pending_seconds=LASTING_SECONDS),)


def check_status(status: Status, now: float) -> tuple[FailedCheck, ...]:
    """Return the failed checks of applications and proxies that do not run, and of certificates about to expire.

    An invalid file is reported by the watchdog; the containers it has already keep running.
    """
    fine = {*FINE, "broken"}
    served = [
        *((Subject(SubjectKind.PROXY, each.side), each.state) for each in status.proxies),
        *((Subject(SubjectKind.APPLICATION, each.name), each.state) for each in status.applications),
    ]
    # The internal proxy alone may have no address to listen on.
    unserved = Subject(SubjectKind.PROXY, Side.INTERNAL)
    return (
        *(
            FailedCheck(subject, messages.down(subject, state, LASTING_SECONDS / 60), pending_seconds=LASTING_SECONDS)
            for subject, state in served
            if state not in fine
        ),
        *(FailedCheck(unserved, str(each), pending_seconds=LASTING_SECONDS) for each in status.unserved),
        *(_expiring(each, now) for each in status.certificates.expiring),
    )


def _expiring(certificate: CertificateStatus, now: float) -> FailedCheck:
    severity = Severity.ERROR if certificate.not_after <= now else Severity.WARNING
    return FailedCheck(
        Subject(SubjectKind.CERTIFICATE, certificate.name), expiry_sentence(certificate, now), severity
    )
