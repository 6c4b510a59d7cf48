"""`conf/shoestring.yaml` as frozen dataclasses; this is the schema of the file, of answers and of their reference."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from runtime import documents, names
from runtime.documents import Document, DocumentError
from runtime.errors import Problem, SettingsError
from runtime.paths import Side
from runtime.schema import key, list_of, one_of, read, section

VERSION = 1
# No instance has it in its name, so that no two instances can have a project or a network of one name.
SEPARATOR = "_"
ACME_SERVERS = ("production", "staging")


def _version(value: object) -> int:
    if value != VERSION:
        raise ValueError(f"{value!r} is not a version that this Shoestring knows ({VERSION})")
    return VERSION


def _acme_server(value: object) -> str:
    if value in ACME_SERVERS:
        return str(value)
    try:
        return names.https_url(value)
    except ValueError:
        raise ValueError(
            f"{value!r} is none of production, staging, an https:// address of an ACME directory"
        ) from None


@dataclass(frozen=True)
class PublicSettings:
    """Where the public proxy listens."""

    address: str = key(
        "the address to serve public applications on; 0.0.0.0 is all IPv4 addresses",
        check=names.ip_address,
        default="0.0.0.0",  # noqa: S104 - the public side is what the world reaches
    )
    http_port: int = key("redirects to HTTPS", check=names.port, default=80)
    https_port: int = key("serves the public applications", check=names.port, default=443)


@dataclass(frozen=True)
class InternalSettings:
    """Where the internal proxy listens."""

    address: str = key(
        "the address to serve internal applications on; never one that the world reaches",
        check=names.private_listen_address,
        default="127.0.0.1",
    )
    # Not 80: with the public proxy on all addresses, 80 is taken on this one too.
    http_port: int = key("serves the internal applications", check=names.port, default=8081)
    domain: str = key(
        "the domain of the internal applications; empty: internal. and the domain",
        check=lambda value: value and names.domain(value),
        default="",
    )


@dataclass(frozen=True)
class AcmeSettings:
    """Where certificates come from."""

    server: str = key(
        "production, staging, or the address of an ACME directory", check=_acme_server, default="production"
    )


@dataclass(frozen=True)
class NetworkSettings:
    """Docker networks, as application files name them; in Docker the instance's name stands before."""

    public: str = key("the network of public applications", check=names.application, default="main")
    internal: str = key("the network of internal applications", check=names.application, default="internal")
    additional: tuple[str, ...] = key(
        "more networks that applications may join", check=list_of(names.application), default=()
    )


@dataclass(frozen=True)
class ImageSettings:
    """Where container images come from."""

    source: str = key(
        "registry pulls them; local builds those that Debian can provide",
        check=one_of("registry", "local"),
        default="registry",
    )


@dataclass(frozen=True)
class Settings:
    """All settings of one data directory."""

    domain: str = key("your primary domain", check=names.domain, example="example.com")
    email: str = key("where certificate authorities write to", check=names.email, example="ops@example.com")
    version: int = key("the version of this file's format", check=_version, default=VERSION)
    instance: str = key(
        "part of the name of all that is ours in Docker; two instances on a host never disturb each other",
        check=names.instance,
        default="shoestring",
    )
    public: PublicSettings | None = section("the public proxy; off: none, and no public applications", PublicSettings)
    internal: InternalSettings | None = section(
        "the internal proxy; off: none, and no internal applications", InternalSettings
    )
    acme: AcmeSettings = section("certificates for public host names", AcmeSettings)
    networks: NetworkSettings = section("Docker networks", NetworkSettings)
    images: ImageSettings = section("container images", ImageSettings)

    @property
    def internal_domain(self) -> str:
        """The domain of the internal applications."""
        return (self.internal.domain if self.internal else "") or f"internal.{self.domain}"

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides that are switched on."""
        switched = ((Side.PUBLIC, self.public), (Side.INTERNAL, self.internal))
        return tuple(side for side, settings in switched if settings is not None)

    def network(self, side: Side) -> str:
        """The name of a side's network in application files."""
        return self.networks.public if side is Side.PUBLIC else self.networks.internal

    @property
    def network_names(self) -> tuple[str, ...]:
        """All networks, as application files name them."""
        return (*(self.network(side) for side in self.sides), *self.networks.additional)

    def docker_network(self, name: str) -> str:
        """What a network of ours is called in Docker."""
        return f"{self.instance}{SEPARATOR}{name}"

    def project(self, application: str) -> str:
        """The Compose project of an application, or of the core."""
        return f"{self.instance}{SEPARATOR}{application}"


def load(file: Path) -> Settings:
    """Read the settings file. Raises SettingsError with all its problems."""
    try:
        document = documents.load(file)
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
    """What is wrong between keys that are right one by one."""
    problems = []
    if not settings.sides:
        problems.append(document.problem(("public",), "public and internal are both off; nothing would run"))
    networks = (settings.networks.public, settings.networks.internal, *settings.networks.additional)
    if len(set(networks)) != len(networks):
        problems.append(document.problem(("networks",), "two networks have the same name"))
    if settings.public and settings.public.http_port == settings.public.https_port:
        problems.append(document.problem(("public", "https_port"), "is the same as public.http_port"))
    if settings.public and settings.internal and _overlap(settings.public.address, settings.internal.address):
        ports = (settings.public.http_port, settings.public.https_port)
        if settings.internal.http_port in ports:
            problems.append(
                document.problem(
                    ("internal", "http_port"),
                    f"{settings.internal.http_port} is the public proxy's at this address; choose another port",
                )
            )
    return problems


def _overlap(public: str, internal: str) -> bool:
    """Whether both listen on one address. 0.0.0.0 takes all IPv4 addresses, :: all addresses."""
    first, second = ipaddress.ip_address(public), ipaddress.ip_address(internal)
    return first == second or (first.is_unspecified and (first.version == 6 or second.version == 4))
