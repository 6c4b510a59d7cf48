"""DNS for VPN clients: dnsmasq beside the proxies, queried at the internal address; and an address that comes late.

The internal address is the engine's own end of a bridge of the test: private, and on this host alone.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import secrets
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import dns.message
import dns.query
import dns.rcode
import dns.rrset
import pytest

from runtime.base.paths import Side
from runtime.config import dns_resolver
from runtime.config.listen_address import FixedAddress, FollowedInterface
from runtime.config.sections import InternalSettings, InternalTls, WireguardSettings
from runtime.context.cluster import open_cluster
from runtime.context.results import Code
from runtime.reconcile import fast_path, operations, watchdog
from tests.support.bridges import HostBridge, host_bridge
from tests.support.engine import Instance, ask, free_port, memory_of, names, new_settings, output_of, plain, until

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = pytest.mark.engine

MOST_MEMORY = 10 * 1024 * 1024
DOMAIN = "internal.example.test"


@pytest.fixture
def bridge(client: DockerClient) -> Iterator[HostBridge]:
    """A bridge in endpoint of the VPN interface: DNS and ports only need an address."""
    network = client.networks.create(f"t{secrets.token_hex(3)}-vpn")
    try:
        yield host_bridge(client, str(network.id))
    finally:
        network.remove()


@contextlib.contextmanager
def running(root: Path, bridge: HostBridge, upstream: tuple[str, ...] = ()) -> Iterator[Instance]:
    """Yield an instance whose internal side is on the bridge, not started."""
    settings = replace(
        new_settings(),
        public=None,
        internal=InternalSettings(
            address=FixedAddress(bridge.address), http_port=free_port(bridge.address), tls=InternalTls.NONE
        ),
        wireguard=WireguardSettings(
            enabled=True,
            network=bridge.network,
            dns=tuple(map(dns_resolver.parse, upstream)),
            interface=bridge.interface,
        ),
    )
    made = Instance(root, settings)
    try:
        yield made
    finally:
        made.close()


def rcode(answer: dns.message.Message) -> str:
    return dns.rcode.to_text(answer.rcode())


def query(bridge: HostBridge, name: str, kind: str = "A", *, tcp: bool = False) -> dns.message.Message:
    question = dns.message.make_query(name, kind)
    return dns.query.tcp(question, bridge.address, 5) if tcp else dns.query.udp(question, bridge.address, 5)


def addresses(bridge: HostBridge, name: str) -> list[str]:
    return [str(item) for rrset in query(bridge, name).answer for item in rrset]


def names_container(instance: Instance) -> tuple[str, str]:
    """Return the name of the resolver's container, and when it was started."""
    return next(each for each in instance.containers().items() if "-names-" in each[0])


def test_dns_answers_names_of_files(tmp_path: Path, tools: str, bridge: HostBridge) -> None:
    with running(tmp_path / "data-directory", bridge) as instance:
        instance.add(Side.INTERNAL, "a", plain(tools, "a", f"a.{DOMAIN}", f"'*.w.{DOMAIN}'", "wiki.other.test"))
        assert instance.start().ok
        for name in (DOMAIN, f"a.{DOMAIN}", f"any.w.{DOMAIN}", "wiki.other.test", f"A.{DOMAIN.upper()}"):
            for tcp in (False, True):
                answer = query(bridge, name, tcp=tcp)
                assert [str(item) for rrset in answer.answer for item in rrset] == [bridge.address], name
            # A name without an address of this kind: NOERROR, not NXDOMAIN.
            empty = query(bridge, name, "AAAA")
            assert (rcode(empty), empty.answer) == ("NOERROR", []), name
        assert rcode(query(bridge, f"none.{DOMAIN}")) == "NXDOMAIN"
        assert rcode(query(bridge, "debian.org")) == "REFUSED"


def test_dns_new_name_without_restart(tmp_path: Path, tools: str, bridge: HostBridge) -> None:
    with running(tmp_path / "data-directory", bridge) as instance:
        instance.add(Side.INTERNAL, "a", plain(tools, "a", f"a.{DOMAIN}"))
        assert instance.start().ok
        before = names_container(instance)
        file = instance.add(Side.INTERNAL, "b", plain(tools, "b", f"b.{DOMAIN}"))
        report = instance.start()
        assert report.ok
        assert "install-dns dns" in names(report)
        assert until(lambda: addresses(bridge, f"b.{DOMAIN}"), bool) == [bridge.address]
        file.unlink()
        assert instance.start().ok
        until(lambda: rcode(query(bridge, f"b.{DOMAIN}")), lambda code: code == "NXDOMAIN")
        assert addresses(bridge, f"a.{DOMAIN}") == [bridge.address]
        assert names_container(instance) == before
        # And the next start changes nothing.
        assert names(instance.start()) == []
        assert fast_path.is_unchanged(str(instance.paths.root))


def test_dns_restores_generated_directory(tmp_path: Path, tools: str, bridge: HostBridge) -> None:
    with running(tmp_path / "data-directory", bridge) as instance:
        instance.add(Side.INTERNAL, "a", plain(tools, "a", f"a.{DOMAIN}"))
        assert instance.start().ok
        shutil.rmtree(instance.paths.names_generated)
        assert watchdog.watch(instance.cluster).ok
        instance.add(Side.INTERNAL, "a", plain(tools, "a", f"new.{DOMAIN}"))
        assert instance.start().ok
        assert until(lambda: addresses(bridge, f"new.{DOMAIN}"), bool) == [bridge.address]


def test_dns_memory_and_privileges(tmp_path: Path, bridge: HostBridge) -> None:
    with running(tmp_path / "data-directory", bridge) as instance:
        assert instance.start().ok
        until(lambda: addresses(bridge, DOMAIN), bool)
        for number in range(1000):
            query(bridge, f"n{number}.{DOMAIN}", tcp=number % 20 == 0)
        container = instance.cluster.client.containers.get(names_container(instance)[0])
        assert memory_of(container)["usage"] < MOST_MEMORY
        container.reload()
        # More than it uses: what starts a container counts too, for a moment.
        assert container.attrs["HostConfig"]["Memory"] == 32 * 1024 * 1024
        assert not container.attrs["State"]["OOMKilled"]
        status = output_of(container, "cat", "/proc/1/status")
        assert "Uid:\t65534\t65534\t65534\t65534" in status
        assert "CapEff:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status


class Upstream:
    """A resolver that has one address for every name, and records its queries."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.endpoint = f"{address}:{self.socket.getsockname()[1]}"
        self.asked: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                data, sender = self.socket.recvfrom(4096)
                question = dns.message.from_wire(data)
                name = question.question[0].name
                self.asked.append(str(name).lower())
                answer = dns.message.make_response(question)
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.7"))
                self.socket.sendto(answer.to_wire(), sender)


def test_dns_forwards_only_other_names(tmp_path: Path, bridge: HostBridge) -> None:
    upstream = Upstream(bridge.address)
    try:
        with running(tmp_path / "data-directory", bridge, (upstream.endpoint,)) as instance:
            assert instance.start().ok
            assert until(lambda: addresses(bridge, "debian.org"), bool) == ["192.0.2.7"]
            assert rcode(query(bridge, f"none.{DOMAIN}")) == "NXDOMAIN"
            reverse = ipaddress.ip_address(bridge.address).reverse_pointer
            assert rcode(query(bridge, reverse, "PTR")) in ("NXDOMAIN", "NOERROR")
            assert set(upstream.asked) == {"debian.org."}
    finally:
        upstream.socket.close()


def move(interface: str, bridge: HostBridge, address: str) -> None:
    """Have another address on a bridge in endpoint of this host's own."""
    prefix = ipaddress.ip_network(bridge.network).prefixlen
    for verb, each in (("delete", bridge.address), ("add", address)):
        subprocess.run(("ip", "address", verb, f"{each}/{prefix}", "dev", interface), check=True)


def served_at(instance: Instance) -> set[str]:
    """Return the addresses at which the internal proxy's container is published."""
    name = next(each for each in instance.containers() if "haproxy-internal" in each)
    ports = instance.cluster.client.containers.get(name).attrs["NetworkSettings"]["Ports"]
    return {each["HostIp"] for listed in ports.values() for each in listed or ()}


@pytest.mark.parametrize("tls", [InternalTls.NONE, InternalTls.PRIVATE_CA])
def test_internal_proxy_follows_late_and_changed_address(
    tmp_path: Path, tools: str, client: DockerClient, tls: InternalTls
) -> None:
    token = secrets.token_hex(3)
    port = free_port()
    settings = replace(
        new_settings(),
        internal=InternalSettings(
            address=FollowedInterface(f"late{token}"), http_port=port, https_port=free_port(), tls=tls
        ),
    )
    # With HTTPS, plain HTTP only redirects.
    served = 200 if tls is InternalTls.NONE else 308
    instance = Instance(tmp_path / "data-directory", settings)
    network = None
    try:
        instance.add(Side.INTERNAL, "a", plain(tools, "a", f"a.{DOMAIN}"))
        report = instance.start()
        assert report.ok
        assert [each.code for each in report.warnings] == [Code.NO_ADDRESS_YET]
        assert f"late{token}" in report.warnings[0].message
        assert "haproxy-internal" not in " ".join(instance.containers())
        assert operations.status(instance.cluster).warnings == report.warnings
        assert fast_path.is_unchanged(str(instance.paths.root))
        network = client.networks.create(f"late{token}", options={"com.docker.network.bridge.name": f"late{token}"})
        bridge = host_bridge(client, str(network.id))
        assert not fast_path.is_unchanged(str(instance.paths.root))
        address, moved = bridge.address, str(ipaddress.ip_network(bridge.network)[77])
        for current in (address, moved):
            if current == moved:
                move(f"late{token}", bridge, moved)
                assert not fast_path.is_unchanged(str(instance.paths.root))
            # Each run reads the settings again, and with them the address.
            instance.cluster = open_cluster(instance.paths)
            assert watchdog.watch(instance.cluster).ok
            answer = until(
                lambda current=current: ask(  # type: ignore[misc]
                    http.client.HTTPConnection(current, port, timeout=5), f"a.{DOMAIN}", "/", {}
                ),
                lambda answer: answer.status == served,
            )
            assert answer.status == served
            assert served_at(instance) == {current}
    finally:
        instance.close()
        if network:
            network.remove()


def test_start_with_vpn_down(tmp_path: Path, tools: str) -> None:
    settings = replace(
        new_settings(),
        internal=InternalSettings(address=FixedAddress("10.12.0.1"), tls=InternalTls.NONE),
        wireguard=WireguardSettings(enabled=True, interface=f"none{secrets.token_hex(3)}"),
    )
    instance = Instance(tmp_path / "data-directory", settings)
    try:
        instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
        instance.add(Side.INTERNAL, "b", plain(tools, "b", f"b.{DOMAIN}"))
        report = instance.start()
        assert not report.ok
        assert all(each.ok for each in report.outcomes)
        (blocked,) = report.blocked
        assert blocked.code is Code.VPN_DOWN
        assert blocked.advice == "Bring it up: shoestring vpn apply"
        assert instance.wait("a.example.test").status == 200
        # Each run reports it again until it is up.
        assert not fast_path.is_unchanged(str(instance.paths.root))
        report = watchdog.watch(instance.cluster)
        assert (report.outcomes, report.blocked) == ((), (blocked,))
        assert blocked in operations.status(instance.cluster).problems
    finally:
        instance.close()
