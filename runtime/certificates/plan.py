"""The plan of certificates: what is issued, loaded and archived, and what is deferred. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runtime.base.errors import UsageError
from runtime.base.formats import until
from runtime.certificates.changes import ArchiveCertificate, IssueCertificate, LoadCertificates
from runtime.certificates.inventory import CertificateInventory, SideCertificates, place
from runtime.certificates.model import PLACEHOLDER, DesiredCertificate, Issuer, covered, listed
from runtime.certificates.policy import due, limits
from runtime.certificates.policy.due import Assessment, CertificateState
from runtime.certificates.policy.ledger import set_key
from runtime.certificates.policy.limits import Deferral
from runtime.context.change import Plan, Sign

PLACEHOLDER_FILE = f"{PLACEHOLDER}.pem"


@dataclass(frozen=True)
class RenewalRequest:
    """The part of the plan that a command requests.

    `names` are host names or names of certificates, without delays after failures; empty: all. `missing_only` leaves
    valid certificates alone, even if due. `force` also renews what is not due. `staging` only tests, also what is not
    due.
    """

    names: tuple[str, ...] = ()
    missing_only: bool = False
    force: bool = False
    staging: bool = False


EVERYTHING = RenewalRequest()


@dataclass(frozen=True)
class DeferredCertificate:
    """A certificate that cannot be issued now. `until` is when it is tried again, in seconds since the epoch.

    `message` is a sentence about why, without the name of the certificate; `until` is infinite where it depends on
    the user.
    """

    certificate: DesiredCertificate
    message: str
    until: float
    code = "certificate-deferred"

    @property
    def subject(self) -> str:
        """Return what it is about."""
        return f"certificate {self.certificate.name}"

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}"


@dataclass(frozen=True)
class CertificatePlan:
    """The changes of certificates.

    `local` needs nothing outside this host; `remote` asks a certificate authority. `deferred` are certificates
    that cannot be issued now. `next_check` is when there may be something to do again, in seconds since the epoch.
    """

    local: Plan
    remote: Plan
    deferred: tuple[DeferredCertificate, ...]
    next_check: float


@dataclass(frozen=True)
class _Decision:
    """The decision about one desired certificate."""

    change: IssueCertificate | None = None
    deferred: DeferredCertificate | None = None
    next_check: float = float("inf")


def plan(inventory: CertificateInventory, now: float, request: RenewalRequest = EVERYTHING) -> CertificatePlan:
    """Return the plan. Raises UsageError for a name without a certificate, or if there is no staging server."""
    if request.staging and not inventory.settings.acme.staging_directory:
        raise UsageError("This ACME server has no staging server in the settings. Set acme.staging to its directory.")
    desired = chosen(inventory, request.names)
    ones = tuple(_one(inventory, each, now, request) for each in desired)
    issues = tuple(each.change for each in ones if each.change)
    local = tuple(each for each in issues if each.desired.issuer is Issuer.PRIVATE_CA)
    expiries = [each.not_after for side in inventory.sides for each in side.installed if each.not_after > now]
    return CertificatePlan(
        local=(*local, *(change for side in inventory.sides for change in _upkeep(inventory, side, now))),
        remote=tuple(each for each in issues if each not in local),
        deferred=tuple(each.deferred for each in ones if each.deferred),
        next_check=min((*(each.next_check for each in ones), *expiries), default=float("inf")),
    )


def assess(inventory: CertificateInventory, desired: DesiredCertificate, now: float) -> Assessment:
    """Return the state of a desired certificate."""
    found = inventory.certificate(desired)
    assessment = due.assess(desired, found, inventory.ledger.windows.get(desired.name), now, root=inventory.root)
    authority = inventory.authority if desired.issuer is Issuer.PRIVATE_CA else None
    if authority and found and not found.problem and authority.not_before <= now < found.not_before:
        # Clients refuse it until then. Another authority never signs ahead of time.
        return Assessment(CertificateState.DUE, "it was signed while the clock of this host was ahead", now)
    source = inventory.ledger.sources.get(place(desired.side, desired.name), "")
    server = "" if desired.issuer is Issuer.PRIVATE_CA else inventory.settings.acme.directory
    if assessment.state in (CertificateState.VALID, CertificateState.DUE) and source and server and source != server:
        return Assessment(
            CertificateState.OTHER_ISSUER,
            f"the certificate is from {source}, but the settings name another authority",
            now,
        )
    return assessment


def directory(inventory: CertificateInventory, desired: DesiredCertificate) -> str:
    """Return the ACME directory to ask first: staging, until it has issued a certificate for these names."""
    acme = inventory.settings.acme
    proven = set_key(desired.host_names) in inventory.ledger.proven
    return acme.directory if proven or not acme.staging_directory else acme.staging_directory


def chosen(inventory: CertificateInventory, names: tuple[str, ...]) -> tuple[DesiredCertificate, ...]:
    """Return the desired certificates with these host names or names; all of them if none is given.

    Raises UsageError for a name that no certificate is for.
    """
    if not names:
        return inventory.managed
    meant: list[DesiredCertificate] = []
    for name in names:
        found = [each for each in inventory.managed if name == each.name or covered(name, each.host_names)]
        if not found:
            known = ", ".join(sorted({host for each in inventory.managed for host in each.host_names})) or "none"
            raise UsageError(f"No application uses the host name {name}. Known host names: {known}.")
        meant += found
    return tuple(dict.fromkeys(meant))


def _one(
    inventory: CertificateInventory, desired: DesiredCertificate, now: float, request: RenewalRequest
) -> _Decision:
    found = assess(inventory, desired, now)
    waits = found.state is CertificateState.VALID or (request.missing_only and found.state is CertificateState.DUE)
    local = desired.issuer is Issuer.PRIVATE_CA
    if request.staging and local:
        return _Decision()
    if waits and not request.force and not request.staging and not (local and found.state is CertificateState.DUE):
        # A run for missing certificates has nothing to do when a valid one becomes due.
        return _Decision(next_check=found.renew_at if local or not request.missing_only else float("inf"))
    forced = request.force or bool(request.names)
    deferral = _deferral(inventory, desired, now, forced=forced, staging=request.staging)
    if deferral:
        again = f" (again {until(deferral.until - now)})" if deferral.until < float("inf") else ""
        deferred = DeferredCertificate(desired, f"{deferral.why}{again}", deferral.until)
        return _Decision(deferred=deferred, next_check=deferral.until)
    sign = Sign.NEW if found.state is CertificateState.MISSING else Sign.CHANGED
    about = f"{listed(desired.host_names)}: {found.why}"
    return _Decision(IssueCertificate(desired, sign, about, forced, request.staging))


def _deferral(
    inventory: CertificateInventory, desired: DesiredCertificate, now: float, *, forced: bool, staging: bool
) -> Deferral | None:
    if desired.issuer is Issuer.PRIVATE_CA:
        return Deferral(float("inf"), inventory.ca_problem) if inventory.ca_problem else None
    server = inventory.settings.acme.staging_directory if staging else directory(inventory, desired)
    answer = limits.next_try(inventory.ledger, desired.host_names, desired.name, server, now, forced=forced)
    return answer if isinstance(answer, Deferral) else None


def _upkeep(
    inventory: CertificateInventory, side: SideCertificates, now: float
) -> Iterator[LoadCertificates | ArchiveCertificate]:
    """Yield the changes of a side's folder and proxy other than new certificates."""
    desired = {each.name for each in inventory.desired.certificates if each.side is side.side}
    user_provided = {each.name for each in side.user_provided}
    for each in side.installed:
        ours = each.name not in user_provided and each.name != PLACEHOLDER and not each.problem
        if ours and each.name not in desired and each.not_after <= now:
            yield ArchiveCertificate(side.side, each.name, "expired, and no longer needed")
    differences = (*(["an interrupted write"] if side.unfinished else ()), *_unloaded(side))
    if differences:
        yield LoadCertificates(side.side, ", ".join(differences))


def _unloaded(side: SideCertificates) -> Iterable[str]:
    """Yield the differences between the folder and what the proxy serves."""
    if side.loaded is None:
        return
    files = {each.file.name: each for each in side.installed if not each.problem}
    real = [each for each in side.installed if not each.problem and each.name != PLACEHOLDER]
    placeholder = next((each for each in side.installed if each.name == PLACEHOLDER), None)
    if placeholder and (real or placeholder.problem):
        yield "placeholder " + ("not needed" if real else "broken")
    for name, each in files.items():
        if side.loaded.get(name) != each.serial:
            yield f"{'changed' if name in side.loaded else 'new'} {name}"
    # The process may answer unknown names with the placeholder, which then stays until the next reload.
    broken = {each.file.name for each in side.installed if each.problem}
    yield from (
        f"removed {name}" for name in side.loaded if name not in files and name not in {*broken, PLACEHOLDER_FILE}
    )
