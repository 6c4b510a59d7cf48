"""The networks that this host reaches, by its interfaces and its routes: none of them may be the VPN's too."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from runtime.base import command
from runtime.base.errors import ShoestringError
from runtime.network import routes
from runtime.network.routes import UNICAST, Route

_ADDRESSES = ("ip", "-json", "address")
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


def parse(addresses: str, found: Iterable[Route]) -> tuple[HostNetwork, ...]:
    """The networks of `ip -json address` and of the kernel's routes, each once. The default route is none."""
    return tuple(dict.fromkeys((*_of_addresses(addresses), *_of_routes(found))))


def look() -> tuple[HostNetwork, ...]:
    """The networks of this host; none where they cannot be had."""
    found: tuple[Route, ...] = ()
    # Those of every table: what a policy sends elsewhere is reached as well, such as Tailscale's networks.
    with contextlib.suppress(OSError):
        found = routes.look()
    return parse(_output(_ADDRESSES), found)


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


def _of_routes(found: Iterable[Route]) -> Iterator[HostNetwork]:
    for interface, text, kind in found:
        network = ip_network(text)
        # What is local is in the addresses.
        if kind == UNICAST and network.prefixlen > _LONGEST_DEFAULT:
            yield HostNetwork(network, interface)


def _output(argv: tuple[str, ...]) -> str:
    try:
        result = command.run(argv, timeout=_SHORT_TIMEOUT_SECONDS)
    except ShoestringError:
        return ""
    return result.out.strip() if result.ok else ""
