"""What has to be done about certificates, and what must wait. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runtime.base.errors import UsageError
from runtime.base.formats import until
from runtime.certificates.model import PLACEHOLDER, Issuer, Wanted, covered, listed
from runtime.certificates.policy import due, limits
from runtime.certificates.policy.due import Assessment, State
from runtime.certificates.policy.ledger import set_key
from runtime.certificates.policy.limits import Hold
from runtime.certificates.survey import SideCertificates, Survey, place
from runtime.reconcile.changes import CHANGED, NEW, ArchiveCertificate, IssueCertificate, LoadCertificates, Plan

PLACEHOLDER_FILE = f"{PLACEHOLDER}.pem"


@dataclass(frozen=True)
class Request:
    """What of the plan a command wants.

    `names` are host names or names of certificates, whose delays after failures are not waited out; empty: all.
    `missing_only` leaves what is valid as it is, though it be due. `force` renews what is not due. `staging` only
    tries, also what is not due.
    """

    names: tuple[str, ...] = ()
    missing_only: bool = False
    force: bool = False
    staging: bool = False


EVERYTHING = Request()


@dataclass(frozen=True)
class Due:
    """What is to be done.

    `local` needs nobody outside this host; `remote` asks a certificate authority. `held` are sentences about what
    waits. `next_look` is when there may be something to do again, in seconds since the epoch.
    """

    local: Plan
    remote: Plan
    held: tuple[str, ...]
    next_look: float


@dataclass(frozen=True)
class _One:
    """What becomes of one wanted certificate."""

    change: IssueCertificate | None = None
    held: str = ""
    next_look: float = float("inf")


def plan(survey: Survey, now: float, request: Request = EVERYTHING) -> Due:
    """Plan. Raises UsageError if the request names a host name that no certificate is for, or there is no staging."""
    if request.staging and not survey.settings.acme.staging_directory:
        raise UsageError(
            "There is no staging for this ACME server. Name its directory as acme.staging in the settings."
        )
    wanted = chosen(survey, request.names)
    ones = tuple(_one(survey, each, now, request) for each in wanted)
    issues = tuple(each.change for each in ones if each.change)
    local = tuple(each for each in issues if each.wanted.issuer is Issuer.PRIVATE_CA)
    expiries = [each.not_after for side in survey.sides for each in side.found if each.not_after > now]
    return Due(
        local=(*local, *(change for side in survey.sides for change in _upkeep(survey, side, now))),
        remote=tuple(each for each in issues if each not in local),
        held=tuple(each.held for each in ones if each.held),
        next_look=min((*(each.next_look for each in ones), *expiries), default=float("inf")),
    )


def assess(survey: Survey, wanted: Wanted, now: float) -> Assessment:
    """How a wanted certificate is."""
    found = survey.certificate(wanted)
    assessment = due.assess(wanted, found, survey.ledger.windows.get(wanted.name), now, root=survey.root)
    authority = survey.authority if wanted.issuer is Issuer.PRIVATE_CA else None
    if authority and found and not found.problem and authority.not_before <= now < found.not_before:
        # Clients would refuse it until then. One of another authority is never ahead of the right time.
        return Assessment(State.DUE, "the clock of this host was ahead when it was signed", now)
    source = survey.ledger.sources.get(place(wanted.side, wanted.name), "")
    server = "" if wanted.issuer is Issuer.PRIVATE_CA else survey.settings.acme.directory
    if assessment.state in (State.FINE, State.DUE) and source and server and source != server:
        return Assessment(State.ISSUER, f"the certificate is from {source}, and the settings name another", now)
    return assessment


def directory(survey: Survey, wanted: Wanted) -> str:
    """The ACME directory that is asked first for a certificate: staging, until it gave one for these names."""
    acme = survey.settings.acme
    proven = set_key(wanted.host_names) in survey.ledger.proven
    return acme.directory if proven or not acme.staging_directory else acme.staging_directory


def chosen(survey: Survey, names: tuple[str, ...]) -> tuple[Wanted, ...]:
    """The wanted certificates that host names or names of certificates mean; all of them for none.

    Raises UsageError for a name that no certificate is for.
    """
    if not names:
        return survey.wanted
    meant: list[Wanted] = []
    for name in names:
        found = [each for each in survey.wanted if name == each.name or covered(name, each.host_names)]
        if not found:
            known = ", ".join(sorted({host for each in survey.wanted for host in each.host_names})) or "none"
            raise UsageError(f"No certificate is wanted for {name}. The host names that need one: {known}.")
        meant += found
    return tuple(dict.fromkeys(meant))


def _one(survey: Survey, wanted: Wanted, now: float, request: Request) -> _One:
    found = assess(survey, wanted, now)
    waits = found.state is State.FINE or (request.missing_only and found.state is State.DUE)
    local = wanted.issuer is Issuer.PRIVATE_CA
    if request.staging and local:
        return _One()
    if waits and not request.force and not request.staging and not (local and found.state is State.DUE):
        # A pass that only looks for what is missing has nothing to do when a valid one becomes due.
        return _One(next_look=found.renew_at if local or not request.missing_only else float("inf"))
    forced = request.force or bool(request.names)
    held = _held(survey, wanted, now, forced=forced, staging=request.staging)
    if held:
        again = f" (again {until(held.until - now)})" if held.until < float("inf") else ""
        return _One(held=f"certificate {wanted.name}: {held.why}{again}", next_look=held.until)
    sign = NEW if found.state is State.MISSING else CHANGED
    about = f"{listed(wanted.host_names)}: {found.why}"
    return _One(IssueCertificate(wanted, sign, about, forced, request.staging))


def _held(survey: Survey, wanted: Wanted, now: float, *, forced: bool, staging: bool) -> Hold | None:
    if wanted.issuer is Issuer.PRIVATE_CA:
        return Hold(float("inf"), survey.ca_problem) if survey.ca_problem else None
    server = survey.settings.acme.staging_directory if staging else directory(survey, wanted)
    answer = limits.next_try(survey.ledger, wanted.host_names, wanted.name, server, now, forced=forced)
    return answer if isinstance(answer, Hold) else None


def _upkeep(survey: Survey, side: SideCertificates, now: float) -> Iterator[LoadCertificates | ArchiveCertificate]:
    """What the folder of a side and its proxy need besides new certificates."""
    wanted = {each.name for each in survey.wishes.wanted if each.side is side.side}
    persons = {each.name for each in side.persons}
    for each in side.found:
        ours = each.name not in persons and each.name != PLACEHOLDER and not each.problem
        if ours and each.name not in wanted and each.not_after <= now:
            yield ArchiveCertificate(side.side, each.name, "expired, and nothing needs it any more")
    differences = (*(["a write that was cut off"] if side.unfinished else ()), *_unloaded(side))
    if differences:
        yield LoadCertificates(side.side, ", ".join(differences))


def _unloaded(side: SideCertificates) -> Iterable[str]:
    """How what the proxy serves differs from what is in the folder."""
    if side.loaded is None:
        return
    files = {each.file.name: each for each in side.found if not each.problem}
    real = [each for each in side.found if not each.problem and each.name != PLACEHOLDER]
    placeholder = next((each for each in side.found if each.name == PLACEHOLDER), None)
    if placeholder and (real or placeholder.problem):
        yield "placeholder " + ("not needed" if real else "broken")
    for name, each in files.items():
        if side.loaded.get(name) != each.serial:
            yield f"{'changed' if name in side.loaded else 'new'} {name}"
    # The placeholder may be what the process answers unknown names with; it goes at the next reload.
    broken = {each.file.name for each in side.found if each.problem}
    yield from (
        f"gone {name}" for name in side.loaded if name not in files and name not in {*broken, PLACEHOLDER_FILE}
    )
