"""The networks that this host reaches, by its interfaces and its routes: none of them may be the VPN's too."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from runtime.network import netlink
from runtime.network.netlink import UNICAST, InterfaceAddress, Route

# All of the internet: the default route, or the two halves that some VPNs lay over it.
_LONGEST_DEFAULT = 1
# https://docs.kernel.org/networking/ip-sysctl.html, disable_ipv6; none is there after a boot with ipv6.disable=1.
_IPV6 = Path("/proc/sys/net/ipv6/conf")
NEW_INTERFACE = "default"


@dataclass(frozen=True)
class HostNetwork:
    """A network that this host reaches by an interface."""

    network: IPv4Network | IPv6Network
    interface: str


def host_networks(addresses: Iterable[InterfaceAddress], routes: Iterable[Route]) -> tuple[HostNetwork, ...]:
    """Return the networks of addresses and of the kernel's routes, each once, without the default route. Pure."""
    return tuple(dict.fromkeys((*_of_addresses(addresses), *_of_routes(routes))))


def observe() -> tuple[HostNetwork, ...]:
    """Return the networks of this host; none where the kernel does not answer."""
    # Routes of every table: what a policy sends elsewhere is reached as well, such as Tailscale's networks.
    with contextlib.suppress(OSError):
        return host_networks(netlink.addresses(), netlink.routes())
    return ()


def overlapping(network: str, found: Iterable[HostNetwork]) -> tuple[HostNetwork, ...]:
    """Return those of some networks that have addresses in common with a network."""
    own = ip_network(network)
    return tuple(each for each in found if own.overlaps(each.network))


def has_ipv6(interface: str = NEW_INTERFACE) -> bool:
    """Return whether an interface can have IPv6 addresses here; one that is not there is as a new one."""
    for name in (interface, NEW_INTERFACE):
        try:
            return (_IPV6 / name / "disable_ipv6").read_text(encoding="ascii").strip() == "0"
        except OSError:
            continue
    return False


def _of_addresses(found: Iterable[InterfaceAddress]) -> Iterator[HostNetwork]:
    for each in found:
        # On a point-to-point link the network, if there is one, is at the other end.
        for text in (f"{each.far}/{each.prefix}", each.address):
            yield HostNetwork(ip_network(text, strict=False), each.interface)


def _of_routes(found: Iterable[Route]) -> Iterator[HostNetwork]:
    for interface, text, kind in found:
        network = ip_network(text)
        # Local addresses are in the other list.
        if kind == UNICAST and network.prefixlen > _LONGEST_DEFAULT:
            yield HostNetwork(network, interface)
