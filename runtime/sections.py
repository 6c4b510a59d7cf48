"""The sections of `conf/shoestring.yaml`: what each key means and takes."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum

from runtime import names
from runtime.schema import key, list_of, one_of, section

ACME_SERVERS = ("production", "staging")
# https://letsencrypt.org/docs/acme-protocol-updates/ and /docs/staging-environment/
ACME_DIRECTORIES = {
    "production": "https://acme-v02.api.letsencrypt.org/directory",
    "staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
# Asked from outside, so that the answers are those that a certificate authority gets.
PUBLIC_RESOLVERS = ("1.1.1.1", "9.9.9.9")


def _acme_server(value: object) -> str:
    if value in ACME_SERVERS:
        return str(value)
    try:
        return names.https_url(value)
    except ValueError:
        raise ValueError(
            f"{value!r} is none of production, staging, an https:// address of an ACME directory"
        ) from None


def _command_line(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a command line")
    try:
        shlex.split(value)
    except ValueError:
        raise ValueError(f"{value!r} has a quote that does not end") from None
    return value


class InternalTls(StrEnum):
    """Where the internal proxy's certificate comes from."""

    PRIVATE_CA = "private-ca"
    DNS_01 = "dns-01"
    NONE = "none"


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
    http_port: int = key("serves the internal applications, or redirects to HTTPS", check=names.port, default=8081)
    https_port: int = key("serves the internal applications, unless tls is none", check=names.port, default=8444)
    tls: InternalTls = key(
        "where the internal certificate comes from: private-ca (your own, made here), dns-01 (a public authority; "
        "needs acme.dns), or none (plain HTTP)",
        check=lambda value: InternalTls(str(one_of(*InternalTls)(value))),
        default=InternalTls.PRIVATE_CA,
    )
    domain: str = key(
        "the domain of the internal applications; empty: internal. and the domain",
        check=lambda value: value and names.domain(value),
        default="",
    )


@dataclass(frozen=True)
class DnsSettings:
    """How names are proven by DNS records (dns-01), and who is asked for records."""

    provider: str = key(
        "lego's name of the DNS provider (https://go-acme.github.io/lego/dns/), for dns-01; its variables are in "
        "secrets.yaml",
        check=lambda value: value and names.application(value),
        default="",
    )
    resolvers: tuple[str, ...] = key(
        "DNS resolvers that see names as the world does, each an address or address:port",
        check=list_of(names.resolver),
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
        check=lambda value: value and names.https_url(value),
        default="",
    )
    ca_file: str = key(
        "a file with the root certificate of the ACME server's own HTTPS, where no system knows it",
        check=lambda value: value and names.absolute_path(value),
        default="",
    )
    dns: DnsSettings = section("proof by DNS records, for wildcards and internal names", DnsSettings)

    @property
    def directory(self) -> str:
        """The address of the ACME directory that certificates come from."""
        return ACME_DIRECTORIES.get(self.server, self.server)

    @property
    def staging_directory(self) -> str:
        """The address of the ACME directory that is tried first; empty: none."""
        if self.staging:
            return self.staging
        return ACME_DIRECTORIES["staging"] if self.server == "production" else ""


@dataclass(frozen=True)
class NotifySettings:
    """Who hears of what needs a person; neither is needed."""

    url: str = key(
        "gets a POST with JSON, see docs/notifications.md",
        check=lambda value: value and names.http_url(value),
        default="",
    )
    command: str = key(
        "is run with the same JSON on its standard input, such as /usr/local/bin/tell-me --now",
        check=_command_line,
        default="",
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
