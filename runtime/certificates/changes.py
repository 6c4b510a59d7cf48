"""The changes of certificates: one is issued, a proxy loads its folder, one that has expired is archived."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.base.paths import Side
from runtime.certificates.manager import CertificateManager
from runtime.certificates.model import DesiredCertificate, Issuer
from runtime.context.change import ApplyContext, Change, ChangeDescription, Sign


@dataclass(frozen=True)
class IssueCertificate(Change):
    """A certificate is missing or due.

    `forced`: the user asks for it, so that delays after failures do not hold. With `staging_only` it is tried at
    staging, and nothing is installed.
    """

    desired: DesiredCertificate
    action: Sign
    reason: str
    forced: bool = False
    staging_only: bool = False
    kind = "issue-certificate"

    @property
    def is_local(self) -> bool:
        """Return whether it is signed on this host."""
        return self.desired.issuer is Issuer.PRIVATE_CA

    def describe(self) -> ChangeDescription:
        """Return why it is missing or due."""
        return ChangeDescription(self.action, f"certificate {self.desired.name}", self.reason)

    def apply(self, context: ApplyContext) -> str:
        """Have it signed, install it and prove it."""
        manager = CertificateManager.of(context)
        if self.is_local:
            return manager.sign(self.desired)
        return manager.ask(self.desired, forced=self.forced, staging_only=self.staging_only)


@dataclass(frozen=True)
class LoadCertificates(Change):
    """A proxy does not serve what is in its folder of certificates."""

    side: Side
    reason: str
    kind = "load-certificates"

    def describe(self) -> ChangeDescription:
        """Return which certificates differ."""
        return ChangeDescription(Sign.CHANGED, f"certificates {self.side}", self.reason)

    def apply(self, context: ApplyContext) -> str:
        """Have the running proxy load them."""
        return CertificateManager.of(context).load(self.side)


@dataclass(frozen=True)
class ArchiveCertificate(Change):
    """A certificate that Shoestring issued has expired, and no longer needed."""

    side: Side
    certificate: str
    reason: str
    kind = "archive-certificate"

    def describe(self) -> ChangeDescription:
        """Return why it is not needed."""
        return ChangeDescription(Sign.REMOVED, f"certificate {self.certificate}", self.reason)

    def apply(self, context: ApplyContext) -> str:
        """Move it out of the proxy's folder."""
        return CertificateManager.of(context).archive(self.side, self.certificate)
