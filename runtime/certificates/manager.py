"""Carry out what the changes of certificates ask for, to its end: issued, installed, proven."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.base import files
from runtime.base.failpoints import failpoint
from runtime.base.paths import Paths, RunPaths, Side
from runtime.certificates import inventory
from runtime.certificates.model import DesiredCertificate, Issuer
from runtime.certificates.policy import ledger
from runtime.certificates.store import install, private_ca, read
from runtime.certificates.store.folder import certificate_file, key_file
from runtime.config.settings import Settings
from runtime.context.change import ApplyContext

if TYPE_CHECKING:
    from docker import DockerClient

ORIGINAL_MODE = 0o600


@dataclass(frozen=True)
class CertificateManager:
    """Issues and installs the certificates of an instance.

    `guard` holds the lock of the instance while files and proxies are changed; asking an authority takes too long for
    that. `clock` gives seconds since the epoch.
    """

    client: DockerClient
    paths: Paths
    run: RunPaths
    settings: Settings
    clock: Callable[[], float] = time.time
    guard: Callable[[], AbstractContextManager[None]] = nullcontext

    @classmethod
    def of(cls, context: ApplyContext) -> CertificateManager:
        """Return the manager of the cluster that a change is applied to."""
        cluster = context.cluster
        return cls(cluster.client, cluster.paths, cluster.run, cluster.settings, cluster.clock, context.guard)

    def load(self, side: Side) -> str:
        """Have the running proxy of a side load its folder. Return what was done."""
        with self.guard():
            return install.load(self.paths, self.run, self.settings, side)

    def archive(self, side: Side, certificate: str) -> str:
        """Move a certificate out of the folder of a side. Return what was done."""
        with self.guard():
            return install.archive(self.paths, self.run, self.settings, side, certificate, self.clock())

    def sign(self, desired: DesiredCertificate) -> str:
        """Have a certificate signed by the private CA of this host, and install it. Return what was done."""
        directory = self.paths.private_ca
        private_ca.ensure_root(directory, self.settings.internal_domain, self.clock())
        pair = private_ca.issue(directory, desired.host_names, self.clock())
        target = private_ca.original(self.paths, desired.name)
        files.make_directory(target.parent, mode=0o700)
        files.write_in_turn(((key_file(target), pair.key), (target, pair.certificate)), ORIGINAL_MODE, None)
        return self._install(desired, pair.certificate, pair.key)

    def ask(self, desired: DesiredCertificate, *, forced: bool, staging_only: bool) -> str:
        """Ask an authority over the network for a certificate, and install it. Return what was done.

        Raises ShoestringError if there is none, or if it cannot be installed.
        """
        from runtime.certificates.acme import issue

        issued = issue.issue(self, desired, forced=forced, staging_only=staging_only)
        if staging_only:
            done = "staging would issue it; not installed"
        else:
            done = self._install(desired, issued.certificate, issued.key)
        return "; ".join((done, *issued.notes))

    def _install(self, desired: DesiredCertificate, certificate: bytes, key: bytes) -> str:
        found = read.parse(certificate, certificate_file(self.paths, desired.side, desired.name))
        place = inventory.place(desired.side, desired.name)
        source = "" if desired.issuer is Issuer.PRIVATE_CA else self.settings.acme.directory
        with self.guard():
            # Before the files: they must never be taken for user-provided ones.
            ledger.update(
                self.paths.ledger,
                lambda each: ledger.installs(each, place, found.fingerprint, source),
                self.clock(),
            )
            failpoint("certificate-issued")
            return install.install(
                self.paths, self.run, self.settings, desired.side, desired.name, certificate, key, desired.host_names
            )
