"""The client address that applications see: by IPv4 and IPv6, from outside and over the VPN.

The client is in a network namespace with two cables to this host: one is outside, one stands in for the VPN.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import yaml

from runtime.base.paths import Side
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import InternalSettings, InternalTls, PublicSettings, WireguardSettings
from runtime.context.results import Code
from runtime.reconcile import operations, watchdog
from tests.support.engine import Instance, free_port, new_settings, plain, until
from tests.support.listing import listed_change
from tests.support.vpn.stand import Namespace

pytestmark = pytest.mark.engine

HOSTS = {Side.PUBLIC: "a.example.test", Side.INTERNAL: "b.internal.example.test"}
# Sends requests in a loop, each by a connection of its own; prints the wrong answers and the number of requests.
LOAD = """
import http.client, json, sys, time
address, port, host, seconds = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
wrong, number, end = [], 0, time.monotonic() + seconds
while time.monotonic() < end:
    number += 1
    try:
        connection = http.client.HTTPConnection(address, port, timeout=10)
        connection.request('GET', '/', headers={'Host': host})
        status = connection.getresponse().status
        connection.close()
    except OSError as error:
        status = str(error)
    if status != 200:
        wrong.append(status)
print(json.dumps([wrong, number]))
"""
# Sends a line to a port, and prints what comes back.
ECHO = """
import socket, sys
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
connection.sendall(b'hello')
print(connection.recv(5).decode())
"""


@dataclass(frozen=True)
class Cable:
    """A cable between this host and the client: the interface here, and both ends' addresses of each family."""

    interface: str
    here: tuple[str, str]
    there: tuple[str, str]
    networks: tuple[str, str]


@dataclass(frozen=True)
class Neighbor:
    """The client."""

    namespace: Namespace
    outside: Cable
    vpn: Cable

    def headers(self, url: str, host: str, address: str, port: int) -> str:
        """Return the request headers as the application answers them."""
        resolve = ("--connect-to", f"{host}:{port}:{f'[{address}]' if ':' in address else address}:{port}")
        return self.namespace.run("curl", "-sSk", "--max-time", "10", *resolve, f"{url}/headers").stdout.lower()


@pytest.fixture
def neighbor() -> Iterator[Neighbor]:
    token = secrets.token_hex(3)
    namespace = Namespace(f"c{token}")
    subprocess.run(("ip", "netns", "add", namespace.name), check=True)
    made = []
    try:
        namespace.check("ip", "link", "set", "lo", "up")
        for end in ("o", "v"):
            made.append(plug(namespace, f"{end}{token}"))
        yield Neighbor(namespace, *made)
    finally:
        for cable in made:
            subprocess.run(("ip", "link", "delete", cable.interface), check=False)
        namespace.delete()


def plug(namespace: Namespace, interface: str) -> Cable:
    """Return a cable with networks that no other test has (RFC 2544, RFC 4193)."""
    four = f"198.19.{secrets.randbelow(256)}.{4 * secrets.randbelow(64)}"
    first, last = four.rsplit(".", 1)
    four1, four2 = f"{first}.{int(last) + 1}", f"{first}.{int(last) + 2}"
    prefix = f"fd{secrets.token_hex(1)}:{1 + secrets.randbelow(0xFFFF):x}"
    argv = ("ip", "link", "add", interface, "type", "veth", "peer", "name", interface, "netns", namespace.name)
    subprocess.run(argv, check=True)
    for run, ends in ((_here, (four1, f"{prefix}::1")), (namespace.check, (four2, f"{prefix}::2"))):
        run("ip", "link", "set", interface, "up")
        run("ip", "address", "add", f"{ends[0]}/30", "dev", interface)
        run("ip", "address", "add", f"{ends[1]}/64", "dev", interface, "nodad")
    return Cable(interface, (four1, f"{prefix}::1"), (four2, f"{prefix}::2"), (f"{four}/30", f"{prefix}::/64"))


def _here(*argv: str) -> None:
    subprocess.run(argv, check=True)


@contextlib.contextmanager
def running(root: Path, tools: str, neighbor: Neighbor, public: str) -> Iterator[Instance]:
    """Yield an instance with an application a side, started. The internal side is the VPN's."""
    vpn = neighbor.vpn
    tcp_port = free_port(vpn.here[0])
    settings = replace(
        new_settings(),
        public=PublicSettings(address=public, http_port=free_port(), https_port=free_port()),
        internal=InternalSettings(
            address=FixedAddress(vpn.here[0]), http_port=free_port(vpn.here[0]), tls=InternalTls.NONE
        ),
        wireguard=WireguardSettings(
            enabled=True, network=vpn.networks[0], network6=vpn.networks[1], interface=vpn.interface
        ),
    )
    instance = Instance(root, settings)
    try:
        instance.add(Side.PUBLIC, "a", plain(tools, "a", HOSTS[Side.PUBLIC]))
        tcp = f"x-external-tcp-ports: ['{tcp_port}:9000']\n"
        instance.add(Side.INTERNAL, "b", tcp + plain(tools, "b", HOSTS[Side.INTERNAL]))
        report = instance.start()
        assert report.ok, report
        yield instance
    finally:
        instance.close()


def address_seen(instance: Instance, neighbor: Neighbor, side: Side, address: str) -> str:
    """Return the client's address as the application sees it."""
    public, internal = instance.settings.public, instance.settings.internal
    assert public
    assert internal
    scheme, port = ("https", public.https_port) if side is Side.PUBLIC else ("http", internal.http_port)
    text = neighbor.headers(f"{scheme}://{HOSTS[side]}:{port}", HOSTS[side], address, port)
    return next((line.split(": ")[1] for line in text.splitlines() if line.startswith("x-forwarded-for")), text)


def test_client_address_by_both_families(tmp_path: Path, tools: str, neighbor: Neighbor) -> None:
    with running(tmp_path / "data-directory", tools, neighbor, "::") as instance:
        for side, cable in ((Side.PUBLIC, neighbor.outside), (Side.INTERNAL, neighbor.vpn)):
            for here, there in zip(cable.here, cable.there, strict=True):
                assert until(partial(address_seen, instance, neighbor, side, here), bool) == there
        assert operations.status(instance.cluster).fine
        # And a run of the watchdog has nothing to do.
        assert not watchdog.watch(instance.cluster).outcomes
        pair = yaml.safe_load(instance.file(Side.INTERNAL, "b").read_text())["x-external-tcp-ports"][0]
        for address in neighbor.vpn.here:
            argv = (sys.executable, "-c", ECHO, address, pair.partition(":")[0])
            assert neighbor.namespace.check(*argv) == "hello\n"


def test_client_address_with_one_listen_address_under_reloads(tmp_path: Path, tools: str, neighbor: Neighbor) -> None:
    with running(tmp_path / "data-directory", tools, neighbor, neighbor.outside.here[1]) as instance:
        assert instance.settings.internal
        address, port = neighbor.vpn.here[1], str(instance.settings.internal.http_port)
        ask = (sys.executable, "-c", LOAD, address, port, HOSTS[Side.INTERNAL], "8")
        until(
            lambda: address_seen(instance, neighbor, Side.INTERNAL, address),
            lambda seen: seen == neighbor.vpn.there[1],
        )
        with subprocess.Popen(neighbor.namespace.argv(*ask), stdout=subprocess.PIPE, text=True) as load:
            for number in range(3):
                name = f"c{number}.internal.example.test"
                instance.add(Side.INTERNAL, f"c{number}", plain(tools, f"c{number}", name))
                assert instance.start().ok
            answer = load.communicate()[0]
        wrong, number = json.loads(answer)
        assert (wrong, number > 20) == ([], True)
        here, there = neighbor.outside.here, neighbor.outside.there
        assert address_seen(instance, neighbor, Side.PUBLIC, here[1]) == there[1]
        assert address_seen(instance, neighbor, Side.PUBLIC, here[0]) == ""


def test_status_and_watchdog_with_stopped_ipv6_and_dns_containers(
    tmp_path: Path, tools: str, neighbor: Neighbor
) -> None:
    with running(tmp_path / "data-directory", tools, neighbor, "0.0.0.0") as instance:
        found = [each for each in instance.containers() if "-ipv6-" in each or "-names-" in each]
        assert len(found) == 2
        for name in found:
            with listed_change(instance.cluster.client, name):
                instance.cluster.client.containers.get(name).stop(timeout=5)
        status = operations.status(instance.cluster)
        assert not status.fine
        assert [each.code for each in status.problems] == [Code.CORE_NOT_RUNNING] * 2
        assert [each.subject for each in status.problems] == ["haproxy-internal-ipv6", "names"]
        assert watchdog.watch(instance.cluster).ok
        assert operations.status(instance.cluster).fine
