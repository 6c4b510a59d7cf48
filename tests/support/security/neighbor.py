"""A neighbor of this host on a link of its own: a network namespace with a cable."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.firewall import scanners
from tests.support.vpn.stand import Namespace

if TYPE_CHECKING:
    from docker.models.containers import Container

DROPPED_SECONDS, ANSWER_SECONDS = 1.0, 4.0
_REFUSED = 3


@dataclass(frozen=True)
class Neighbor:
    """A machine on a link. `host` is this host's address on the link, `address` the neighbor's."""

    namespace: Namespace
    host: str
    address: str

    def route(self, network: str) -> None:
        """Send packets to a network by way of this host."""
        self.namespace.check("ip", "route", "replace", network, "via", self.host)

    def reaches(self, address: str, port: int, seconds: float = ANSWER_SECONDS) -> bool:
        """Return whether a TCP connection can be made within so long."""
        return _connects(self.namespace.argv(), address, port, seconds)


def container_reaches(container: Container, address: str, port: int, seconds: float = ANSWER_SECONDS) -> bool:
    """Return whether code in a container can make a TCP connection within so long."""
    container.reload()
    process = str(container.attrs["State"]["Pid"])
    return _connects(("nsenter", "--target", process, "--net"), address, port, seconds)


def address_on(container: Container, network: str) -> str:
    """Return the address of a container on a network of Docker."""
    container.reload()
    return str(container.attrs["NetworkSettings"]["Networks"][network]["IPAddress"])


@contextlib.contextmanager
def neighbor() -> Iterator[Neighbor]:
    """Yield a neighbor on a private network of two; the link and the namespace are removed."""
    token = secrets.token_hex(3)
    network = f"10.{64 + secrets.randbelow(64)}.{secrets.randbelow(256)}"
    made = Neighbor(Namespace(f"near{token}"), f"{network}.1", f"{network}.2")
    near, far = f"nb{token}n", f"nb{token}f"
    subprocess.run(("ip", "netns", "add", made.namespace.name), check=True)
    try:
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", made.namespace.name)
        _ip("address", "add", f"{made.host}/30", "dev", near)
        _ip("link", "set", near, "up")
        made.namespace.check("ip", "address", "add", f"{made.address}/30", "dev", far)
        made.namespace.check("ip", "link", "set", far, "up")
        yield made
    finally:
        subprocess.run(("ip", "link", "delete", near), check=False)
        made.namespace.delete()


def _ip(*arguments: str) -> None:
    subprocess.run(("ip", *arguments), check=True)


def _connects(prefix: tuple[str, ...], address: str, port: int, seconds: float) -> bool:
    argv = (*prefix, sys.executable, "-S", "-c", scanners.CONNECT, address, str(port), str(seconds))
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode in (0, _REFUSED), done.stderr
    return done.returncode == 0
