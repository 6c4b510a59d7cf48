"""How to trust the private CA on other computers: the text of `shoestring ssl ca`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from runtime.config.sections import WebEndpoint


@dataclass(frozen=True)
class RootTrust:
    """The values in the text.

    `root` is the certificate's file on this host, `fingerprint` its SHA-256 as systems show it. `host_names`
    are those of the internal side, without wildcards; `https_port` is where they are served. `option` is the option
    of a command that names the data directory.
    """

    root: Path
    fingerprint: str
    domain: str
    host_names: tuple[str, ...]
    https_port: int
    option: str = ""

    @property
    def file(self) -> str:
        """Return the name of the root's copy on another computer. Debian takes only names that end in .crt."""
        return f"{self.domain}.crt"

    def at(self, host_name: str) -> str:
        """Return a host name, with the port if it is not the default one."""
        return WebEndpoint("https", self.https_port).authority(host_name)

    def like(self, *words: str) -> str:
        """Return the first host name with one of these words in it; else the first word below the domain."""
        named = (name for name in self.host_names if any(word in name.split(".")[0] for word in words))
        return next(named, f"{words[0]}.{self.domain}")


def lines(trust: RootTrust) -> list[str]:
    """Return all lines."""
    return [line for part in _parts(trust) for line in (*part, "")][:-1]


def _parts(trust: RootTrust) -> Iterator[list[str]]:
    yield [
        f"  Private CA     signs for {trust.domain} and the names below it only",
        f"  Certificate    {trust.root}",
        f"  SHA-256        {trust.fingerprint}",
    ]
    yield _part(
        "Copy it to the computer that should trust it, and compare the fingerprint there",
        f"ssh THIS-HOST sudo shoestring ssl ca --pem{trust.option} > {trust.file}",
        f"openssl x509 -in {trust.file} -noout -fingerprint -sha256",
    )
    yield from _systems(trust.file)
    yield from _programs(trust)
    yield _part("Check that it works", f"curl --cacert {trust.file} https://{trust.at(trust.domain)}/")


def _systems(file: str) -> Iterator[list[str]]:
    """Yield the parts for programs that use the system's list of authorities."""
    yield _part(
        "Debian, Ubuntu",
        f"sudo cp {file} /usr/local/share/ca-certificates/",
        "sudo update-ca-certificates",
    )
    yield _part(
        "Fedora, RHEL",
        f"sudo cp {file} /etc/pki/ca-trust/source/anchors/",
        "sudo update-ca-trust",
    )
    yield _part(
        "macOS",
        f"sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {file}",
    )
    yield _part("Windows, as administrator", f"certutil -addstore -f Root {file}")


def _programs(trust: RootTrust) -> Iterator[list[str]]:
    """Yield the parts for programs with their own list."""
    yield _part(
        "Firefox on Linux, which has its own list",
        "Settings, Privacy & Security, View Certificates, Authorities, Import: choose the file,",
        'tick "Trust this CA to identify websites"',
    )
    registry = trust.at(trust.like("docker", "registry"))
    yield _part(
        "docker login on Linux, without a restart",
        f"sudo mkdir -p /etc/docker/certs.d/{registry}",
        f"sudo cp {trust.file} /etc/docker/certs.d/{registry}/ca.crt",
        f"docker login {registry}",
    )
    yield _part(
        "npm and other Node programs, in addition to their CAs (npm's cafile would replace those)",
        f'export NODE_EXTRA_CA_CERTS="$PWD/{trust.file}"',
        f"npm ping --registry https://{trust.at(trust.like('npm'))}/",
    )


def _part(title: str, *commands: str) -> list[str]:
    return [f"  {title}", *(f"    {each}" for each in commands)]


def plain_names(host_names: Iterable[str]) -> tuple[str, ...]:
    """Return host names without wildcards and duplicates."""
    return tuple(dict.fromkeys(name for name in host_names if not name.startswith("*.")))
