"""The isolation: a small table of nftables that is loaded while the instance runs, whether the firewall is on or not.

It keeps neighbors on the link away from containers, and containers away from the internal side:

- A packet that this host forwards to a bridge of the instance is dropped, unless it belongs to a connection that
  Docker translated because of a published port. Without that, a neighbor with a route to the bridge's network reaches
  each container at its own address, as Docker before 28 lets it.
- A packet of a container of the instance to the internal side's address on this host is dropped, unless the container
  is on the internal network. Docker's proxy process would connect it from this host itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.base import control_characters
from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.firewall import bridges, model, rules, table
from runtime.firewall.light_inputs import ISOLATION, TABLES
from runtime.firewall.model import AllowedPort, FirewallSources
from runtime.firewall.rules import Rules

if TYPE_CHECKING:
    from runtime.docker.observed import Observed

# Docker's network for containers that name none, and those that have no bridge.
_DEFAULT, _WITHOUT_BRIDGE = "bridge", ("host", "none")
# Bridge names that the engine was asked to use, by the id of the network; asked only where one is unclear.
NamedBridges = Callable[[], Mapping[str, str]]
NOT_POSSIBLE = (
    "The containers are not protected from neighbors on this host's networks, which reach them by a route of their "
    "own"
)


@dataclass(frozen=True)
class Isolation:
    """What is isolated: the `bridges` of the instance, and the internal side.

    `internal` is the bridge of the internal network, empty without one. `addresses` are those of the internal side
    on this host, or networks with them; none where only this host reaches it. `ports` are those of the internal side.
    """

    table: str
    bridges: tuple[str, ...]
    internal: str = ""
    addresses: tuple[str, ...] = ()
    ports: tuple[AllowedPort, ...] = ()


def table_name(instance: str) -> str:
    """Return the name of an instance's table in nftables."""
    return f"{TABLES[ISOLATION]}{instance}"


def build(desired: FirewallSources, observed: Observed, named: NamedBridges) -> Isolation:
    """Return the isolation of an instance with its bridges of now."""
    settings, where = desired.settings, desired.internal_address
    names = named() if bridges.unclear() else {}
    ours = {settings.docker_network(each): "" for each in settings.network_names}
    ours |= {each.name: _bridge(each.name, each.id, names) for each in observed.networks if each.name in ours}
    joined = (pair for each in observed.containers for pair in each.joined)
    found = {_bridge(name, key, names) for name, key in joined if key and name not in _WITHOUT_BRIDGE}
    addresses = [where.address] if where.address and not where.is_loopback else []
    if settings.wireguard.enabled and settings.wireguard.network6:
        addresses.append(settings.wireguard.network6)
    return Isolation(
        table_name(settings.instance),
        tuple(sorted((found | set(ours.values())) - {""})),
        ours.get(settings.docker_network(settings.network(Side.INTERNAL)), ""),
        tuple(addresses) if settings.internal else (),
        model.internal_ports(settings, where, desired.known, desired.variables),
    )


def problem() -> str:
    """Return why this host cannot isolate an instance, as a sentence; empty if it can."""
    try:
        table.names()
    except ShoestringError as error:
        return f"{NOT_POSSIBLE}: {error}"
    return ""


def render(isolation: Isolation) -> Rules:
    """Return the isolation as a file for nft(8). Loading it replaces the table at once, or does nothing at all."""
    control_characters.refuse(isolation, "isolation")
    arriving, forwarded = list(_arriving(isolation)), list(_forwarded(isolation))
    mark = hashlib.sha256("\n".join((*arriving, "", *forwarded)).encode()).hexdigest()[:16]
    text = "\n".join(
        (
            "# Made by Shoestring from the settings and application files. Do not edit: it is written again.",
            rules.clear(isolation.table),
            f"table inet {isolation.table} {{",
            "\tchain arriving {",
            # After connection tracking (-200), before Docker translates the destination (-100).
            "\t\ttype filter hook prerouting priority mangle; policy accept;",
            *(f"\t\t{rule}" for rule in arriving),
            "\t}",
            "",
            "\tchain forwarded {",
            "\t\ttype filter hook forward priority mangle; policy accept;",
            *(f"\t\t{rule}" for rule in forwarded),
            f'\t\tdrop comment "{rules.MARK_PREFIX}{mark}"',
            "\t}",
            "}\n",
        )
    )
    return Rules(isolation.table, text, mark)


def _arriving(isolation: Isolation) -> Iterator[str]:
    """Yield what keeps containers from the internal side."""
    kept_out = [each for each in isolation.bridges if each != isolation.internal]
    if not isolation.addresses or not isolation.ports or not kept_out:
        return
    yield f"iifname != {{ {rules.quoted(kept_out)} }} accept"
    for address in isolation.addresses:
        family = "ip6" if ":" in address else "ip"
        for protocol in sorted({each.protocol for each in isolation.ports}):
            ports = ", ".join(_intervals(each for each in isolation.ports if each.protocol == protocol))
            yield f"{family} daddr {address} fib daddr type local {protocol} dport {{ {ports} }} drop"


def _forwarded(isolation: Isolation) -> Iterator[str]:
    """Yield what accepts packets to other networks, among containers, and of connections that Docker translated."""
    ours = rules.quoted(isolation.bridges)
    if not ours:
        yield "accept"
        return
    yield f"oifname != {{ {ours} }} accept"
    # Docker itself keeps its networks apart from each other.
    yield f"iifname {{ {ours} }} accept"
    yield "ct state established,related accept"
    # What is published for this host alone comes from this host, whatever net.ipv4.conf.*.route_localnet is.
    yield "ct original ip daddr 127.0.0.0/8 drop"
    yield "ct status dnat accept"


def _intervals(ports: Iterable[AllowedPort]) -> Iterator[str]:
    """Yield ports as nft has them in a set, where intervals must not overlap."""
    last = -1
    for first, end in sorted((each.first, each.last) for each in ports):
        if end > last:
            begin = max(first, last + 1)
            yield str(begin) if begin == end else f"{begin}-{end}"
            last = end


def _bridge(name: str, network: str, named: Mapping[str, str]) -> str:
    """Return the bridge of a network of Docker, by its name and id."""
    return named.get(network) or (bridges.OWN[0] if name == _DEFAULT else f"{bridges.PREFIX}{network[:12]}")
