"""The status of each certificate. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.base.paths import Side
from runtime.certificates import plan
from runtime.certificates.inventory import CertificateInventory
from runtime.certificates.model import PLACEHOLDER, DesiredCertificate, InstalledCertificate, Issuer, listed
from runtime.certificates.policy import due
from runtime.certificates.policy.due import CertificateState
from runtime.certificates.policy.ledger import DAY
from runtime.context.results import Blocked, Remark


@dataclass(frozen=True)
class CertificateStatus:
    """The status of one certificate, for the user.

    `state` is a value of CertificateState, `placeholder`, `unused`, `user-provided`, or `root` for the
    private CA's certificate. Times are seconds since the epoch, 0 where there is none. `blocked` is a sentence about
    why it cannot be issued now. `managed`: Shoestring renews it; else the user does. `by_private_ca`: the private CA
    signed it.
    """

    name: str
    side: Side
    host_names: tuple[str, ...]
    issuer: str
    state: str
    not_after: float = 0.0
    renew_at: float = 0.0
    blocked: str = ""
    expiring: bool = False
    managed: bool = True
    by_private_ca: bool = False


@dataclass(frozen=True)
class CertificateOverview:
    """All certificates.

    `notes` are about host names that no authority signs, `problems` about files that cannot be used.
    """

    certificates: tuple[CertificateStatus, ...]
    notes: tuple[Remark, ...]
    problems: tuple[Blocked, ...]

    @property
    def expiring(self) -> tuple[CertificateStatus, ...]:
        """Return the certificates that the user is warned of."""
        return tuple(each for each in self.certificates if each.expiring)


ROOT, ROOT_NAME = "root", "private-ca"
NO_CERTIFICATES = CertificateOverview((), (), ())


def assess(found: CertificateInventory, now: float) -> CertificateOverview:
    """Return the status of each certificate of an inventory. Pure."""
    planned = plan.plan(found, now)
    blocked = {each.certificate: each.message for each in planned.deferred}
    desired = [_managed_status(found, each, blocked.get(each, ""), now) for each in found.managed]
    named = {(each.side, each.name) for each in desired}
    others = [
        _other_status(each, side.side, each in side.user_provided, now)
        for side in found.sides
        for each in side.installed
        if (side.side, each.name) not in named and not each.problem
    ]
    return CertificateOverview(
        (*desired, *others, *_root_status(found, now)), found.desired.unprovable, found.problems
    )


def _managed_status(
    found: CertificateInventory, desired: DesiredCertificate, blocked: str, now: float
) -> CertificateStatus:
    assessment = plan.assess(found, desired, now)
    installed = found.certificate(desired)
    unsigned = found.ca_problem if desired.issuer is Issuer.PRIVATE_CA else ""
    return CertificateStatus(
        name=desired.name,
        side=desired.side,
        host_names=desired.host_names,
        issuer=installed.issuer if installed else desired.issuer,
        state=assessment.state,
        not_after=installed.not_after if installed else 0.0,
        renew_at=assessment.renew_at if installed else 0.0,
        blocked=blocked or unsigned,
        expiring=bool(
            installed and (assessment.state is CertificateState.EXPIRED or due.is_expiring(installed, now))
        ),
        by_private_ca=bool(installed)
        and desired.issuer is Issuer.PRIVATE_CA
        and assessment.state is not CertificateState.OTHER_ISSUER,
    )


def _other_status(found: InstalledCertificate, side: Side, user_provided: bool, now: float) -> CertificateStatus:
    """Return the status of one that is user-provided, the placeholder, or no longer needed."""
    placeholder = found.name == PLACEHOLDER
    state = "placeholder" if placeholder else "user-provided" if user_provided else "unused"
    return CertificateStatus(
        name=found.name,
        side=side,
        host_names=found.host_names,
        issuer=found.issuer,
        state=state,
        not_after=found.not_after,
        expiring=user_provided and due.is_expiring(found, now),
        managed=not user_provided,
    )


def _root_status(found: CertificateInventory, now: float) -> tuple[CertificateStatus, ...]:
    """Return the status of the private CA's root if it is about to expire: only the user can replace it."""
    root = found.authority
    if root is None or not due.is_expiring(root, now):
        return ()
    domain = found.settings.internal_domain
    return (
        CertificateStatus(
            name=ROOT_NAME,
            side=Side.INTERNAL,
            host_names=(domain,),
            issuer=root.issuer,
            state=ROOT,
            not_after=root.not_after,
            expiring=True,
            managed=False,
        ),
    )


def expiry_sentence(status: CertificateStatus, now: float) -> str:
    """Return the sentence about a certificate that is about to expire. `now` is in seconds since the epoch."""
    days = int((status.not_after - now) // DAY)
    when = "has expired" if status.not_after <= now else "expires today" if days < 1 else f"expires in {days} days"
    if status.state == ROOT:
        what = "Create a new one and trust it: shoestring ssl ca --new"
    else:
        what = "See: shoestring ssl status" if status.managed else "Replace it with a new one"
    return f"certificate {status.name} ({listed(status.host_names)}) {when}. {what}."
