"""Renewal of certificates, for the watchdog, the renewal timer and the commands of the user."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from runtime.base import files
from runtime.base.errors import ShoestringError
from runtime.certificates import plan
from runtime.certificates.acme import ari
from runtime.certificates.changes import IssueCertificate
from runtime.certificates.model import Issuer, RenewalWindow
from runtime.certificates.overview import CertificateOverview, assess, expiry_sentence
from runtime.certificates.plan import EVERYTHING, CertificatePlan, RenewalRequest
from runtime.certificates.policy import ledger
from runtime.context.change import ApplyContext, Listener, Outcome, Plan
from runtime.context.cluster import Cluster
from runtime.context.results import Blocked, Code, Expiry, Report
from runtime.reconcile.apply import apply
from runtime.reconcile.snapshot import Snapshot

# How long an installation waits for another command.
GUARD_TIMEOUT_SECONDS = 300.0
# A run of the watchdog requests no more certificates after this time; the next run does.
RUN_BUDGET_SECONDS = 45.0


def overview(cluster: Cluster, now: float) -> CertificateOverview:
    """Return the status of all certificates. Changes nothing. `now` is in seconds since the epoch."""
    return assess(Snapshot(cluster).certificates, now)


def renew_plan(cluster: Cluster, now: float, request: RenewalRequest = EVERYTHING) -> Plan:
    """Return the changes that renew would make."""
    planned = plan.plan(Snapshot(cluster).certificates, now, request)
    return (*planned.local, *planned.remote)


def renew(
    cluster: Cluster,
    listener: Listener,
    now: float,
    request: RenewalRequest = EVERYTHING,
    timeout: float = 0.0,
) -> Report:
    """Issue, install and prove each certificate that is requested and due; a failure affects that one alone.

    The report names the certificates that are about to expire: the caller notifies the user of them.
    `timeout` is how long to wait for another renewal, in seconds. Raises LockedError if that one takes longer.
    """
    clock = _clock(now)
    with files.lock(cluster.run.certificates_lock, timeout, listener.waiting):
        if not request.missing_only:
            _ask_for_windows(cluster, clock)
        before = Snapshot(cluster).certificates
        planned = plan.plan(before, clock(), request)
        outcomes = _carry_out(cluster, planned, request, clock, listener)
        after = Snapshot(cluster).certificates
    later = plan.plan(after, clock(), replace(request, names=(), force=False, staging=False))
    requested = {each.name for each in plan.chosen(before, request.names)}
    failed = [each.change for each in outcomes if not each.ok]
    unissued = {each.desired.name for each in failed if isinstance(each, IssueCertificate)}
    deferred = {each.certificate.name: each for each in (*planned.deferred, *later.deferred)}
    waiting = tuple(
        Blocked(Code.CERTIFICATE_DEFERRED, name, str(each))
        for name, each in deferred.items()
        if name in requested - unissued
    )
    now = clock()
    expiring = tuple(
        Expiry(each.name, expiry_sentence(each, now), each.not_after <= now) for each in assess(after, now).expiring
    )
    return Report(
        outcomes,
        warnings=after.desired.unprovable,
        blocked=(*waiting, *after.problems, *(_expiring(each) for each in expiring)),
        expiring=expiring,
    )


def _expiring(expiry: Expiry) -> Blocked:
    return Blocked(Code.CERTIFICATE_EXPIRING, expiry.name, expiry.message)


def load_plan(cluster: Cluster) -> Plan:
    """Return the changes that load would make. Changes nothing."""
    return plan.plan(Snapshot(cluster).certificates, cluster.clock()).local


def load(cluster: Cluster, listener: Listener, timeout: float = 0.0) -> Report:
    """Load the certificates in the folders into the running proxies."""
    with files.lock(cluster.run.lock, timeout, listener.waiting):
        snapshot = Snapshot(cluster)
        changes = plan.plan(snapshot.certificates, cluster.clock()).local
        outcomes = apply(changes, snapshot.context, listener)
    return Report(outcomes, blocked=Snapshot(cluster).certificates.problems)


def _clock(now: float) -> Callable[[], float]:
    """Return a clock that starts at `now` and continues from there."""
    offset = now - time.monotonic()
    return lambda: time.monotonic() + offset


def _carry_out(
    cluster: Cluster,
    planned: CertificatePlan,
    request: RenewalRequest,
    clock: Callable[[], float],
    listener: Listener,
) -> tuple[Outcome, ...]:
    @contextmanager
    def guard() -> Iterator[None]:
        with files.lock(cluster.run.lock, GUARD_TIMEOUT_SECONDS, listener.waiting):
            yield

    context = ApplyContext(replace(cluster, clock=clock), guard=guard)
    outcomes: tuple[Outcome, ...] = ()
    began = time.monotonic()
    for change in (*planned.local, *planned.remote):
        if request.missing_only and time.monotonic() - began > RUN_BUDGET_SECONDS:
            break
        outcomes += apply((change,), context, listener)
    return outcomes


def _ask_for_windows(cluster: Cluster, clock: Callable[[], float]) -> None:
    """Ask the authority when each of its certificates should be renewed (RFC 9773)."""
    found = Snapshot(cluster).certificates
    for desired in found.managed:
        installed, known = found.certificate(desired), found.ledger.windows.get(desired.name)
        fresh = known and installed and known.ari_id == installed.ari_id and clock() < known.check_again
        if desired.issuer is Issuer.PRIVATE_CA or installed is None or not installed.ari_id or fresh:
            continue
        try:
            window = ari.window(cluster.settings.acme, installed, clock())
        except ShoestringError:
            # Without it the lifetime decides.
            continue
        if window:
            remember = partial(_with_window, name=desired.name, window=window)
            ledger.update(cluster.paths.ledger, remember, clock())


def _with_window(each: ledger.Ledger, name: str, window: RenewalWindow) -> ledger.Ledger:
    return replace(each, windows={**each.windows, name: window})
