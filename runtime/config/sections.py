"""The sections of `conf/shoestring.yaml`: what each key means and takes."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum

from runtime.base import validators
from runtime.base.schema import key, list_of, one_of, section, switch, whole_number
from runtime.config import dns_resolver, listen_address
from runtime.config.dns_resolver import Resolver
from runtime.config.listen_address import FixedAddress, ListenAddress
from runtime.config.request_limits import RequestLimits

ACME_SERVERS = ("production", "staging")
# https://letsencrypt.org/docs/acme-protocol-updates/ and /docs/staging-environment/
ACME_DIRECTORIES = {
    "production": "https://acme-v02.api.letsencrypt.org/directory",
    "staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
DEFAULT_PORTS = {"http": 80, "https": 443}
# Asked from outside, so that the answers are those that a certificate authority gets.
PUBLIC_RESOLVERS = (Resolver("1.1.1.1"), Resolver("9.9.9.9"))
# 180 days, the least that checks of TLS accept; two years are what browsers' preload list asks for (hstspreload.org).
HSTS_SECONDS, LONGEST_HSTS_SECONDS = 180 * 86_400, 2 * 365 * 86_400
# What an Ethernet frame carries (1500) less WireGuard's own over IPv6: 40 of IPv6, 8 of UDP, 32 of WireGuard.
WIREGUARD_MTU = 1420
# A link below cannot carry IPv6 (RFC 8200 section 5); one of jumbo frames carries 9000.
SMALLEST_MTU, LARGEST_MTU = 1280, 9000 - 80


def _acme_server(value: object) -> str:
    if value in ACME_SERVERS:
        return str(value)
    try:
        return validators.https_url(value)
    except ValueError:
        raise ValueError(
            f"{value!r} is not one of production, staging, an https:// address of an ACME directory"
        ) from None


def _command_line(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a command line")
    try:
        shlex.split(value)
    except ValueError:
        raise ValueError(f"{value!r} has a quote that does not end") from None
    return value


def _upstream(value: object) -> tuple[Resolver, ...]:
    if value == "refuse":
        return ()
    resolvers: tuple[Resolver, ...] = list_of(dns_resolver.parse)(value)
    return resolvers


class InternalTls(StrEnum):
    """Where the internal proxy's certificate comes from."""

    PRIVATE_CA = "private-ca"
    DNS_01 = "dns-01"
    NONE = "none"


@dataclass(frozen=True)
class WebEndpoint:
    """The scheme and the port at which a side serves its applications; port 0 is the usual one of the scheme."""

    scheme: str
    port: int = 0

    def authority(self, host_name: str) -> str:
        """Return a host name with the port, if it is not the usual one (RFC 3986 section 3.2)."""
        return host_name if self.port in (0, DEFAULT_PORTS[self.scheme]) else f"{host_name}:{self.port}"

    def url(self, host_name: str) -> str:
        """Return the URL of a host name, without a path."""
        return f"{self.scheme}://{self.authority(host_name)}"


@dataclass(frozen=True)
class PublicSettings:
    """Where the public proxy listens."""

    address: str = key(
        "the address to serve public applications on; 0.0.0.0 is all IPv4 addresses, :: all of IPv6 too",
        check=validators.ip_address,
        default="0.0.0.0",  # noqa: S104 - the public side is what the world reaches
    )
    http_port: int = key("redirects to HTTPS", check=validators.port, default=80)
    https_port: int = key("serves the public applications", check=validators.port, default=443)
    hsts_seconds: int = key(
        "how long browsers use HTTPS only for a host name (HSTS, RFC 6797), in seconds; sent with a certificate of a "
        "public authority, at ports 80 and 443; 0: never",
        check=whole_number(0, LONGEST_HSTS_SECONDS),
        default=HSTS_SECONDS,
    )
    limits: RequestLimits = section("what one client address may take, see docs/proxy.md", RequestLimits)

    @property
    def endpoint(self) -> WebEndpoint:
        """Return where the public applications are served."""
        return WebEndpoint("https", self.https_port)

    @property
    def hsts(self) -> int:
        """Return for how long browsers use HTTPS only, in seconds.

        0 at other ports than 80 and 443: a browser would ask for HTTPS at the port of plain HTTP (RFC 6797
        section 8.3).
        """
        return self.hsts_seconds if (self.http_port, self.https_port) == tuple(DEFAULT_PORTS.values()) else 0


@dataclass(frozen=True)
class InternalSettings:
    """Where the internal proxy listens."""

    address: ListenAddress = key(
        "the address to serve internal applications on, never one that can be reached from the internet; auto: and "
        "an interface (auto:tailscale0) follows the address of that interface",
        check=listen_address.parse,
        default=FixedAddress("127.0.0.1"),
    )
    # Not 80: with the public proxy on all addresses, 80 is taken on this one too.
    http_port: int = key(
        "serves the internal applications, or redirects to HTTPS", check=validators.port, default=8081
    )
    https_port: int = key("serves the internal applications, unless tls is none", check=validators.port, default=8444)
    tls: InternalTls = key(
        "where the internal certificate comes from: private-ca (your own, made here), dns-01 (a public authority; "
        "needs acme.dns), or none (plain HTTP)",
        check=lambda value: InternalTls(str(one_of(*InternalTls)(value))),
        default=InternalTls.PRIVATE_CA,
    )
    domain: str = key(
        "the domain of the internal applications; empty: internal.DOMAIN",
        check=lambda value: value and validators.domain(value),
        default="",
    )

    @property
    def endpoint(self) -> WebEndpoint:
        """Return where the internal applications are served."""
        if self.tls is InternalTls.NONE:
            return WebEndpoint("http", self.http_port)
        return WebEndpoint("https", self.https_port)

    @property
    def ports(self) -> tuple[int, ...]:
        """Return the ports that the proxy listens on: HTTP, and HTTPS if there is TLS."""
        return (self.http_port,) if self.tls is InternalTls.NONE else (self.http_port, self.https_port)


@dataclass(frozen=True)
class WireguardSettings:
    """The VPN by which its owner reaches the internal side."""

    enabled: bool = key(
        "whether this host is a WireGuard server; if on, internal.address must be in its network",
        check=switch,
        default=False,
    )
    network: str = key(
        "the private IPv4 network of the VPN; the server has internal.address, or else the first address",
        check=validators.private_network,
        default="10.12.0.0/24",
    )
    network6: str = key(
        "the unique local IPv6 network of the VPN (RFC 4193), which setup makes; empty: none",
        check=lambda value: value and validators.local_network6(value),
        default="",
    )
    port: int = key("the UDP port that clients connect to", check=validators.port, default=51820)
    endpoint: str = key(
        "the address or name that clients connect to; empty: public.address if it is public, else the domain",
        check=lambda value: value and validators.endpoint(value),
        default="",
    )
    dns: tuple[Resolver, ...] = key(
        "the DNS resolvers that VPN clients use for all names that are not internal; refuse, or an empty list: the "
        "VPN resolver answers internal names only (split DNS)",
        check=_upstream,
        default=PUBLIC_RESOLVERS,
    )
    mtu: int = key(
        "the largest packet in the tunnel, in bytes; 1420 fits where the internet connection carries 1500",
        check=whole_number(SMALLEST_MTU, LARGEST_MTU),
        default=WIREGUARD_MTU,
    )
    interface: str = key(
        "the name of the network interface; two instances on a host need two",
        check=validators.interface,
        default="wg0",
    )


@dataclass(frozen=True)
class DnsSettings:
    """Validation by DNS records (dns-01), and the resolvers that are asked."""

    provider: str = key(
        "lego's name of the DNS provider (https://go-acme.github.io/lego/dns/), for dns-01; its variables are in "
        "secrets.yaml",
        check=lambda value: value and validators.application(value),
        default="",
    )
    resolvers: tuple[Resolver, ...] = key(
        "public DNS resolvers, each an address or address:port",
        check=list_of(dns_resolver.parse),
        default=PUBLIC_RESOLVERS,
    )


@dataclass(frozen=True)
class AcmeSettings:
    """Where certificates come from."""

    server: str = key(
        "production, staging, or the address of an ACME directory", check=_acme_server, default="production"
    )
    staging: str = key(
        "the address of an ACME directory that is tried before the server; empty: Let's Encrypt's staging before "
        "its production, and nothing before another server",
        check=lambda value: value and validators.https_url(value),
        default="",
    )
    ca_file: str = key(
        "a file with the CA certificates to trust for the ACME server itself, for a private one; empty: the system's",
        check=lambda value: value and validators.absolute_path(value),
        default="",
    )
    dns: DnsSettings = section("validation by DNS records (dns-01), for wildcards and internal names", DnsSettings)

    @property
    def directory(self) -> str:
        """Return the URL of the ACME directory that certificates come from."""
        return ACME_DIRECTORIES.get(self.server, self.server)

    @property
    def staging_directory(self) -> str:
        """Return the URL of the ACME directory that is tried first; empty: none."""
        if self.staging:
            return self.staging
        return ACME_DIRECTORIES["staging"] if self.server == "production" else ""


@dataclass(frozen=True)
class NotifySettings:
    """Where incidents are reported to; both are optional."""

    url: str = key(
        "gets a POST with JSON, see docs/notifications.md",
        check=lambda value: value and validators.http_url(value),
        default="",
    )
    command: str = key(
        "is run with the same JSON on its standard input, such as /usr/local/bin/notify-me --now",
        check=_command_line,
        default="",
    )


@dataclass(frozen=True)
class NetworkSettings:
    """Docker networks, as application files name them; in Docker their names begin with the instance's."""

    public: str = key("the network of public applications", check=validators.network_name, default="main")
    internal: str = key("the network of internal applications", check=validators.network_name, default="internal")
    additional: tuple[str, ...] = key(
        "more networks that applications may join", check=list_of(validators.network_name), default=()
    )


@dataclass(frozen=True)
class ImageSettings:
    """Where container images come from."""

    source: str = key(
        "registry pulls them; local builds those that Debian can provide",
        check=one_of("registry", "local"),
        default="registry",
    )
