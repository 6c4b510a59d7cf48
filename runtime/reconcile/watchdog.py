"""One run of the watchdog: make what runs equal to what the files say, touch nothing else, and end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from runtime.base import disk_space, files
from runtime.base.errors import LockedError
from runtime.certificates.plan import RenewalRequest
from runtime.context.change import SILENT, Listener
from runtime.context.cluster import Cluster
from runtime.context.results import Advisory, Blocked, Code, Deferred, Report
from runtime.reconcile import backoff, fast_path_record, renewal
from runtime.reconcile.backoff import DeferredChange
from runtime.reconcile.operations import carry_out
from runtime.reconcile.snapshot import Snapshot

STOPPED = Advisory(Code.STOPPED, "cluster", "The cluster is stopped.", "Start it with: shoestring start")


def watch(
    cluster: Cluster, listener: Listener = SILENT, observed: Callable[[Snapshot], None] = lambda _: None
) -> Report:
    """Do what has to be done now; what failed a moment ago is deferred and reported.

    Without a change it asks the engine once and writes nothing. Host names without a certificate get one at the end,
    while other commands may run. `observed` is called with what the run found, and with what it left behind.
    Raises LockedError if another command is running.
    """
    with files.lock(cluster.run.lock):
        if cluster.run.stopped.exists():
            return Report((), warnings=(STOPPED,))
        snapshot = Snapshot(cluster)
        report = _with_space(
            cluster, replace(_repair(snapshot, listener, observed), warnings=snapshot.waiting_certificates)
        )
    return _with_certificates(cluster, report, listener) if snapshot.due.remote else report


def skipped(error: LockedError) -> Report:
    """Return the report of a run that did nothing: the other command does what has to be done."""
    return Report((), warnings=(Advisory(Code.LOCKED, "cluster", str(error)),))


def _repair(snapshot: Snapshot, listener: Listener, observed: Callable[[Snapshot], None]) -> Report:
    """Make what runs equal to the files. The lock must be held."""
    cluster, desired = snapshot.cluster, snapshot.desired
    memory = backoff.load(cluster.run.attempts)
    todo, held = backoff.split(snapshot.plan, memory, time.time())
    deferred = tuple(_deferred(each) for each in held)
    if not todo:
        backoff.save(cluster.run.attempts, backoff.current(memory, time.time()))
        fast_path_record.save(snapshot)
        observed(snapshot)
        return Report((), desired.problems, blocked=snapshot.blocked, deferred=deferred)
    observed(snapshot)
    report = carry_out(snapshot, listener, todo, observed)
    failures = {failure.subject: failure.message for failure in report.failures}
    backoff.save(cluster.run.attempts, backoff.record(memory, report.outcomes, failures, time.time()))
    return replace(report, deferred=deferred)


def _with_space(cluster: Cluster, report: Report) -> Report:
    """Report a full disk before something fails because of it that nobody sees, such as a database.

    Afterwards the engine may list what was before: the next run must ask the containers themselves.
    """
    full = disk_space.problem(str(cluster.paths.root))
    if not full:
        return report
    fast_path_record.invalidate(cluster)
    return replace(report, blocked=(*report.blocked, Blocked(Code.DISK_FULL, "disk", full)))


def _with_certificates(cluster: Cluster, report: Report, listener: Listener) -> Report:
    """Ask for the certificates that are missing. One that waits, such as for DNS, is a warning of this run."""
    try:
        issued = renewal.renew(cluster, listener, cluster.clock(), RenewalRequest(missing_only=True))
    except LockedError:
        # The renewal timer does it at this moment.
        return report
    warnings = tuple(Advisory(each.code, each.subject, each.message) for each in issued.blocked)
    outcomes = (*report.outcomes, *issued.outcomes)
    return replace(report, outcomes=outcomes, warnings=warnings, expiring=issued.expiring)


def _deferred(held: DeferredChange) -> Deferred:
    """Return why a change is tried again later, and when."""
    minutes = max(1, round(held.seconds / 60))
    tried = "once" if held.attempts.number == 1 else f"{held.attempts.number} times"
    name = held.change.name
    why = held.attempts.error.splitlines()[0] if held.attempts.error else held.change.about
    when = f"tried {tried}; again in {minutes} min, or at once when its file changes"
    return Deferred(Code.RETRY_LATER, name, f"{name}: {why} ({when})")
