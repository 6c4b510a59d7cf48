"""The present SSH sessions, and those that could not reconnect under the rules.

The lockout check connects from a public address, so the rules against sources of other interfaces do not apply to it.
The present sessions are judged by these rules, before anything is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

from installer.firewall.ssh_ports import output
from runtime.firewall.model import Ruleset
from runtime.network import addresses
from runtime.network.addresses import is_private

_ETHERNET = "1"
AGAIN = "then once more: shoestring firewall on"


@dataclass(frozen=True)
class SshSession:
    """One connection to SSH.

    `local` is the address of this host that it is connected to, `interface` the one that it arrives by, as far as
    that can be known. `ways_back` are the interfaces of the route to it; empty where that is not known.
    """

    address: str
    local: str
    interface: str
    ways_back: frozenset[str]


def observe(ports: Collection[int]) -> tuple[SshSession, ...]:
    """Return the present connections to these ports, except those from this host itself."""
    held = {each.address: each.interface for each in addresses.observe()}
    pairs = parse(output("ss", "-Htn", "state", "established"), ports)
    found = ((*pair, _ways_back(*pair)) for pair in pairs if pair[1] in held and pair[0] not in held)
    return tuple(
        SshSession(
            address, local, arrival_interface(held[local], ways_back, filter(_is_tunnel, ways_back)), ways_back
        )
        for address, local, ways_back in found
    )


def arrival_interface(holder: str, ways_back: frozenset[str], tunnels: Iterable[str]) -> str:
    """Return the interface that a connection arrives by: `holder`, which has the connection's local address.

    Where the route back is a tunnel, it is the tunnel: a peer behind it may connect to any address of this host, and
    any other peer would not get the answers, which go by the tunnel. Pure.
    """
    return holder if holder in ways_back else next(iter(sorted(tunnels)), holder)


def parse(text: str, ports: Collection[int]) -> tuple[tuple[str, str], ...]:
    """Return pairs of a peer and the address that it is connected to, from `ss -Htn state established` (ss(8))."""
    found = []
    for line in text.splitlines():
        local, peer = line.split()[2:4]
        address, _, port = local.rpartition(":")
        if port.isdecimal() and int(port) in ports:
            found.append((_plain(peer.rpartition(":")[0]), _plain(address)))
    return tuple(dict.fromkeys(found))


def parse_route(text: str) -> frozenset[str]:
    """Return the interfaces of a route, from `ip -json route get fibmatch` (ip-route(8)); it may have several."""
    found = (hop for route in json.loads(text or "[]") for hop in (route, *route.get("nexthops", ())))
    return frozenset(str(hop["dev"]) for hop in found if "dev" in hop)


def objections(peers: Collection[SshSession], ruleset: Ruleset) -> tuple[str, ...]:
    """Return a sentence for each session whose next login these rules would drop. Pure."""
    return tuple(
        f"The present SSH session from {each.address} could not connect again: {why}, {AGAIN}"
        for each in peers
        for why in _why(each, ruleset)
    )


def _why(peer: SshSession, ruleset: Ruleset) -> Iterator[str]:
    """Yield the first rule that would drop it, and what to do, as a clause; nothing if none would."""
    address = ip_address(peer.address)
    # An address on `lo` belongs to no link: the interface of its packets is not known.
    if peer.interface == "lo" or ruleset.is_of_docker(peer.interface):
        return
    for network in ruleset.vpn_networks:
        if address in ip_network(network) and peer.interface != ruleset.vpn:
            yield (
                f"it is in the VPN's network {network} but does not arrive by {ruleset.vpn}, so the rules treat "
                "it as spoofed; log in from another address, or choose another wireguard.network"
            )
            return
    if peer.ways_back and peer.interface not in peer.ways_back and is_private(str(address)):
        yield (
            f"it arrives by {peer.interface} at {peer.local}, but the route back to it is by "
            f"{', '.join(sorted(peer.ways_back))}, so the rules treat it as spoofed; log in from another address, or "
            f"change that route to {peer.interface} (ip route)"
        )


def _plain(text: str) -> str:
    """Return an address without brackets and scope; IPv4 as such where a socket is of both families."""
    found: IPv4Address | IPv6Address = ip_address(text.strip("[]").partition("%")[0].removesuffix("]"))
    return str((found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found)


def _is_tunnel(interface: str) -> bool:
    """Return whether an interface is not Ethernet (linux/if_arp.h: 1; 65534 is a tunnel without a link layer)."""
    try:
        return Path(f"/sys/class/net/{interface}/type").read_text(encoding="ascii").strip() != _ETHERNET
    except OSError:
        return False


def _ways_back(address: str, local: str) -> frozenset[str]:
    return parse_route(output("ip", "-json", "route", "get", "fibmatch", address, "from", local))
