"""An authoritative DNS server for tests: knot, with one zone that takes updates (RFC 2136) with a TSIG key."""

from __future__ import annotations

import base64
import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.acme.stand import IMAGES, start
from tests.support.bridges import host_bridge
from tests.support.engine import built_image, free_port, until

if TYPE_CHECKING:
    from docker import DockerClient

KEY_NAME = "shoestring."
# Small databases in memory: knot's own sizes are for whole TLDs.
CONFIGURATION = """
server:
    rundir: /run/knot
    user: root
    listen: {address}@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
key:
  - id: {key_name}
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: updates
    key: {key_name}
    action: update
database:
    storage: /var/lib/knot
    journal-db-max-size: 8M
    timer-db-max-size: 4M
    kasp-db-max-size: 8M
zone:
  - domain: {zone}
    storage: /config
    file: zone
    zonefile-sync: -1
    acl: updates
"""
ZONE = """$ORIGIN {zone}.
$TTL 1
@   SOA ns hostmaster 1 3600 600 86400 1
@   NS  ns
ns  A   {address}
"""


class Knot:
    """A DNS server of a test's own for one zone; `close` takes it away."""

    def __init__(self, client: DockerClient, folder: Path, zone: str) -> None:
        self.zone, self._address = zone, host_bridge(client).address
        self._port, self._secret = free_port(self._address), base64.b64encode(secrets.token_bytes(32)).decode()
        folder.mkdir(parents=True, exist_ok=True)
        values = {
            "address": self._address,
            "port": self._port,
            "key_name": KEY_NAME,
            "secret": self._secret,
            "zone": zone,
        }
        (folder / "knot.conf").write_text(CONFIGURATION.format(**values))
        (folder / "zone").write_text(ZONE.format(**values))
        volumes = {str(folder): {"bind": "/config", "mode": "ro"}}
        command = ["knotd", "--config", "/config/knot.conf"]
        memory = {"/run/knot": "", "/var/lib/knot": "", "/tmp": ""}
        image = built_image(client, IMAGES / "knot")
        self._container = start(client, image, command, volumes=volumes, tmpfs=memory)
        try:
            until(lambda: self.records("@", "SOA"), bool)
        except AssertionError as error:
            log = self._container.logs().decode()
            self.close()
            raise AssertionError(f"knot did not start: {log}") from error

    @property
    def address(self) -> str:
        """HOST:PORT, for containers on the default bridge and for this host."""
        return f"{self._address}:{self._port}"

    def variables(self) -> dict[str, str]:
        """Return what lego's provider `rfc2136` must know: the server, its key, and how often to check the record."""
        return {
            "RFC2136_NAMESERVER": self.address,
            "RFC2136_TSIG_ALGORITHM": "hmac-sha256.",
            "RFC2136_TSIG_KEY": KEY_NAME,
            "RFC2136_TSIG_SECRET": self._secret,
            "RFC2136_TTL": "1",
            "RFC2136_POLLING_INTERVAL": "1",
            "RFC2136_SEQUENCE_INTERVAL": "1",
            "RFC2136_PROPAGATION_TIMEOUT": "20",
        }

    def records(self, name: str, kind: str) -> list[str]:
        """Return the records of a kind at a name of the zone (`@` is the zone itself), as by `kdig +short`."""
        full = f"{self.zone}." if name == "@" else f"{name}.{self.zone}."
        question = [
            "kdig",
            "+short",
            "+timeout=1",
            "+retry=0",
            f"@{self._address}",
            "-p",
            str(self._port),
            full,
            kind,
        ]
        answer = self._container.exec_run(question)
        assert isinstance(answer.output, bytes)
        return answer.output.decode().splitlines() if answer.exit_code == 0 else []

    def log(self) -> str:
        """Return the log of the server, with refused updates."""
        text: str = self._container.logs().decode()
        return text

    def close(self) -> None:
        self._container.remove(force=True, v=True)


@contextlib.contextmanager
def knot(client: DockerClient, folder: Path, zone: str = "internal.example.test") -> Iterator[Knot]:
    """Yield a DNS server for a `with` block; `folder` is a new one of its own."""
    made = Knot(client, folder, zone)
    try:
        yield made
    finally:
        made.close()
