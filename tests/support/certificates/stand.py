"""An instance with HTTPS on both sides, new pairs, and clients from outside, for tests of certificates."""

from __future__ import annotations

import contextlib
import datetime
import http.client
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from runtime.base.paths import Side
from runtime.certificates.store import folder, install, keys, placeholder, read, running
from runtime.config.sections import InternalTls
from runtime.config.settings import Settings
from runtime.proxy import check, sockets
from runtime.proxy import install as proxy
from runtime.proxy.container import PROXY_GID, proxy_image
from tests.support.engine import LOOPBACK, Instance, free_port, new_settings, no_trust

DAYS = 30


def settings_with_tls() -> Settings:
    """Return settings of an instance of its own, with HTTPS on the internal side too."""
    settings = new_settings()
    assert settings.internal
    return replace(settings, internal=replace(settings.internal, tls=InternalTls.PRIVATE_CA, https_port=free_port()))


@dataclass(frozen=True)
class Pair:
    """A certificate with its key, and the serial number of its leaf."""

    certificate: bytes
    key: bytes
    serial: int


def make(*host_names: str, days: int = DAYS) -> Pair:
    """Return a self-signed pair; with negative days it has expired."""
    key = keys.fresh()
    made = keys.pair(_builder(host_names, days).public_key(key.public_key()).sign(key, hashes.SHA256()), key)
    return Pair(made.certificate, made.key, read.parse(made.certificate, Path()).serial)


def make_long(*host_names: str, length: int) -> Pair:
    """Return a pair with an RSA key of 4096 bits and a chain of as many certificates."""
    key = rsa.generate_private_key(65537, 4096)
    chain = [
        _builder(host_names, DAYS).public_key(key.public_key()).sign(key, hashes.SHA256()) for _ in range(length)
    ]
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain)
    return Pair(certificate, encoded, chain[0].serial_number)


def _builder(host_names: tuple[str, ...], days: int) -> x509.CertificateBuilder:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host_names[0][:60])])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=100))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in host_names]), critical=False)
    )


@dataclass(frozen=True)
class Stand:
    """An instance that runs, with `a` and `b` on the public side and `wiki` on the internal one."""

    instance: Instance

    def folder(self, side: Side = Side.PUBLIC) -> Path:
        return self.instance.paths.proxy_certificates(side)

    def names(self, side: Side = Side.PUBLIC) -> set[str]:
        """Return all that is in the folder, also hidden files."""
        return {each.name for each in self.folder(side).iterdir()}

    def contents(self) -> dict[str, bytes]:
        """Return the files of the public side's folder."""
        return {each.name: each.read_bytes() for each in self.folder().iterdir()}

    def master(self, side: Side = Side.PUBLIC) -> Path:
        return self.instance.cluster.run.master_socket(side)

    def loaded(self, side: Side = Side.PUBLIC) -> dict[str, int]:
        found = running.loaded(self.master(side))
        assert found is not None
        return dict(found)

    def install(self, name: str, pair: Pair, *host_names: str, side: Side = Side.PUBLIC) -> str:
        cluster = self.instance.cluster
        return install.install(
            cluster.paths, cluster.run, cluster.settings, side, name, pair.certificate, pair.key, host_names
        )

    def load(self, side: Side = Side.PUBLIC) -> str:
        return install.load(self.instance.paths, self.instance.cluster.run, self.instance.settings, side)

    def problems(self, side: Side = Side.PUBLIC) -> dict[str, str]:
        """Return the reported problems of files in the folder, by the names of certificates."""
        return {each.name: each.problem for each in folder.scan(self.folder(side)) if each.problem}

    def archive(self, name: str, now: float, side: Side = Side.PUBLIC) -> str:
        return install.archive(
            self.instance.paths, self.instance.cluster.run, self.instance.settings, side, name, now
        )

    def put_there(self, name: str, pair: Pair, side: Side = Side.PUBLIC) -> Path:
        """Write a user-provided pair: the key first, as the documentation says."""
        for suffix, data in ((".pem.key", pair.key), (".pem", pair.certificate)):
            file = self.folder(side) / f"{name}{suffix}"
            file.write_bytes(data)
            file.chmod(0o644)
        return file

    def port(self, side: Side, scheme: str = "https") -> int:
        section = self.instance.settings.public if side is Side.PUBLIC else self.instance.settings.internal
        assert section
        return section.https_port if scheme == "https" else section.http_port

    def served(self, host: str, side: Side = Side.PUBLIC) -> int:
        """Return the serial number that `openssl s_client` is shown for a host name."""
        address = f"{LOOPBACK}:{self.port(side)}"
        shown = subprocess.run(
            ["openssl", "s_client", "-connect", address, "-servername", host, "-showcerts"],
            input="",
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        ).stdout
        text = subprocess.run(
            ["openssl", "x509", "-noout", "-serial"], input=shown, capture_output=True, text=True, check=True
        ).stdout
        return int(text.strip().removeprefix("serial="), 16)

    def processes(self, side: Side = Side.PUBLIC) -> str:
        """Return which processes serve, and how often the proxy was reloaded; without those that are about to end."""
        rows = sockets.ask(self.master(side), "show proc\nquit").partition("# old workers")[0].splitlines()
        return "\n".join(" ".join(row.split()[:3]) for row in rows if row)

    def starts(self, side: Side = Side.PUBLIC) -> bool:
        """Return whether HAProxy would start with what is in the folder now."""
        cluster = self.instance.cluster
        image = proxy_image(cluster.settings)
        return check.check(cluster.client, image, cluster.paths.proxy_generated(side), self.folder(side)).ok

    def connection(self, side: Side = Side.PUBLIC) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(LOOPBACK, self.port(side), timeout=10, context=no_trust())

    def plain(self, host: str, path: str, side: Side = Side.PUBLIC) -> tuple[int, dict[str, str], str]:
        """Send one plain HTTP request, with the path exactly as it is."""
        with contextlib.closing(socket.create_connection((LOOPBACK, self.port(side, "http")), 10)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            raw = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()
        head, _, body = raw.partition("\r\n\r\n")
        status, *lines = head.split("\r\n")
        return int(status.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body

    def clean(self) -> None:
        """Restore the placeholder alone, in the folder and in the proxies."""
        for side in Side:
            for file in self.folder(side).iterdir():
                file.unlink()
            placeholder.ensure(self.folder(side), PROXY_GID, time.time())
            proxy.reload(self.instance.paths, self.instance.cluster.run, side, force=True)


@contextlib.contextmanager
def open_stand(root: Path, applications: dict[tuple[Side, str], str]) -> Iterator[Stand]:
    """Yield the instance, running. All of it is removed afterwards."""
    instance = Instance(root, settings_with_tls())
    try:
        for (side, name), text in applications.items():
            instance.add(side, name, text)
        report = instance.start()
        assert report.ok, report
        yield Stand(instance)
    finally:
        instance.close()
