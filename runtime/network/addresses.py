"""The addresses of this host, as `ip` tells them: an observation is a command plus a pure parser."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass

from runtime.base import command
from runtime.base.errors import ShoestringError

ARGV = ("ip", "-json", "addr")
TIMEOUT_SECONDS = 10.0
# Docker's own bridges: addresses of this host, but none that anybody would serve on.
_DOCKER_INTERFACE = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}|veth.*")
# RFC 1918, RFC 6598 (a provider's NAT), RFC 3927, RFC 3879, RFC 4193, RFC 4291: from outside nobody reaches them.
# Python's is_private has more, such as the addresses of documentation.
_INSIDE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"),
        *("fc00::/7", "fe80::/10", "fec0::/10", "::1/128"),
    )
)


@dataclass(frozen=True)
class HostAddress:
    """One address of a network interface."""

    address: str
    interface: str

    @property
    def is_loopback(self) -> bool:
        """Whether only this host reaches it."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def is_offered(self) -> bool:
        """Whether a person would serve on it: not loopback, not one of Docker's bridges."""
        return not self.is_loopback and not _DOCKER_INTERFACE.fullmatch(self.interface)

    @property
    def is_public(self) -> bool:
        """Whether the world can reach it, if nothing stands between."""
        return self.is_offered and is_public(self.address)

    def __str__(self) -> str:
        return f"{self.address} ({self.interface})"


def is_public(address: str) -> bool:
    """Whether an address is one that the world can reach: neither private, nor loopback, nor all addresses."""
    ip = ipaddress.ip_address(address)
    return not ip.is_unspecified and not any(ip in network for network in _INSIDE)


def parse(text: str) -> tuple[HostAddress, ...]:
    """Addresses from `ip -json addr`, without those that are valid on one link only (ip-address(8))."""
    return tuple(
        HostAddress(str(ipaddress.ip_address(item["local"])), str(link["ifname"]))
        for link in json.loads(text or "[]")
        for item in link.get("addr_info", ())
        if item.get("family") in ("inet", "inet6") and item.get("scope") != "link"
    )


def look() -> tuple[HostAddress, ...]:
    """The addresses of this host; none where they cannot be had."""
    try:
        result = command.run(ARGV, timeout=TIMEOUT_SECONDS)
    except ShoestringError:
        return ()
    return parse(result.out) if result.ok else ()
