"""Request one certificate: our own checks first, then staging, then production; each attempt is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from runtime.base.errors import ShoestringError, UsageError
from runtime.base.failpoints import failpoint
from runtime.certificates.acme.clients import (
    AcmeClient,
    AcmeHost,
    AcmeRequest,
    CertbotClient,
    LegoClient,
    PrecheckError,
)
from runtime.certificates.acme.outcome import AcmeOutcome
from runtime.certificates.model import DesiredCertificate, InstalledCertificate, Issuer
from runtime.certificates.policy import due, ledger, limits
from runtime.certificates.policy.ledger import Attempt, AttemptResult, Ledger, set_key
from runtime.certificates.policy.limits import Deferral
from runtime.certificates.store import folder, read

# HTTP takes seconds; a DNS provider may take minutes to publish a record.
TIMEOUTS = {Issuer.HTTP_01: 300.0, Issuer.DNS_01: 900.0}


class IssueContext(AcmeHost, Protocol):
    """The parts of an instance that a request needs. `clock` gives seconds since the epoch."""

    @property
    def clock(self) -> Callable[[], float]: ...


@dataclass(frozen=True)
class IssuedCertificate:
    """A certificate with its chain and its key, as PEM; both empty after a trial. `notes` are for the user."""

    certificate: bytes = b""
    key: bytes = b""
    notes: tuple[str, ...] = ()


class IssueError(ShoestringError):
    """No certificate was issued. `result` is why; `until` is when to try again, 0 if that is not known."""

    def __init__(self, message: str, result: AttemptResult, until: float = 0.0) -> None:
        self.result = result
        self.until = until
        super().__init__(message)


@dataclass(frozen=True)
class _Stage:
    server: str
    trial: bool


def issue(
    context: IssueContext,
    desired: DesiredCertificate,
    *,
    staging_only: bool = False,
    forced: bool = False,
    timeout: float = 0.0,
) -> IssuedCertificate:
    """Return a certificate from the authority; staging is asked first, until it has issued one for these names.

    A certificate that an earlier command obtained and did not install, because it was killed, is used instead.
    `forced` skips delays after failures, never limits. `timeout` is per request, in seconds; 0: TIMEOUTS. Raises
    IssueError, UsageError for wrong settings, and ShoestringError if this host cannot ask.
    """
    client: AcmeClient = CertbotClient(context) if desired.issuer is Issuer.HTTP_01 else LegoClient(context)
    known = ledger.load(context.paths.ledger)
    if not staging_only and (earlier := _obtained_before(context, client, desired, known)):
        return earlier
    stages = _stages(context, desired, known, staging_only=staging_only)
    _allow(context, desired, stages[0].server, forced=forced)
    notes = _check(context, client, desired, stages[0].server)
    before = read.load(client.original(desired.name)[0]).fingerprint
    for stage in stages:
        _allow(context, desired, stage.server, forced=forced)
        _ask(context, client, desired, stage, timeout or TIMEOUTS[desired.issuer], notes)
    if staging_only:
        return IssuedCertificate(notes=notes)
    got = _original(client, desired)
    if isinstance(got, str):
        raise IssueError(f"{desired.name} was issued, but cannot be used: {got}", AttemptResult.UNAVAILABLE)
    issued, found = got
    if found.fingerprint == before:
        raise IssueError(
            f"{desired.name} was issued, but {found.file} is still the old one.", AttemptResult.UNAVAILABLE
        )
    return replace(issued, notes=notes)


def _original(
    client: AcmeClient, desired: DesiredCertificate
) -> tuple[IssuedCertificate, InstalledCertificate] | str:
    """Return the certificate that the client keeps if it is the desired one, else why it is not."""
    certificate, key = client.original(desired.name)
    try:
        issued = IssuedCertificate(certificate.read_bytes(), key.read_bytes())
    except OSError as error:
        return f"{error.filename} cannot be read ({error.strerror})."
    found = read.pair(issued.certificate, issued.key, certificate)
    if found.problem:
        return f"{certificate}: {found.problem}"
    if set(found.host_names) != set(desired.host_names):
        folder_of_client = certificate.parent.parent.parent
        return f"{certificate} is for other host names. Move all files of that name out of {folder_of_client}."
    return issued, found


def _stages(
    context: IssueContext, desired: DesiredCertificate, known: Ledger, *, staging_only: bool
) -> tuple[_Stage, ...]:
    acme = context.settings.acme
    trial = _Stage(acme.staging_directory, trial=True)
    if staging_only:
        if not trial.server:
            raise UsageError(
                "This ACME server has no staging server in the settings. Set acme.staging to its directory."
            )
        return (trial,)
    production = _Stage(acme.directory, trial=False)
    proven = set_key(desired.host_names) in known.proven
    return (production,) if proven or not trial.server else (trial, production)


def _allow(context: IssueContext, desired: DesiredCertificate, server: str, *, forced: bool) -> None:
    known = ledger.load(context.paths.ledger)
    answer = limits.next_try(known, desired.host_names, desired.name, server, context.clock(), forced=forced)
    if isinstance(answer, Deferral):
        raise IssueError(f"{desired.name} is deferred: {answer.why}", AttemptResult.NOT_REQUESTED, answer.until)


def _check(context: IssueContext, client: AcmeClient, desired: DesiredCertificate, server: str) -> tuple[str, ...]:
    """Run our own checks, and record a failure, so that they do not run each minute."""
    try:
        return client.check(desired, server)
    except ShoestringError as error:
        attempt = _attempt(context, desired, server)
        held = replace(attempt, result=AttemptResult.NOT_REQUESTED, error=str(error), failed_names=())
        _record(context, partial(ledger.begin, attempt=held))
        if isinstance(error, PrecheckError):
            raise IssueError(str(error), AttemptResult.NOT_REQUESTED) from error
        raise


def _ask(
    context: IssueContext,
    client: AcmeClient,
    desired: DesiredCertificate,
    stage: _Stage,
    timeout: float,
    notes: tuple[str, ...],
) -> None:
    """Ask one authority, and record it before and after. Raises IssueError unless it issued.

    `notes` may be why it refuses, so they are part of the error.
    """
    attempt = _attempt(context, desired, stage.server)
    _record(context, partial(ledger.begin, attempt=attempt))
    failpoint("certificate-asked")
    try:
        outcome = client.ask(AcmeRequest(desired, stage.server, stage.trial, timeout, context.clock()))
    except ShoestringError as error:
        # The authority was not asked, because of the settings, the engine, or a command that is still running.
        _record(
            context,
            partial(
                _ended, attempt=attempt, outcome=AcmeOutcome(AttemptResult.NOT_REQUESTED, str(error)), stage=stage
            ),
        )
        raise
    if outcome.result is AttemptResult.REFUSED and notes:
        outcome = replace(outcome, error=f"{outcome.error} ({'; '.join(notes)})")
    _record(context, partial(_ended, attempt=attempt, outcome=outcome, stage=stage))
    failpoint("certificate-answered")
    if outcome.result is not AttemptResult.ISSUED:
        where = "staging" if stage.trial else "the authority"
        said = {
            AttemptResult.REFUSED: "refused",
            AttemptResult.UNAVAILABLE: "could not issue",
            AttemptResult.NOT_REQUESTED: "did not request",
        }
        raise IssueError(f"{where} {said[outcome.result]} {desired.name}: {outcome.error}", outcome.result)


def _attempt(context: IssueContext, desired: DesiredCertificate, server: str) -> Attempt:
    """Return an attempt that counts as failed for all names, until more is known."""
    names = desired.host_names
    return Attempt(desired.name, server, names, context.clock(), AttemptResult.OPEN, failed_names=names)


def _ended(known: Ledger, attempt: Attempt, outcome: AcmeOutcome, stage: _Stage) -> Ledger:
    """Return the ledger after an attempt. Names that staging issued are proven, until production refuses them."""
    # The names that failed may be unknown; an authority that did not answer may have tried all.
    counts = outcome.result in (AttemptResult.REFUSED, AttemptResult.UNAVAILABLE)
    failed = (outcome.failed_names or attempt.host_names) if counts else ()
    ended = replace(
        attempt,
        result=outcome.result,
        error=outcome.error,
        failed_names=failed,
        not_before=outcome.not_before,
    )
    key = set_key(attempt.host_names)
    proven = dict(known.proven)
    if stage.trial and outcome.result is AttemptResult.ISSUED:
        proven[key] = attempt.when
    elif outcome.result is AttemptResult.REFUSED:
        proven.pop(key, None)
    return replace(ledger.end(known, ended), proven=proven)


def _record(context: IssueContext, change: Callable[[Ledger], Ledger]) -> None:
    ledger.update(context.paths.ledger, change, context.clock())


def _obtained_before(
    context: IssueContext, client: AcmeClient, desired: DesiredCertificate, known: Ledger
) -> IssuedCertificate | None:
    """Return the certificate of the last attempt if it was not installed because the command was killed."""
    names = set(desired.host_names)
    ours = [
        each
        for each in known.attempts
        if each.server == context.settings.acme.directory and set(each.host_names) == names
    ]
    if not ours or ours[-1].result not in (AttemptResult.OPEN, AttemptResult.ISSUED):
        return None
    got = _original(client, desired)
    if isinstance(got, str):
        return None
    issued, found = got
    installed = read.load(folder.certificate_file(context.paths, desired.side, desired.name))
    # By content: the clock may have been set in between, so the times of files prove nothing.
    newer = found.fingerprint != installed.fingerprint and found.not_before >= installed.not_before
    if not newer or due.renew_at(found, None) <= context.clock():
        return None
    if ours[-1].result is AttemptResult.OPEN:
        done = _Stage(ours[-1].server, trial=False)
        _record(context, partial(_ended, attempt=ours[-1], outcome=AcmeOutcome(AttemptResult.ISSUED), stage=done))
    return replace(issued, notes=("obtained by an earlier command",))
