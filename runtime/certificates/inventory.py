"""The certificates of an instance: desired, on the disk, in the running proxies, and in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, RunPaths, Side
from runtime.certificates.acme import certbot, lego
from runtime.certificates.model import PLACEHOLDER, DesiredCertificate, InstalledCertificate, Issuer
from runtime.certificates.policy import ledger
from runtime.certificates.policy.desired import DesiredCertificates, desired_certificates, subtract
from runtime.certificates.policy.ledger import Ledger
from runtime.certificates.store import folder, private_ca, read, running
from runtime.config.settings import Settings
from runtime.context.results import Blocked, Code
from runtime.proxy.model import ProxyModel


@dataclass(frozen=True)
class SideCertificates:
    """The certificates of one side that has TLS.

    `loaded` are the serials in the running proxy by file name; None if it does not run. `user_provided` are the
    certificates that Shoestring did not install. `unfinished`: a killed command left something in the folder.
    """

    side: Side
    installed: tuple[InstalledCertificate, ...]
    user_provided: tuple[InstalledCertificate, ...]
    loaded: Mapping[str, int] | None
    unfinished: bool = False

    def certificate(self, name: str) -> InstalledCertificate | None:
        """Return the certificate with a name; None if it is not installed."""
        return next((each for each in self.installed if each.name == name), None)


@dataclass(frozen=True)
class CertificateInventory:
    """The input of a plan of certificates.

    `ca_problem` is a sentence if the private CA cannot sign, `root` its key identifier. `authority` is its root
    certificate, if it is in use.
    """

    settings: Settings
    desired: DesiredCertificates
    sides: tuple[SideCertificates, ...]
    ledger: Ledger
    ca_problem: str = ""
    root: str = ""
    authority: InstalledCertificate | None = None

    @property
    def managed(self) -> tuple[DesiredCertificate, ...]:
        """Return the desired certificates without the host names that user-provided certificates serve."""
        requested = (subtract(each, self._user_provided(each)) for each in self.desired.certificates)
        return tuple(each for each in requested if each)

    def _user_provided(self, desired: DesiredCertificate) -> Iterable[InstalledCertificate]:
        return (
            each
            for side in self.sides
            if side.side is desired.side
            for each in side.user_provided
            if not each.problem
        )

    def certificate(self, desired: DesiredCertificate) -> InstalledCertificate | None:
        """Return the installed certificate for a desired one; None if there is none."""
        return next((side.certificate(desired.name) for side in self.sides if side.side is desired.side), None)

    @property
    def problems(self) -> tuple[Blocked, ...]:
        """Return what is wrong with files that cannot be used."""
        return tuple(
            Blocked(Code.CERTIFICATE_UNUSABLE, each.name, f"{each.file}: {each.problem}")
            for side in self.sides
            for each in side.installed
            if each.problem
        )


def observe(
    settings: Settings, paths: Paths, run: RunPaths, models: tuple[ProxyModel, ...], now: float
) -> CertificateInventory:
    """Read files, proxies and ledger. Changes nothing. `now` is in seconds since the epoch."""
    remembered = ledger.load(paths.ledger)
    requested = desired_certificates(settings, models)
    private = any(each.issuer is Issuer.PRIVATE_CA for each in requested.certificates)
    return CertificateInventory(
        settings,
        requested,
        tuple(_side(paths, run, model.side, remembered) for model in models if model.https_port),
        remembered,
        private_ca.root_problem(paths.private_ca, settings.internal_domain, now) if private else "",
        private_ca.key_id(paths.private_ca),
        private_ca.root_certificate(paths.private_ca) if private else None,
    )


def place(side: Side, name: str) -> str:
    """Return the key of an installed certificate in the ledger."""
    return f"{side}/{name}"


def originals(paths: Paths, name: str) -> tuple[Path, ...]:
    """Return where the original of a certificate that Shoestring issued may be."""
    return (certbot.original(paths, name)[0], lego.original(paths, name)[0], private_ca.original(paths, name))


def _side(paths: Paths, run: RunPaths, side: Side, remembered: Ledger) -> SideCertificates:
    found = folder.scan(paths.proxy_certificates(side))
    user_provided = tuple(each for each in found if not _is_ours(paths, side, each, remembered))
    try:
        loaded = running.loaded(run.master_socket(side))
    except ShoestringError:
        # The proxy is starting or stopping; the next run sees it.
        loaded = None
    return SideCertificates(side, found, user_provided, loaded, folder.is_unfinished(paths.proxy_certificates(side)))


def _is_ours(paths: Paths, side: Side, found: InstalledCertificate, remembered: Ledger) -> bool:
    if found.name == PLACEHOLDER or found.fingerprint in remembered.installed.get(place(side, found.name), ()):
        return True
    # The ledger may be lost; the originals show it as well.
    return any(
        file.is_file() and read.load(file).fingerprint == found.fingerprint for file in originals(paths, found.name)
    )
