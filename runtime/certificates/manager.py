"""Makes the changes of a plan of certificates, each to its end: asked for, installed, proven."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.base import files
from runtime.base.failpoints import failpoint
from runtime.base.paths import Paths, RunPaths
from runtime.certificates import inventory
from runtime.certificates.model import DesiredCertificate, Issuer
from runtime.certificates.policy import ledger
from runtime.certificates.store import install, private_ca, read
from runtime.certificates.store.folder import certificate_file, key_file
from runtime.config.settings import Settings
from runtime.reconcile.changes import ArchiveCertificate, CertificateChange, IssueCertificate, LoadCertificates

if TYPE_CHECKING:
    from docker import DockerClient

ORIGINAL_MODE = 0o600


@dataclass(frozen=True)
class CertificateManager:
    """Where certificates are kept, and what is needed to get them.

    `guard` holds the lock of the instance while files and proxies are changed; asking an authority takes too long for
    that. `clock` gives seconds since the epoch.
    """

    client: DockerClient
    paths: Paths
    run: RunPaths
    settings: Settings
    clock: Callable[[], float] = time.time
    guard: Callable[[], AbstractContextManager[None]] = nullcontext

    def apply(self, change: CertificateChange) -> str:
        """Make one change. Returns what was done, as a part of a sentence. Raises ShoestringError."""
        match change:
            case IssueCertificate():
                private = change.wanted.issuer is Issuer.PRIVATE_CA
                return self._sign(change.wanted) if private else self._ask(change)
            case LoadCertificates():
                with self.guard():
                    return install.load(self.paths, self.run, self.settings, change.side)
            case ArchiveCertificate():
                with self.guard():
                    return install.archive(
                        self.paths, self.run, self.settings, change.side, change.certificate, self.clock()
                    )

    def _sign(self, wanted: DesiredCertificate) -> str:
        """By the private CA of this host."""
        directory = self.paths.private_ca
        private_ca.ensure_root(directory, self.settings.internal_domain, self.clock())
        pair = private_ca.issue(directory, wanted.host_names, self.clock())
        target = private_ca.original(self.paths, wanted.name)
        files.make_directory(target.parent, mode=0o700)
        files.write_in_turn(((key_file(target), pair.key), (target, pair.certificate)), ORIGINAL_MODE, None)
        return self._install(wanted, pair.certificate, pair.key)

    def _ask(self, change: IssueCertificate) -> str:
        """By an authority that is asked over the network."""
        from runtime.certificates.acme import issue

        wanted = change.wanted
        issued = issue.issue(self, wanted, forced=change.forced, staging_only=change.staging_only)
        if change.staging_only:
            done = "staging would issue it; nothing was installed"
        else:
            done = self._install(wanted, issued.certificate, issued.key)
        return "; ".join((done, *issued.notes))

    def _install(self, wanted: DesiredCertificate, certificate: bytes, key: bytes) -> str:
        found = read.parse(certificate, certificate_file(self.paths, wanted.side, wanted.name))
        place = inventory.place(wanted.side, wanted.name)
        source = "" if wanted.issuer is Issuer.PRIVATE_CA else self.settings.acme.directory
        with self.guard():
            # Before the files: what is there must never be taken for a person's own.
            ledger.update(
                self.paths.ledger,
                lambda each: ledger.installs(each, place, found.fingerprint, source),
                self.clock(),
            )
            failpoint("certificate-issued")
            return install.install(
                self.paths, self.run, self.settings, wanted.side, wanted.name, certificate, key, wanted.host_names
            )
