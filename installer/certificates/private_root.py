"""The private CA's root certificate: what `shoestring ssl ca` shows, and a new root."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from installer.certificates import trust
from installer.certificates.trust import RootTrust
from runtime.base import files
from runtime.base.errors import ShoestringError, UsageError
from runtime.base.paths import Paths, Side
from runtime.config.sections import InternalTls
from runtime.config.settings import Settings
from runtime.reconcile import desired

if TYPE_CHECKING:
    from runtime.context.change import Listener
    from runtime.context.cluster import Cluster
    from runtime.context.results import Report


def check(settings: Settings) -> None:
    """Raise UsageError if the private CA is not in use."""
    if settings.internal_tls is not InternalTls.PRIVATE_CA:
        what = f"internal.tls is {settings.internal_tls}" if settings.internal else "the internal side is off"
        raise UsageError(f"There is no private CA: {what}. Choose it with internal.tls: private-ca in the settings.")


def describe(settings: Settings, paths: Paths, now: float, option: str = "") -> RootTrust:
    """Return what is needed to trust the root. Raises ShoestringError if it is missing or cannot sign."""
    from runtime.certificates.store import private_ca

    pem(paths)
    if problem := private_ca.root_problem(paths.private_ca, settings.internal_domain, now):
        raise ShoestringError(problem)
    found = desired.load(settings, paths)
    model = next(each for each in found.proxies if each.side is Side.INTERNAL)
    named = (name for backend in model.backends for name in backend.host_names)
    return RootTrust(
        root=_root(paths),
        fingerprint=private_ca.fingerprint(paths.private_ca),
        domain=settings.internal_domain,
        host_names=trust.plain_names((model.index_host, *named)),
        https_port=model.https_port,
        option=option,
    )


def pem(paths: Paths) -> str:
    """Return the root's certificate as PEM. Raises ShoestringError if it is missing or cannot be read."""
    try:
        return _root(paths).read_text(encoding="ascii")
    except FileNotFoundError:
        raise ShoestringError("There is no private CA yet. Create it with: shoestring start") from None
    except (OSError, ValueError) as error:
        raise ShoestringError(
            f"{_root(paths)} cannot be read ({error}). Create a new one with: shoestring ssl ca --new"
        ) from error


def renew(cluster: Cluster, listener: Listener, now: float, timeout: float) -> Report:
    """Create a new root and sign the internal certificate with it. No computer trusts it yet."""
    from runtime.certificates.plan import RenewalRequest
    from runtime.certificates.policy.desired import INTERNAL
    from runtime.certificates.store import private_ca
    from runtime.reconcile import renewal

    with files.lock(cluster.run.lock, timeout, listener.waiting):
        private_ca.new_root(cluster.paths.private_ca, cluster.settings.internal_domain, now)
    managed = any(each.name == INTERNAL and each.managed for each in renewal.overview(cluster, now).certificates)
    request = RenewalRequest(names=(INTERNAL,) if managed else (), force=managed)
    return renewal.renew(cluster, listener, now, request, timeout)


def _root(paths: Paths) -> Path:
    from runtime.certificates.store import private_ca

    return paths.private_ca / private_ca.ROOT
