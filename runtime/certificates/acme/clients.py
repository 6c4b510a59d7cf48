"""The two ACME clients with their checks before a request: certbot over HTTP, lego over DNS."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from runtime.base import files
from runtime.base.command import Result as Finished
from runtime.base.errors import ShoestringError, UsageError
from runtime.base.paths import Paths, RunPaths
from runtime.certificates.acme import account, certbot, challenge, container, lego, reachability
from runtime.certificates.acme.account import Account
from runtime.certificates.acme.container import ContainerTask, TooSlowError
from runtime.certificates.acme.lego import Provider
from runtime.certificates.acme.outcome import AcmeOutcome
from runtime.certificates.model import DesiredCertificate
from runtime.certificates.policy.ledger import AttemptResult
from runtime.config import secrets as secrets_file
from runtime.config.settings import Settings

if TYPE_CHECKING:
    from docker import DockerClient

PRIVATE = 0o700
HELP_TIMEOUT_SECONDS = 60.0
# The length of the thumbprint of an account's key.
THUMBPRINT_BYTES = 32


class PrecheckError(ShoestringError):
    """Our own checks found that the authority would refuse, or cannot be asked; it was not asked."""


class AcmeHost(Protocol):
    """The parts of an instance that an ACME client needs."""

    @property
    def client(self) -> DockerClient: ...
    @property
    def paths(self) -> Paths: ...
    @property
    def run(self) -> RunPaths: ...
    @property
    def settings(self) -> Settings: ...


@dataclass(frozen=True)
class AcmeRequest:
    """One request to one authority: a `trial` keeps nothing; `timeout` is in seconds, `now` since the epoch."""

    desired: DesiredCertificate
    server: str
    trial: bool
    timeout: float
    now: float


class AcmeClient(Protocol):
    """A program that requests certificates."""

    def check(self, desired: DesiredCertificate, server: str) -> tuple[str, ...]:
        """Check that the authority could prove the names, and return notes. Raises PrecheckError or UsageError."""

    def ask(self, question: AcmeRequest) -> AcmeOutcome:
        """Request a certificate. Raises ShoestringError only if this host could not ask the authority at all."""

    def original(self, name: str) -> tuple[Path, Path]:
        """Return where the full chain and the key are after a request that was no trial."""


@dataclass(frozen=True)
class CertbotClient:
    """certbot; the public proxy answers the challenges."""

    host: AcmeHost

    def check(self, desired: DesiredCertificate, server: str) -> tuple[str, ...]:
        """Check that the names resolve to this host, and that its proxy answers for them."""
        settings, paths = self.host.settings, self.host.paths
        known = account.find(paths, server)
        # There may be no account before the first success; any value identifies the answer of this proxy.
        mark = known.thumbprint if known else secrets.token_urlsafe(THUMBPRINT_BYTES)
        challenge.set(paths, self.host.run, mark)
        found = reachability.check(settings, desired.host_names, mark)
        if found.problems:
            raise PrecheckError("; ".join(dict.fromkeys(found.problems.values())))
        return found.notes

    def ask(self, question: AcmeRequest) -> AcmeOutcome:
        """Request it with an account per authority, registered if there is none."""
        host, desired = self.host, question.desired
        for part in ("etc", "var"):
            files.make_directory(host.paths.certbot / part, PRIVATE)
        _check_ca_file(host.settings)
        try:
            known = account.find(host.paths, question.server) or self._register(question)
            if isinstance(known, AcmeOutcome):
                return known
            challenge.set(host.paths, host.run, known.thumbprint)
            for left in certbot.remains(host.paths, desired.name):
                files.remove_tree(left) if left.is_dir() else files.remove(left)
            task = certbot.certonly(host.paths, host.settings, question.server, known, desired, trial=question.trial)
            finished = self._run(task, question)
        except TooSlowError as error:
            return AcmeOutcome(AttemptResult.UNAVAILABLE, str(error))
        return certbot.outcome(finished, desired, question.now)

    def _register(self, question: AcmeRequest) -> Account | AcmeOutcome:
        host = self.host
        finished = self._run(certbot.register(host.paths, host.settings, question.server), question)
        found = account.find(host.paths, question.server)
        if found:
            return found
        failed = certbot.outcome(finished, question.desired, question.now)
        return AcmeOutcome(AttemptResult.UNAVAILABLE, f"no account was made: {failed.error}", (), failed.not_before)

    def _run(self, task: ContainerTask, question: AcmeRequest) -> Finished:
        return container.run(self.host.client, self.host.settings, task, question.timeout)

    def original(self, name: str) -> tuple[Path, Path]:
        """Return the files in certbot's folder."""
        return certbot.original(self.host.paths, name)


@dataclass(frozen=True)
class LegoClient:
    """lego; the DNS provider's records answer the challenges."""

    host: AcmeHost

    def check(self, desired: DesiredCertificate, server: str) -> tuple[str, ...]:
        """Check that lego has the provider, and that its credentials are set."""
        self._variables()
        return ()

    def ask(self, question: AcmeRequest) -> AcmeOutcome:
        """Request it with an account per authority, which lego registers."""
        host = self.host
        files.make_directory(lego.folder(host.paths, trial=question.trial), PRIVATE)
        _check_ca_file(host.settings)
        task = lego.run(
            host.paths, host.settings, question.server, self._variables(), question.desired, trial=question.trial
        )
        try:
            finished = container.run(host.client, host.settings, task, question.timeout)
        except TooSlowError as error:
            return lego.too_slow(str(error), error.printed)
        return lego.outcome(finished, question.now)

    def _variables(self) -> dict[str, str]:
        return self._provider().variables(secrets_file.load(self.host.paths.secrets))

    def _provider(self) -> Provider:
        name = self.host.settings.acme.dns.provider
        if not name:
            raise UsageError("acme.dns.provider is not set: the name of your DNS provider, for dns-01.")
        if name in lego.UNUSABLE:
            raise UsageError(
                f"acme.dns.provider: {name} needs manual steps or a program of your own. Choose another provider."
            )
        described = self._help(name)
        if not described.ok:
            known = lego.parse_list(self._help("").out)
            if not known or name in known:
                raise ShoestringError(f"lego does not describe the DNS provider {name}: {described.tail(2)}")
            raise lego.unknown(name, known)
        return lego.parse_provider(name, described.out)

    def _help(self, provider: str) -> Finished:
        return container.run(self.host.client, self.host.settings, lego.describe(provider), HELP_TIMEOUT_SECONDS)

    def original(self, name: str) -> tuple[Path, Path]:
        """Return the files in lego's folder."""
        return lego.original(self.host.paths, name)


def _check_ca_file(settings: Settings) -> None:
    """Raise UsageError if the file is missing: Docker would create a directory at its path."""
    if settings.acme.ca_file and not Path(settings.acme.ca_file).is_file():
        raise UsageError(f"acme.ca_file: there is no file {settings.acme.ca_file}.")
