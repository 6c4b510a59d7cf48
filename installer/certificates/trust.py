"""How to trust the private CA on other computers: `shoestring ssl ca`. Pure text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

HTTPS_PORT = 443


@dataclass(frozen=True)
class Trust:
    """What the texts are made of.

    `root` is the certificate's file on this host, `fingerprint` its SHA-256 as people compare it. `host_names` are
    those of the internal side, without wildcards; `https_port` is where they are served. `option` is what a command
    needs to find the data directory.
    """

    root: Path
    fingerprint: str
    domain: str
    host_names: tuple[str, ...]
    https_port: int
    option: str = ""

    @property
    def file(self) -> str:
        """The name of the root's copy on another computer. Debian takes only names that end in .crt."""
        return f"{self.domain}.crt"

    def at(self, host_name: str) -> str:
        """A host name with the port, where it needs one."""
        return host_name if self.https_port == HTTPS_PORT else f"{host_name}:{self.https_port}"

    def like(self, *words: str) -> str:
        """The first host name with one of these words in it; else the first word below the domain."""
        named = (name for name in self.host_names if any(word in name.split(".")[0] for word in words))
        return next(named, f"{words[0]}.{self.domain}")


def lines(trust: Trust) -> list[str]:
    """All of it, for a person."""
    return [line for part in _parts(trust) for line in (*part, "")][:-1]


def _parts(trust: Trust) -> Iterator[list[str]]:
    yield [
        f"  Your own CA    signs for {trust.domain} and the names below it, and can sign for no others",
        f"  Certificate    {trust.root}",
        f"  SHA-256        {trust.fingerprint}",
    ]
    yield _part(
        "Copy it to the computer that shall trust it, and compare the fingerprint there",
        f"ssh THIS-HOST sudo shoestring ssl ca --pem{trust.option} > {trust.file}",
        f"openssl x509 -in {trust.file} -noout -fingerprint -sha256",
    )
    yield from _systems(trust.file)
    yield from _programs(trust)
    yield _part("See that it works", f"curl --cacert {trust.file} https://{trust.at(trust.domain)}/")


def _systems(file: str) -> Iterator[list[str]]:
    """For all programs that ask the system."""
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


def _programs(trust: Trust) -> Iterator[list[str]]:
    """For those that have a list of their own."""
    yield _part(
        "Firefox on Linux, which has a list of its own",
        "Settings, Privacy & Security, View Certificates, Authorities, Import: choose the file,",
        'tick "Trust this CA to identify websites"',
    )
    registry = trust.at(trust.like("docker", "registry"))
    yield _part(
        "docker login, on Linux; without a restart",
        f"sudo mkdir -p /etc/docker/certs.d/{registry}",
        f"sudo cp {trust.file} /etc/docker/certs.d/{registry}/ca.crt",
        f"docker login {registry}",
    )
    yield _part(
        "npm and all of Node, besides the CAs that they know (npm's cafile would replace those)",
        f'export NODE_EXTRA_CA_CERTS="$PWD/{trust.file}"',
        f"npm ping --registry https://{trust.at(trust.like('npm'))}/",
    )


def _part(title: str, *commands: str) -> list[str]:
    return [f"  {title}", *(f"    {each}" for each in commands)]


def plain_names(host_names: Iterable[str]) -> tuple[str, ...]:
    """Host names that can be asked for: without wildcards, each once."""
    return tuple(dict.fromkeys(name for name in host_names if not name.startswith("*.")))
