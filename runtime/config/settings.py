"""`conf/shoestring.yaml` as frozen dataclasses; this is the schema of the file, of answers and of their reference."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from runtime.base import validators, yaml_documents
from runtime.base.errors import Problem, SettingsError
from runtime.base.paths import Side
from runtime.base.schema import key, read, section, switch
from runtime.base.yaml_documents import Document, DocumentError
from runtime.config.listen_address import fixed_address
from runtime.config.sections import (
    AcmeSettings,
    ImageSettings,
    InternalSettings,
    InternalTls,
    NetworkSettings,
    NotifySettings,
    PublicSettings,
    WebEndpoint,
    WireguardSettings,
)
from runtime.network.addresses import is_public, overlap

VERSION = 1
# No instance has it in its name, so that no two instances can have a project or a network of one name.
SEPARATOR = "_"


def _version(value: object) -> int:
    if value != VERSION:
        raise ValueError(f"{value!r} is not a version that this Shoestring knows ({VERSION})")
    return VERSION


@dataclass(frozen=True)
class Settings:
    """All settings of one data directory."""

    domain: str = key("your primary domain", check=validators.domain, example="example.com")
    email: str = key("where certificate authorities write to", check=validators.email, example="ops@example.com")
    version: int = key("the version of this file's format", check=_version, default=VERSION)
    instance: str = key(
        "the prefix of all names in Docker; two instances on a host need two",
        check=validators.instance,
        default="shoestring",
    )
    public: PublicSettings | None = section("the public proxy; off: none, and no public applications", PublicSettings)
    internal: InternalSettings | None = section(
        "the internal proxy; off: none, and no internal applications", InternalSettings
    )
    wireguard: WireguardSettings = section("the VPN to the internal side, see docs/vpn.md", WireguardSettings)
    firewall: bool = key(
        "whether nothing but the public proxy, SSH, WireGuard and x-open-ports can be reached from outside; "
        "shoestring firewall on switches it on and makes sure that you are not locked out",
        check=switch,
        default=False,
    )
    acme: AcmeSettings = section("certificates from an ACME authority, such as Let's Encrypt", AcmeSettings)
    networks: NetworkSettings = section("Docker networks", NetworkSettings)
    images: ImageSettings = section("container images", ImageSettings)
    notify: NotifySettings = section("notifications", NotifySettings)

    @property
    def internal_domain(self) -> str:
        """Return the domain of the internal applications."""
        return (self.internal.domain if self.internal else "") or f"internal.{self.domain}"

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return the sides that are switched on."""
        switched = ((Side.PUBLIC, self.public), (Side.INTERNAL, self.internal))
        return tuple(side for side, settings in switched if settings is not None)

    def endpoint_of(self, side: Side) -> WebEndpoint:
        """Return the scheme and port of a side's applications; the usual ones for a side that is off."""
        section = self.public if side is Side.PUBLIC else self.internal
        return section.endpoint if section else WebEndpoint("https" if side is Side.PUBLIC else "http")

    def url_of(self, side: Side, host_name: str) -> str:
        """Return the URL of a host name of a side, without a path."""
        return self.endpoint_of(side).url(host_name)

    @property
    def internal_tls(self) -> InternalTls:
        """Return where the internal certificate comes from; NONE without an internal side."""
        return self.internal.tls if self.internal else InternalTls.NONE

    @property
    def endpoint(self) -> str:
        """Return the address or name that VPN clients connect to."""
        public = self.public.address if self.public else ""
        return self.wireguard.endpoint or (public if public and is_public(public) else self.domain)

    def network(self, side: Side) -> str:
        """Return the name of a side's network in application files."""
        return self.networks.public if side is Side.PUBLIC else self.networks.internal

    @property
    def network_names(self) -> tuple[str, ...]:
        """Return all networks, as application files name them."""
        return (*(self.network(side) for side in self.sides), *self.networks.additional)

    def docker_network(self, name: str) -> str:
        """Return the name in Docker of a network of the settings."""
        return f"{self.instance}{SEPARATOR}{name}"

    def project(self, application: str) -> str:
        """Return the Compose project of an application, or of the core."""
        return f"{self.instance}{SEPARATOR}{application}"


def load(file: Path) -> Settings:
    """Read the settings file. Raises SettingsError with all its problems."""
    try:
        document = yaml_documents.load(file)
    except DocumentError as error:
        raise SettingsError(file, (error.problem,)) from error
    return from_document(document)


def from_document(document: Document) -> Settings:
    """Check a parsed settings file. Raises SettingsError with all its problems."""
    settings, problems = read(Settings, document)
    if settings is not None:
        problems = tuple(_conflicts(settings, document))
    if settings is None or problems:
        raise SettingsError(document.file, problems)
    return settings


def _conflicts(settings: Settings, document: Document) -> list[Problem]:
    """Return the conflicts between keys that are valid one by one."""
    problems = []
    if not settings.sides:
        problems.append(document.problem(("public",), "public and internal are both off; nothing would run"))
    networks = (settings.networks.public, settings.networks.internal, *settings.networks.additional)
    if len(set(networks)) != len(networks):
        problems.append(document.problem(("networks",), "two networks have the same name"))
    if settings.public and settings.public.http_port == settings.public.https_port:
        problems.append(document.problem(("public", "https_port"), "is the same as public.http_port"))
    problems += _internal_conflicts(settings, document)
    if settings.internal_tls is InternalTls.DNS_01 and not settings.acme.dns.provider:
        what = "dns-01 needs acme.dns.provider, the name of your DNS provider"
        problems.append(document.problem(("internal", "tls"), what))
    return problems + _wireguard_conflicts(settings, document)


def _wireguard_conflicts(settings: Settings, document: Document) -> list[Problem]:
    """Return the problem of an internal side that VPN clients could not reach."""
    vpn, internal = settings.wireguard, settings.internal
    if not vpn.enabled or internal is None:
        return []
    networks = [ipaddress.ip_network(each) for each in (vpn.network, vpn.network6) if each]
    fixed = fixed_address(internal.address)
    if not any(_usable(fixed, each) for each in networks):
        known = " or ".join(str(each) for each in networks)
        what = (
            f"{internal.address} is not a host's address in {known}, the network of wireguard, so VPN clients would "
            f"not reach it; set it to {networks[0][1]}, or wireguard.enabled to off"
        )
        return [document.problem(("internal", "address"), what)]
    return []


def _usable(text: str, network: validators.Network) -> bool:
    if not text:
        return False
    address = ipaddress.ip_address(text)
    return address in network and address not in (network.network_address, network.broadcast_address)


def _internal_conflicts(settings: Settings, document: Document) -> list[Problem]:
    """Return the conflicts of the ports of the internal side."""
    public, internal = settings.public, settings.internal
    if internal is None:
        return []
    problems = []
    ports = dict(zip(("http_port", "https_port"), internal.ports, strict=False))
    if ports.get("https_port") == internal.http_port:
        problems.append(document.problem(("internal", "https_port"), "is the same as internal.http_port"))
    taken = (
        (public.http_port, public.https_port)
        if public and _share_address(public.address, fixed_address(internal.address))
        else ()
    )
    for name, port in ports.items():
        if port in taken:
            what = f"{port} is the public proxy's at this address; choose another port"
            problems.append(document.problem(("internal", name), what))
    return problems


def _share_address(public: str, internal: str) -> bool:
    """Return whether both sides may listen on one address; `internal` is empty for a followed interface."""
    return overlap(public, internal) if internal else ipaddress.ip_address(public).is_unspecified
