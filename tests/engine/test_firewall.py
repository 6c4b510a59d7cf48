"""The firewall between network namespaces: what neighbors of a host reach, from each side."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine import until
from tests.support.firewall import docker_host
from tests.support.firewall.docker_host import (
    BRIDGE,
    BRIDGE6,
    CONTAINER,
    CONTAINER6,
    OPENED,
    PUBLISHED,
    PUBLISHED_UDP,
)
from tests.support.firewall.stand import (
    ALLOWED,
    CLIENT,
    CLIENT6,
    HOST,
    HOST6,
    NEIGHBOR,
    NEIGHBOR6,
    OUTSIDE,
    OUTSIDE6,
    PRIVATE,
    PRIVATE6,
    TCP_PORTS,
    UDP_PORTS,
    VPN,
    VPN6,
    Stand,
    published,
)

pytestmark = pytest.mark.engine

# Inner addresses and those of the host itself; the last is behind a neighbor.
SOURCES = (CLIENT, CONTAINER, NEIGHBOR, HOST, PRIVATE, "10.99.0.1")
SOURCES6 = (CLIENT6, CONTAINER6, NEIGHBOR6, HOST6, PRIVATE6, "fd99::1")
# Counts packets that came to the host from outside, and those that were not dropped before its sockets.
COUNTING = """
table inet counting {{
    chain arrived {{
        type filter hook prerouting priority raw; policy accept;
        iifname "eth0" ip daddr {target} tcp dport {port} counter comment "all"
    }}
    chain reached {{
        type filter hook input priority 100; policy accept;
        {rules}
    }}
}}
"""


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A host with a container's ports published, and no firewall."""
    with published(tmp_path) as made:
        yield made


@pytest.fixture
def with_vpn(tmp_path: Path) -> Iterator[Stand]:
    """One whose internal side is the VPN's, without a firewall yet."""
    with published(tmp_path, vpn=True) as made:
        yield made


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """One with its firewall on, for all tests that change nothing."""
    with published(tmp_path_factory.mktemp("stand")) as made:
        made.switch_on()
        yield made


def test_all_ports_from_outside(stand: Stand) -> None:
    """Docker's DNAT for IPv4; for IPv6 a process that listens, as Docker's own proxy does."""
    for address in (HOST, HOST6):
        assert stand.scan(stand.outside, address) == (sorted(TCP_PORTS), 65535 - len(TCP_PORTS))
        assert stand.scan_udp(stand.outside, address) == (sorted(UDP_PORTS), 65535 - len(UDP_PORTS))
    stand.switch_on()
    for address in (HOST, HOST6):
        assert stand.scan(stand.outside, address) == (ALLOWED, 0)
        assert stand.scan_udp(stand.outside, address) == ([53], 0)


def test_iptables_legacy(tmp_path: Path) -> None:
    with published(tmp_path, iptables="iptables-legacy") as made:
        assert made.reaches(made.outside, HOST, PUBLISHED)
        made.switch_on()
        assert not made.reaches(made.outside, HOST, PUBLISHED)
        assert made.reaches(made.outside, HOST, OPENED)


def test_containers_unrestricted(protected: Stand) -> None:
    assert protected.reaches(protected.container, OUTSIDE, 80)
    assert protected.reaches(protected.container, OUTSIDE6, 80)
    assert protected.reaches(protected.container, BRIDGE, 3306)
    assert protected.reaches(protected.container, BRIDGE6, 3306)
    assert protected.reaches(protected.container, HOST, PUBLISHED)
    assert protected.reaches(protected.host, CONTAINER, 80)
    assert protected.reaches(protected.host, HOST, PUBLISHED)
    assert protected.reaches(protected.host, "127.0.0.1", 3306)


@pytest.mark.parametrize("vpn", [False, True])
def test_inner_addresses_from_outside(tmp_path: Path, vpn: bool) -> None:
    """Outside has routes to all that is inside, as a neighbor on the provider's network can make for itself.

    The firewall does not filter what the host forwards between two other networks.
    """
    closed = {
        *((CONTAINER, 80), (BRIDGE, 3306), (PRIVATE, 8081), (VPN, 3306)),
        *((CONTAINER6, 80), (BRIDGE6, 3306), (PRIVATE6, 8081), (VPN6, 3306)),
    }
    forwarded = {(NEIGHBOR, 80), (NEIGHBOR6, 80)}
    clients = {(CLIENT, 80), (CLIENT6, 80)}
    (closed if vpn else forwarded).update(clients)
    with published(tmp_path, vpn=vpn) as stand:
        stand.host.check("iptables", "-I", "DOCKER-USER", "-j", "ACCEPT")

        def reached(pairs: set[tuple[str, int]], seconds: float) -> set[tuple[str, int]]:
            return {pair for pair in pairs if stand.reaches(stand.outside, *pair, seconds=seconds)}

        assert reached(closed | forwarded, 4.0) == closed | forwarded
        stand.switch_on()
        assert reached(closed, 1.0) == set()
        assert reached(forwarded, 4.0) == forwarded


def test_internal_side_from_its_network(protected: Stand) -> None:
    assert protected.scan(protected.private, PRIVATE, 1, 10000) == ([22, 80, 443, 8081], 1)
    assert protected.scan(protected.private, HOST, 8081, 8082) == ([], 0)
    assert protected.scan(protected.client, PRIVATE, 8081, 8082) == ([], 0)


def test_internal_side_from_vpn_only(with_vpn: Stand) -> None:
    with_vpn.switch_on()
    assert with_vpn.reaches(with_vpn.client, VPN, 8081)
    assert with_vpn.reaches(with_vpn.client, VPN6, 8081)
    for each in (with_vpn.outside, with_vpn.private):
        assert [with_vpn.reaches(each, address, 8081) for address in (VPN, VPN6)] == [False, False]
    assert not with_vpn.reaches(with_vpn.private, PRIVATE, 8081)
    for address in (HOST, HOST6):
        assert with_vpn.scan(with_vpn.outside, address) == (ALLOWED, 0)
        assert with_vpn.scan_udp(with_vpn.outside, address) == ([53, 51820], 0)


def test_spoofed_inner_sources(with_vpn: Stand) -> None:
    """Port 53 is open to all and the kernel accepts these sources, so that only the firewall can drop them."""
    accept_all_sources(with_vpn)
    inside = {(source, target) for source in SOURCES for target in (HOST, VPN)}
    inside |= {(source, target) for source in SOURCES6 for target in (HOST6, VPN6)}
    # The kernel itself drops these.
    never = {("127.0.0.1", HOST), ("::1", HOST6)}
    assert datagrams_from(with_vpn, inside | never) == inside
    with_vpn.switch_on()
    assert datagrams_from(with_vpn, inside | never) == set()


def accept_all_sources(stand: Stand) -> None:
    """Switch off the kernel's own check of sources on the outer side, and route one more network via a neighbor."""
    for each in ("all", "eth0"):
        stand.host.check("sysctl", "-qw", f"net.ipv4.conf.{each}.accept_local=1")
    stand.host.check("ip", "route", "add", "10.99.0.0/24", "via", NEIGHBOR)
    stand.host.check("ip", "route", "add", "fd99::/64", "via", NEIGHBOR6)


def datagrams_from(stand: Stand, pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those pairs of source and target whose datagrams arrived."""
    own = ((OUTSIDE, HOST), (OUTSIDE6, HOST6))
    stand.spoof(*((source, target, 53, f"report {source} {target}") for source, target in (*sorted(pairs), *own)))
    assert stand.listener.stdout
    seen: set[tuple[str, str]] = set()
    while not seen.issuperset(own):
        _, source, target = stand.listener.stdout.readline().split()
        seen.add((source, target))
    return seen.difference(own)


def test_spoofed_inner_sources_to_internal_side(stand: Stand) -> None:
    """The internal proxy at a private address accepts private sources, but only by its own interface."""
    accept_all_sources(stand)
    assert arrived(stand, SOURCES, PRIVATE, 8081) == set(SOURCES)
    stand.switch_on()
    assert arrived(stand, SOURCES, PRIVATE, 8081) == set()
    assert stand.reaches(stand.private, PRIVATE, 8081)


def arrived(stand: Stand, sources: tuple[str, ...], target: str, port: int) -> set[str]:
    """Return the sources whose SYN reached the host's own sockets, by a table of the test that only counts."""
    known = f'iifname "eth0" ip daddr {target} tcp dport {port}'
    rules = [f'{known} ip saddr {each} counter comment "{each}"' for each in sources]
    table = COUNTING.format(rules="\n".join(rules), target=target, port=port)
    subprocess.run(stand.host.argv("nft", "-f", "-"), input=table, text=True, check=True)
    try:
        stand.spoof(*((source, target, port, "") for source in sources))
        until(lambda: counted(stand, "arrived").get("all"), lambda number: number == len(sources))
        return {source for source, number in counted(stand, "reached").items() if number}
    finally:
        stand.host.check("nft", "delete", "table", "inet", "counting")


def counted(stand: Stand, chain: str) -> dict[str, int]:
    """Return how many packets the rules of a chain have counted, by their comments."""
    listed = json.loads(stand.host.check("nft", "--json", "list", "chain", "inet", "counting", chain))["nftables"]
    rules = [each["rule"] for each in listed if "rule" in each]
    return {
        rule["comment"]: part["counter"]["packets"] for rule in rules for part in rule["expr"] if "counter" in part
    }


def test_stand_translates_ports_like_docker() -> None:
    """The port before and after translation differ, or the filter could be right by chance."""
    ports = (PUBLISHED, PUBLISHED_UDP)
    assert all(f"--dport {port} " in "".join(docker_host.DOCKER_NAT) for port in ports)
    assert not any(f"--dport {port} " in rule for rule in docker_host.DOCKER_FILTER for port in ports)
