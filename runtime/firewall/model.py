"""What the firewall lets in, as data: made from settings and application files, rendered by rules.py. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from runtime.config import internal_address
from runtime.config.applications import Application
from runtime.config.internal_address import InternalAddress
from runtime.config.published_ports import PublishedPort
from runtime.config.settings import Settings
from runtime.firewall import bridges
from runtime.firewall.light_inputs import FIREWALL, TABLES
from runtime.network.addresses import PRIVATE4, PRIVATE6
from runtime.network.netlink import LOCAL, UNICAST, Route

EVERYWHERE = ""
SSH_WHY, WIREGUARD_WHY = "SSH", "WireGuard"


class FirewallSources(Protocol):
    """What the firewall and the isolation are made from: a part of the desired state."""

    @property
    def settings(self) -> Settings: ...

    @property
    def known(self) -> tuple[Application, ...]: ...

    @property
    def variables(self) -> Mapping[str, str]: ...

    @property
    def internal_address(self) -> InternalAddress: ...


@dataclass(frozen=True)
class AllowedPort:
    """Ports that answer, and why. `protocol` is tcp or udp.

    `address`: only at this address of the host; 0.0.0.0 is every IPv4 address, empty every address.
    """

    protocol: str
    first: int
    last: int
    why: str
    address: str = EVERYWHERE

    @property
    def ports(self) -> str:
        """Return the ports as nft writes them: `80`, or `6000-6010`."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def __str__(self) -> str:
        return f"{self.ports}/{self.protocol}"


@dataclass(frozen=True)
class InternalAccess:
    """Access to the internal side: the private `networks` behind the interface that has its address.

    `address` is that of the internal side, or empty where it is any address of `interface`.
    """

    address: str
    interface: str
    allowed_ports: tuple[AllowedPort, ...]
    networks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bridges:
    """Bridges whose name does not show whether they are Docker's.

    `docker`: those of Docker's networks that have a name of their own. `others` have a name that begins like
    Docker's, and are not Docker's.
    """

    docker: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ruleset:
    """All that the firewall allows.

    `vpn` is the interface of the VPN and `vpn_networks` its clients' networks, empty without one.
    """

    table: str
    allowed_ports: tuple[AllowedPort, ...]
    inside: InternalAccess | None = None
    vpn: str = ""
    vpn_networks: tuple[str, ...] = ()
    bridges: Bridges = Bridges()

    def is_of_docker(self, interface: str) -> bool:
        """Return whether packets from an interface come from one of this host's containers."""
        named = interface.startswith(bridges.PREFIX) and interface not in self.bridges.others
        return named or interface in (*bridges.OWN, *self.bridges.docker)

    def allows(self, port: PublishedPort) -> bool:
        """Return whether a port of this host is reachable from outside, at its address, or at any if it has none."""
        return any(
            PublishedPort(each.protocol, each.first, each.last).covers(port)
            for each in self.allowed_ports
            if not port.address
            or each.address in (EVERYWHERE, port.address)
            or _family_fits(each.address, port.address)
        )


def _family_fits(every: str, address: str) -> bool:
    """Return whether `every` is all addresses of IPv4, and the other is not one of IPv6."""
    return ipaddress.ip_address(every).is_unspecified and ":" not in address


def classify(unclear: Iterable[str], docker: Collection[str]) -> Bridges:
    """Return which of the unclear bridges are Docker's; `docker` are those of the engine's networks. Pure."""
    listed = tuple(unclear)
    return Bridges(
        tuple(each for each in listed if each in docker and not each.startswith(bridges.PREFIX)),
        tuple(each for each in listed if each not in docker and each.startswith(bridges.PREFIX)),
    )


def table_name(instance: str) -> str:
    """Return the name of an instance's table in nftables."""
    return f"{TABLES[FIREWALL]}{instance}"


def build(
    settings: Settings,
    applications: Iterable[Application],
    variables: Mapping[str, str],
    ssh_ports: Iterable[int],
    present: Bridges = Bridges(),
    routes: Iterable[Route] = (),
    internal: InternalAddress | None = None,
) -> Ruleset:
    """Return what the firewall allows.

    `variables` are those of the application files, `present` and `routes` what is on this host now. `internal` is the
    address of the internal side if it was observed.
    """
    listed = tuple(applications)
    where = internal or internal_address.configured(settings)
    vpn = settings.wireguard
    return Ruleset(
        table_name(settings.instance),
        tuple(dict.fromkeys(_openings(settings, listed, ssh_ports))),
        None if vpn.enabled else _inside(settings, where, listed, variables, routes),
        vpn.interface if vpn.enabled else "",
        tuple(each for each in (vpn.network, vpn.network6) if each) if vpn.enabled else (),
        present,
    )


def closed(
    application: Application, internal: InternalAddress, variables: Mapping[str, str]
) -> tuple[PublishedPort, ...]:
    """Return the ports that an application publishes, and that the firewall closes."""
    return tuple(
        port
        for port in application.published(variables)
        if not _is_private(port.address, internal) and not any(each.covers(port) for each in application.open_ports)
    )


def _is_private(address: str, internal: InternalAddress) -> bool:
    """Return whether the user published a port for this host or the internal side alone."""
    return bool(address) and (ipaddress.ip_address(address).is_loopback or address == internal.address)


def _openings(
    settings: Settings, applications: tuple[Application, ...], ssh_ports: Iterable[int]
) -> Iterator[AllowedPort]:
    for port in sorted(set(ssh_ports)):
        yield AllowedPort("tcp", port, port, SSH_WHY)
    if settings.public:
        # `::` is all addresses, 0.0.0.0 all IPv4 addresses.
        address = "" if settings.public.address == "::" else settings.public.address
        for port in (settings.public.http_port, settings.public.https_port):
            yield AllowedPort("tcp", port, port, "public proxy", address)
    if settings.wireguard.enabled:
        yield AllowedPort("udp", settings.wireguard.port, settings.wireguard.port, WIREGUARD_WHY)
    for application in applications:
        for each in application.open_ports:
            yield AllowedPort(each.protocol, each.first, each.last, f"x-open-ports of {application.name}")


def _inside(
    settings: Settings,
    where: InternalAddress,
    applications: tuple[Application, ...],
    variables: Mapping[str, str],
    routes: Iterable[Route],
) -> InternalAccess | None:
    """Return the access to the internal side at a private address of the host; None if only this host reaches it."""
    if settings.internal is None or where.is_loopback:
        return None
    allowed_ports = internal_ports(settings, where, applications, variables)
    interface = "" if where.address else where.interface
    networks = _behind(where.address, interface, tuple(routes))
    return InternalAccess(where.address, interface, allowed_ports, networks)


def internal_ports(
    settings: Settings, where: InternalAddress, applications: Iterable[Application], variables: Mapping[str, str]
) -> tuple[AllowedPort, ...]:
    """Return the ports of the internal side: its proxy's, and what applications publish at exactly its address."""
    ports = settings.internal.ports if settings.internal else ()
    found = [AllowedPort("tcp", port, port, "internal proxy") for port in ports]
    for application in applications:
        found += [AllowedPort("tcp", tcp.port, tcp.port, application.name) for tcp in application.tcp_ports]
        found += [
            AllowedPort(each.protocol, each.first, each.last, application.name)
            for each in application.published(variables)
            if each.first and each.address and each.address == where.address
        ]
    return tuple(dict.fromkeys(found))


def _behind(address: str, interface: str, routes: tuple[Route, ...]) -> tuple[str, ...]:
    """Return the private networks behind the interface that has an address, or behind a named one.

    They are those of its addresses and those of routes by it. Where a default route goes is no network of its own.
    """
    own = {ipaddress.ip_network(address)} if address else set()
    holders = {name for name, to, kind in routes if kind == LOCAL and ipaddress.ip_network(to) in own} or {interface}
    found = [ipaddress.ip_network(to) for name, to, kind in routes if kind == UNICAST and name in holders]
    private4 = [each for each in found if isinstance(each, ipaddress.IPv4Network) and _is_within(each, PRIVATE4)]
    private6 = [each for each in found if isinstance(each, ipaddress.IPv6Network) and _is_within(each, PRIVATE6)]
    return tuple(
        str(each) for each in (*ipaddress.collapse_addresses(private4), *ipaddress.collapse_addresses(private6))
    )


def _is_within(network: ipaddress.IPv4Network | ipaddress.IPv6Network, others: Iterable[str]) -> bool:
    first, last = network[0], network[-1]
    return any(first in other and last in other for other in map(ipaddress.ip_network, others))
