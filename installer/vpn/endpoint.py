"""Whether the endpoint that clients are told is this host."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection

from runtime.addresses import HostAddress
from runtime.errors import UsageError


def resolve(host: str) -> tuple[str, ...]:
    """The addresses of a host name or an address, as this host's resolver knows them; none if it has none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError:
        return ()
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


def check(host: str, resolved: Collection[str], own: Collection[HostAddress]) -> None:
    """Raise UsageError if an endpoint is not this host. `own` are the addresses of this host.

    A host with none but private addresses is behind somebody's address translation: then an address that the internet
    routes may well lead to it.
    """
    known = [each.address for each in own]
    advice = "Set wireguard.endpoint in conf/shoestring.yaml, or go on all the same with --any-endpoint."
    if not resolved:
        raise UsageError(f"The endpoint {host} has no address: DNS does not know it. {advice}")
    if any(ipaddress.ip_address(each).is_loopback for each in resolved):
        raise UsageError(f"The endpoint {host} is the loopback address, which no client reaches. {advice}")
    if any(each in known for each in resolved):
        return
    translated = not any(each.is_public for each in own)
    if translated and any(HostAddress(each, "").is_public for each in resolved):
        return
    where = "" if host in resolved else f" ({', '.join(resolved)})"
    raise UsageError(f"The endpoint {host}{where} is not this host, which has {', '.join(known)}. {advice}")
