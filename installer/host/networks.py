"""The networks that this host reaches, by its interfaces and its routes: none of them may be the VPN's too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from runtime import command
from runtime.errors import ShoestringError

_ADDRESSES = ("ip", "-json", "address")
# Every table: what a policy sends elsewhere is reached as well, such as Tailscale's networks.
_ROUTES = tuple(("ip", family, "-json", "route", "show", "table", "all") for family in ("-4", "-6"))
_SHORT_TIMEOUT_SECONDS = 10.0
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


def parse(addresses: str, *routes: str) -> tuple[HostNetwork, ...]:
    """The networks of `ip -json address` and of each `ip -json route`, each once. The default route is none."""
    found = (*_of_addresses(addresses), *(each for text in routes for each in _of_routes(text)))
    return tuple(dict.fromkeys(found))


def look() -> tuple[HostNetwork, ...]:
    """The networks of this host; none where they cannot be had."""
    return parse(*(_output(argv) for argv in (_ADDRESSES, *_ROUTES)))


def overlapping(network: str, found: Iterable[HostNetwork]) -> tuple[HostNetwork, ...]:
    """Those of some networks that have addresses in common with a network."""
    wanted = ip_network(network)
    return tuple(each for each in found if wanted.overlaps(each.network))


def has_ipv6(interface: str = NEW_INTERFACE) -> bool:
    """Whether an interface can have IPv6 addresses here; one that is not there is as a new one."""
    for name in (interface, NEW_INTERFACE):
        try:
            return (_IPV6 / name / "disable_ipv6").read_text(encoding="ascii").strip() == "0"
        except OSError:
            continue
    return False


def _of_addresses(text: str) -> Iterator[HostNetwork]:
    for link in json.loads(text or "[]"):
        for item in link.get("addr_info", ()):
            # At the other end of a line between two is the network, if there is one.
            far = item.get("address", item["local"])
            for each in (f"{far}/{item['prefixlen']}", item["local"]):
                yield HostNetwork(ip_network(each, strict=False), str(link["ifname"]))


def _of_routes(text: str) -> Iterator[HostNetwork]:
    for route in json.loads(text or "[]"):
        # The others lead nowhere (blackhole), or are the kernel's own about what is in the addresses (local).
        if route.get("type", "unicast") != "unicast" or route["dst"] == "default":
            continue
        network = ip_network(route["dst"])
        if network.prefixlen > _LONGEST_DEFAULT:
            yield HostNetwork(network, _interface(route))


def _interface(route: dict[str, Any]) -> str:
    hops = [route, *route.get("nexthops", ())]
    return next((str(each["dev"]) for each in hops if "dev" in each), "")


def _output(argv: tuple[str, ...]) -> str:
    try:
        result = command.run(argv, timeout=_SHORT_TIMEOUT_SECONDS)
    except ShoestringError:
        return ""
    return result.out.strip() if result.ok else ""
