"""The networks of a host in a large home network."""

from __future__ import annotations

from ipaddress import ip_network

from installer.host.networks import HostNetwork
from runtime.network.netlink import LOCAL, SCOPE_GLOBAL, SCOPE_HOST, UNICAST, InterfaceAddress

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


def at(interface: str, *found: str) -> tuple[HostNetwork, ...]:
    return tuple(HostNetwork(ip_network(each), interface) for each in found)
