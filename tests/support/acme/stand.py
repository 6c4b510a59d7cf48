"""A real CA for tests: pebble, with its challenge test server as its DNS server.

Both run in containers on the host's network. pebble listens at this host's address on Docker's default bridge, so
that clients in containers there reach it, and validates names at any loopback address that its DNS gives.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import secrets
import socket
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.acme.front import Front, make_front
from tests.support.bridges import host_bridge
from tests.support.engine import LOOPBACK, built_image, free_port, until

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

IMAGES = Path(__file__).parents[1] / "images"
# pebble's names of its endpoints, not Let's Encrypt's on purpose (pebble, wfe/wfe.go), and those of RFC 8555.
ENDPOINTS = {
    "dir": "directory",
    "nonce-plz": "new-nonce",
    "sign-me-up": "new-account",
    "my-account": "account",
    "order-plz": "new-order",
    "my-order": "order",
    "finalize-order": "finalize",
    "authZ": "authorization",
    "chalZ": "challenge",
    "certZ": "certificate",
    "revoke-cert": "revoke",
    "rollover-account-key": "key-change",
    "draft-ietf-acme-ari-03": "renewal-info",
}
HANDLED = re.compile(r"[A-Z]+ (/\S*) -> calling handler")


def endpoint(path: str) -> str:
    """Return what RFC 8555 calls an endpoint of pebble's; its path if it has no name there."""
    return ENDPOINTS.get(path.split("/")[1], path)


@dataclass(frozen=True)
class PebbleOptions:
    """How the CA behaves. `dns` is HOST:PORT of another server to ask than its own challenge test server."""

    validity_seconds: int = 90 * 24 * 3600
    nonce_reject_percent: int = 0
    reuse_authorizations: bool = False
    http_port: int = 80
    dns: str = ""


class Names:
    """The DNS server that tests fill with names: pebble-challtestsrv. A name that was not set has no address."""

    def __init__(self, client: DockerClient, image: str) -> None:
        port, self._management = free_port(), free_port()
        self.dns = f"{LOOPBACK}:{port}"
        off = [
            word
            for name in ("http01", "https01", "tlsalpn01", "doh", "defaultIPv4", "defaultIPv6")
            for word in (f"-{name}", "")
        ]
        where = ["-dns01", self.dns, "-management", f"{LOOPBACK}:{self._management}"]
        self._container = start(client, image, ["pebble-challtestsrv", *off, *where])
        try:
            until(lambda: self._call("clear-a", {"host": "none.test"}), lambda status: status == 200)
        except BaseException:
            self.close()
            raise

    def set_address(self, name: str, *addresses: str) -> None:
        """Give a name IPv4 addresses, in place of those it had."""
        self.clear(name)
        self._call("add-a", {"host": name, "addresses": addresses})

    def clear(self, name: str) -> None:
        """Remove the addresses of a name."""
        self._call("clear-a", {"host": name})

    def close(self) -> None:
        self._container.remove(force=True)

    def _call(self, path: str, body: dict[str, object]) -> int:
        connection = http.client.HTTPConnection(LOOPBACK, self._management, timeout=5)
        with contextlib.closing(connection):
            connection.request("POST", f"/{path}", json.dumps(body))
            return connection.getresponse().status


class Pebble:
    """An ACME server of a test's own; `close` takes it away."""

    def __init__(self, client: DockerClient, folder: Path, options: PebbleOptions | None = None) -> None:
        self.options = options or PebbleOptions()
        self.address = host_bridge(client).address
        self.port, self._management = free_port(self.address), free_port(self.address)
        self.front: Front = make_front(folder / "front", self.address)
        self._folder, self._client, self._image = folder, client, built_image(client, IMAGES / "pebble")
        self._container: Container | None = None
        self._seen: Counter[str] = Counter()
        self._configure()
        self.names = Names(client, self._image)
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def directory(self) -> str:
        """The URL of the ACME directory."""
        return f"https://{self.address}:{self.port}/dir"

    @property
    def ca_file(self) -> Path:
        """What clients must trust to talk to this CA. Not what signs the certificates that it issues."""
        return self.front.ca_file

    @property
    def dns(self) -> str:
        """HOST:PORT of its DNS, as `acme.dns.resolvers` may say."""
        return self.names.dns

    def set_address(self, name: str, *addresses: str) -> None:
        """Give a name IPv4 addresses, in place of those it had."""
        self.names.set_address(name, *addresses)

    def clear(self, name: str) -> None:
        """Remove the addresses of a name."""
        self.names.clear(name)

    def roots(self) -> str:
        """Return the root, as PEM, that certificates issued since the last `start` chain to."""
        url = f"https://{self.address}:{self._management}/roots/0"
        with urllib.request.urlopen(url, timeout=5, context=self.front.client()) as answer:
            text: str = answer.read().decode()
        return text

    def requests(self) -> Counter[str]:
        """Return the number of requests since the CA was made, by endpoint of RFC 8555: new-order, challenge, ..."""
        return self._seen + (self._logged() if self._container else Counter())

    def start(self) -> None:
        """Start the CA. It has no memory: its root is new, and earlier accounts are unknown."""
        behaviour = {
            "PEBBLE_VA_NOSLEEP": "1",
            "PEBBLE_WFE_NONCEREJECT": str(self.options.nonce_reject_percent),
            "PEBBLE_AUTHZREUSE": "100" if self.options.reuse_authorizations else "0",
        }
        command = ["pebble", "-config", "/config/pebble.json", "-dnsserver", self.options.dns or self.dns]
        volumes = {str(self._folder): {"bind": "/config", "mode": "ro"}}
        self._container = start(self._client, self._image, command, environment=behaviour, volumes=volumes)
        try:
            until(lambda: self.roots() and self._listens(), bool)
        except AssertionError as error:
            raise AssertionError(f"pebble did not start: {self._container.logs().decode()}") from error

    def stop(self) -> None:
        """End the CA: connections to it are refused until `start`."""
        if self._container:
            self._seen += self._logged()
            self._container.remove(force=True)
            self._container = None

    def close(self) -> None:
        self.stop()
        self.names.close()

    def _listens(self) -> bool:
        with socket.create_connection((self.address, self.port), timeout=5):
            return True

    def _logged(self) -> Counter[str]:
        assert self._container
        paths = HANDLED.findall(self._container.logs().decode())
        return Counter(map(endpoint, paths))

    def _configure(self) -> None:
        configuration = {
            "listenAddress": f"{self.address}:{self.port}",
            "managementListenAddress": f"{self.address}:{self._management}",
            "certificate": "/config/front/certificate.pem",
            "privateKey": "/config/front/key.pem",
            "httpPort": self.options.http_port,
            "tlsPort": 443,
            "certificateValidityPeriod": self.options.validity_seconds,
            # Seconds that clients must wait before they ask again; 0 would mean 3 and 5.
            "retryAfter": {"authz": 1, "order": 1},
        }
        (self._folder / "pebble.json").write_text(json.dumps({"pebble": configuration}))


def start(client: DockerClient, image: str, command: list[str], **options: object) -> Container:
    """Start a server on the host's network, with no more rights than it needs."""
    name = f"shoestring-acme-{secrets.token_hex(4)}"
    rights = {"network_mode": "host", "read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}
    settings: dict[str, object] = {"name": name, "detach": True, **rights, **options}
    container: Container = client.containers.run(image, command, **settings)  # type: ignore[call-overload]
    return container


@contextlib.contextmanager
def pebble(client: DockerClient, folder: Path, options: PebbleOptions | None = None) -> Iterator[Pebble]:
    """Yield an ACME server for a `with` block; `folder` is an empty or new one of its own."""
    made = Pebble(client, folder, options)
    try:
        yield made
    finally:
        made.close()
