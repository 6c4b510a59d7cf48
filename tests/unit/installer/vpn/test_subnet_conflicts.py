"""Conflicts of the VPN's networks with those of a host."""

from __future__ import annotations

from ipaddress import ip_network

from installer.host import networks
from installer.host.networks import HostNetwork
from installer.vpn import subnet_conflicts
from runtime.network.netlink import LOCAL, SCOPE_GLOBAL, SCOPE_HOST, UNICAST, InterfaceAddress
from tests.support.builders.runtime import make_settings

# A host in a large home network, with a point-to-point line, networks behind a router, and a second table.
ADDRESSES = (
    InterfaceAddress("lo", "127.0.0.1", 8, SCOPE_HOST, "127.0.0.1"),
    InterfaceAddress("eth0", "10.12.5.9", 16, SCOPE_GLOBAL, "10.12.5.9"),
    InterfaceAddress("eth0", "10.50.0.1", 32, SCOPE_GLOBAL, "10.60.0.2"),
)
ROUTES = (
    ("tun0", "10.97.0.0/16", UNICAST),
    ("tun0", "0.0.0.0/1", UNICAST),
    ("eth0", "10.12.0.0/16", UNICAST),
    ("eth0", "10.98.0.0/16", UNICAST),
    ("lo", "127.0.0.0/8", LOCAL),
    ("lo", "10.99.0.0/16", LOCAL),
    ("eth0", "fd12:1::/64", UNICAST),
)
VPN = "internal: {{address: 10.12.0.1}}\nwireguard: {{enabled: on, network: 10.12.0.0/24, network6: '{}'}}\n"


def at(interface: str, *found: str) -> tuple[HostNetwork, ...]:
    return tuple(HostNetwork(ip_network(each), interface) for each in found)


def problems(*found: HostNetwork, network6: str = "", has_ipv6: bool = True) -> list[str]:
    return list(subnet_conflicts.find(make_settings(VPN.format(network6)), found, ("wg0",), has_ipv6=has_ipv6))


def test_host_networks_of_addresses_and_routes() -> None:
    assert networks.host_networks(ADDRESSES, ROUTES) == (
        *at("lo", "127.0.0.0/8", "127.0.0.1/32"),
        *at("eth0", "10.12.0.0/16", "10.12.5.9/32", "10.60.0.2/32", "10.50.0.1/32"),
        *at("tun0", "10.97.0.0/16"),
        *at("eth0", "10.98.0.0/16", "fd12:1::/64"),
    )
    assert networks.host_networks((), ()) == ()


def test_find_overlap_without_host_address_in_network() -> None:
    assert problems(*networks.host_networks(ADDRESSES, ROUTES)) == [
        "wireguard.network: 10.12.0.0/24 overlaps with 10.12.0.0/16, which this host reaches by eth0. Choose another "
        "network, with internal.address in it."
    ]


def test_find_overlap_with_routes_and_docker() -> None:
    for interface, network in (("tun0", "10.0.0.0/8"), ("eth0", "10.12.0.128/25"), ("docker0", "10.12.0.0/16")):
        (found,) = problems(*at(interface, network))
        assert f"overlaps with {network}, which this host reaches by {interface}." in found
    (found,) = problems(*at("eth0", "fd12::/16"), network6="fd12:3::/64")
    assert found.startswith("wireguard.network6: fd12:3::/64 overlaps with fd12::/16")
    assert found.endswith("Choose another network.")


def test_find_none_for_free_or_own_network() -> None:
    assert problems(*at("eth0", "10.13.0.0/16", "192.168.0.0/16", "fd12::/64"), network6="fd13::/64") == []
    # Routed by its own interface, and its present network.
    assert problems(*at("wg0", "10.12.0.0/16")) == []
    assert problems(*at("wg0", "10.12.0.0/24"), *at("eth0", "10.12.0.0/16")) == []


def test_find_conflict_without_ipv6() -> None:
    assert problems(has_ipv6=False) == []
    assert problems(network6="fd12::/64", has_ipv6=False) == [
        "wireguard.network6: IPv6 is switched off on this host, so the VPN cannot have fd12::/64. Leave it empty, or "
        "switch IPv6 on."
    ]
    settings = make_settings(VPN.format("fd12::/64").replace("10.12.0.1", "'fd12::1'"))
    (found,) = subnet_conflicts.find(settings, (), ("wg0",), has_ipv6=False)
    assert "Leave it empty, with internal.address in 10.12.0.0/24, or" in found
