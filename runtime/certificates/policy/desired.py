"""The desired certificates: one for each public application, one for the internal side. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from runtime.base import validators
from runtime.base.paths import Side
from runtime.certificates.model import PLACEHOLDER, DesiredCertificate, InstalledCertificate, Issuer, covered
from runtime.config.sections import ACME_DIRECTORIES, InternalTls
from runtime.config.settings import Settings
from runtime.context.results import Code, Remark
from runtime.proxy.model import ProxyModel

# The certificate of the internal side.
INTERNAL = "internal"


@dataclass(frozen=True)
class DesiredCertificates:
    """The desired certificates. `unprovable` are about host names that no authority would sign."""

    certificates: tuple[DesiredCertificate, ...]
    unprovable: tuple[Remark, ...] = ()


def desired_certificates(settings: Settings, models: Iterable[ProxyModel]) -> DesiredCertificates:
    """Return the certificates for the host names that the proxies serve."""
    names = {model.side: _by_application(model) for model in models}
    parts = [
        _public(settings, names.get(Side.PUBLIC, {})),
        _internal(settings, names[Side.INTERNAL]) if Side.INTERNAL in names else DesiredCertificates(()),
    ]
    return DesiredCertificates(
        tuple(desired for part in parts for desired in part.certificates),
        tuple(remark for part in parts for remark in part.unprovable),
    )


def subtract(desired: DesiredCertificate, user_provided: Iterable[InstalledCertificate]) -> DesiredCertificate | None:
    """Return the certificate without the names that user-provided certificates cover; None if no name is left."""
    own = tuple(user_provided)
    names = tuple(name for name in desired.host_names if not any(each.covers(name) for each in own))
    return replace(desired, host_names=names) if names else None


def _by_application(model: ProxyModel) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for backend in model.backends:
        found[backend.application] = (*found.get(backend.application, ()), *backend.host_names)
    return found


def _file_name(application: str) -> str:
    """Return the name of an application's certificate; two names are reserved."""
    return f"{application}.application" if application in (INTERNAL, PLACEHOLDER) else application


def _public(settings: Settings, applications: dict[str, tuple[str, ...]]) -> DesiredCertificates:
    desired = []
    unprovable = []
    for application, host_names in applications.items():
        reserved = tuple(name for name in host_names if _is_reserved(settings, name))
        if reserved:
            unprovable.append(_reserved(application, reserved))
        names = tuple(name for name in dict.fromkeys(host_names) if name not in reserved)
        wild = tuple(name for name in names if name.startswith("*."))
        if wild and not settings.acme.dns.provider:
            unprovable.append(
                _unprovable(
                    application,
                    f"{', '.join(wild)} can be validated by DNS records only",
                    "set acme.dns.provider, and its variables in secrets.yaml (docs/certificates.md)",
                )
            )
            names = tuple(name for name in names if name not in wild)
        if names:
            issuer = Issuer.DNS_01 if wild and settings.acme.dns.provider else Issuer.HTTP_01
            desired.append(DesiredCertificate(_file_name(application), Side.PUBLIC, names, issuer))
    return DesiredCertificates(tuple(desired), tuple(unprovable))


def _unprovable(name: str, message: str, advice: str = "") -> Remark:
    return Remark(Code.CERTIFICATE_IMPOSSIBLE, name, f"{name}: {message}", advice)


def _reserved(name: str, host_names: tuple[str, ...]) -> Remark:
    return _unprovable(
        name,
        f"no public authority signs {', '.join(host_names)}, a name for tests and private networks; it is served "
        "with a certificate that no browser trusts",
    )


def _is_reserved(settings: Settings, name: str) -> bool:
    """Return whether no public authority can sign a name. A private ACME server can."""
    if settings.acme.directory not in ACME_DIRECTORIES.values():
        return False
    return "." not in name or validators.is_reserved(name)


def _internal(settings: Settings, applications: dict[str, tuple[str, ...]]) -> DesiredCertificates:
    tls, domain = settings.internal_tls, settings.internal_domain
    if tls is InternalTls.NONE:
        return DesiredCertificates(())
    if tls is InternalTls.DNS_01 and _is_reserved(settings, domain):
        return DesiredCertificates((), (_reserved(INTERNAL, (domain,)),))
    issuer = Issuer.PRIVATE_CA if tls is InternalTls.PRIVATE_CA else Issuer.DNS_01
    shared = DesiredCertificate(INTERNAL, Side.INTERNAL, (domain, f"*.{domain}"), issuer)
    others = {
        name: tuple(each for each in names if not covered(each, shared.host_names))
        for name, names in applications.items()
    }
    below = tuple(each for names in others.values() for each in names if each.endswith(f".{domain}"))
    shared = replace(shared, host_names=tuple(dict.fromkeys((*shared.host_names, *below))))
    outside = {
        name: tuple(each for each in names if not each.endswith(f".{domain}")) for name, names in others.items()
    }
    if issuer is Issuer.PRIVATE_CA:
        # The root may sign for the internal domain only, so that its key is of no use for other names if stolen.
        return DesiredCertificates(
            (shared,),
            tuple(
                _unprovable(
                    name,
                    f"{', '.join(names)} is not below {domain}, and the private CA signs for that domain only",
                    "give it another host name",
                )
                for name, names in outside.items()
                if names
            ),
        )
    # Each has its own certificate: one that cannot be validated does not affect the others.
    apart = tuple(
        DesiredCertificate(_file_name(name), Side.INTERNAL, tuple(dict.fromkeys(names)), issuer)
        for name, names in outside.items()
        if names
    )
    return DesiredCertificates((shared, *apart))
