"""Addresses in the VPN's networks. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from runtime.base.errors import UsageError
from runtime.config.settings import Settings
from runtime.core import ipv6_proxy

GLOBAL_ID_BYTES = 5


def ula_network(random: bytes) -> str:
    """Return a /64 of unique local IPv6 addresses: `fd`, the 5 random bytes, subnet 0 (RFC 4193, section 3.2)."""
    if len(random) != GLOBAL_ID_BYTES:
        raise ValueError(f"{len(random)} bytes are not the 40 bits of a global ID")
    return str(ipaddress.IPv6Network((b"\xfd" + random + bytes(10), 64)))


def networks(settings: Settings) -> tuple[str, ...]:
    """Return the VPN's networks, IPv4 first."""
    return tuple(each for each in (settings.wireguard.network, settings.wireguard.network6) if each)


def server(settings: Settings) -> tuple[str, ...]:
    """Return the server's address in each network, with the prefix length of the network."""
    return tuple(
        f"{ipv6_proxy.address_in(each, settings)}/{ipaddress.ip_network(each).prefixlen}"
        for each in networks(settings)
    )


def allocate(settings: Settings, taken: Collection[str]) -> tuple[str, ...]:
    """Return the lowest free address in each network. Raises UsageError if a network has no free address."""
    used = {*taken, *(each.partition("/")[0] for each in server(settings))}
    return tuple(_lowest_free(each, used) for each in networks(settings))


def fitting(settings: Settings, present: Collection[str], taken: Collection[str]) -> tuple[str, ...]:
    """Return an address for a client in each network: the one that it has there, else a free one.

    `taken` are the addresses of all clients. Raises as `allocate` does.
    """
    own = {each.partition("/")[0] for each in server(settings)}
    found = []
    for network in networks(settings):
        inside = (each for each in present if ipaddress.ip_address(each) in ipaddress.ip_network(network))
        kept = next((each for each in inside if each not in own), "")
        found.append(kept or _lowest_free(network, {*taken, *own}))
    return tuple(found)


def _lowest_free(text: str, used: Collection[str]) -> str:
    network = ipaddress.ip_network(text)
    for host in network.hosts():
        if str(host) not in used:
            return str(host)
    raise UsageError(
        f"All addresses of {text} are in use. Remove a client (shoestring vpn remove NAME), or choose a larger "
        "network in conf/shoestring.yaml; then every client needs its new file (shoestring vpn show NAME)."
    )
