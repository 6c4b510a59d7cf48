"""The addresses of this host that something can be served on."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from runtime.network import netlink
from runtime.network.netlink import SCOPE_LINK, InterfaceAddress

# Docker's own bridges: addresses of this host, but none that a user would serve on.
_DOCKER_INTERFACE = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}|veth.*")
# RFC 1918, RFC 6598 (a provider's NAT) and RFC 3927; RFC 4193. Python's is_private has more, such as the addresses of
# documentation.
PRIVATE4 = ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
PRIVATE6 = ("fc00::/7",)
# RFC 3879 and RFC 4291: they cannot be reached from outside either.
_LOCAL = ("127.0.0.0/8", "fe80::/10", "fec0::/10", "::1/128")


@dataclass(frozen=True)
class HostAddress:
    """One address of a network interface."""

    address: str
    interface: str

    @property
    def is_loopback(self) -> bool:
        """Return whether only this host can reach it."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def is_offered(self) -> bool:
        """Return whether a user would serve on it: not loopback, not one of Docker's bridges."""
        return not self.is_loopback and not _DOCKER_INTERFACE.fullmatch(self.interface)

    @property
    def is_public(self) -> bool:
        """Return whether the internet can reach it, if no router or firewall prevents it."""
        return self.is_offered and is_public(self.address)

    def __str__(self) -> str:
        return f"{self.address} ({self.interface})"


def is_public(address: str) -> bool:
    """Return whether the internet can reach an address: it is neither private, nor loopback, nor unspecified."""
    ip = ipaddress.ip_address(address)
    return not ip.is_unspecified and not _is_in(address, (*PRIVATE4, *PRIVATE6, *_LOCAL))


def is_private(address: str) -> bool:
    """Return whether an address is of a private network."""
    return _is_in(address, (*PRIVATE4, *PRIVATE6))


def _is_in(address: str, networks: Iterable[str]) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(each) for each in networks)


def overlap(first: str, second: str) -> bool:
    """Return whether two sockets cannot both have a port. `0.0.0.0` is all IPv4 addresses, `::` is all addresses."""
    one, two = ipaddress.ip_address(first), ipaddress.ip_address(second)
    if one == two:
        return True
    return any(
        wild.is_unspecified and (wild.version == 6 or other.version == 4) for wild, other in ((one, two), (two, one))
    )


def bracketed(host: str) -> str:
    """Return a host as it stands before a port: an IPv6 address in brackets (RFC 3986 section 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def host_addresses(found: Iterable[InterfaceAddress]) -> tuple[HostAddress, ...]:
    """Return the addresses of interfaces, without those that are valid on one link only (ip-address(8)). Pure."""
    return tuple(HostAddress(each.address, each.interface) for each in found if each.scope != SCOPE_LINK)


def observe() -> tuple[HostAddress, ...]:
    """Return the addresses of this host; none where the kernel does not answer."""
    try:
        return host_addresses(netlink.addresses())
    except OSError:
        return ()
