"""Conflicts of the VPN's networks with those of a host."""

from __future__ import annotations

from installer.host import networks
from installer.host.networks import HostNetwork
from installer.vpn import subnet_conflicts
from tests.support.builders.host_networks import ADDRESSES, ROUTES, at
from tests.support.builders.runtime import make_settings

VPN = "internal: {{address: 10.12.0.1}}\nwireguard: {{enabled: on, network: 10.12.0.0/24, network6: '{}'}}\n"


def problems(*found: HostNetwork, network6: str = "", has_ipv6: bool = True) -> list[str]:
    return list(subnet_conflicts.find(make_settings(VPN.format(network6)), found, ("wg0",), has_ipv6=has_ipv6))


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
