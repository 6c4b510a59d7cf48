"""Conflicts between the VPN's networks and the networks of this host. Pure, except `on_host`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from ipaddress import ip_address, ip_network

from installer.host import networks
from installer.host.networks import HostNetwork
from runtime.config import internal_address
from runtime.config.settings import Settings


def on_host(settings: Settings, own: Collection[str]) -> tuple[str, ...]:
    """Observe the networks of this host and return the conflicts; see `find`."""
    has_ipv6 = networks.has_ipv6(settings.wireguard.interface)
    return tuple(find(settings, networks.observe(), own, has_ipv6=has_ipv6))


def find(settings: Settings, found: Iterable[HostNetwork], own: Collection[str], *, has_ipv6: bool) -> Iterator[str]:
    """Yield a sentence for each setting that conflicts. `own` are the instance's interfaces, with all their names.

    A network that these interfaces have already is accepted.
    """
    listed = tuple(found)
    held = {each.network for each in listed if each.interface in own}
    others = [each for each in listed if each.interface not in own]
    vpn = settings.wireguard
    for key, network in (("network", vpn.network), ("network6", vpn.network6)):
        if not network or ip_network(network) in held:
            continue
        if key == "network6" and not has_ipv6:
            yield (
                f"wireguard.network6: IPv6 is switched off on this host, so the VPN cannot have {network}. Leave it "
                f"empty{_address_too(settings, network, vpn.network)}, or switch IPv6 on."
            )
            continue
        for each in networks.overlapping(network, others)[:1]:
            yield (
                f"wireguard.{key}: {network} overlaps with {each.network}, which this host reaches by "
                f"{each.interface or 'a route'}. Choose another network{_address_too(settings, network)}."
            )


def _address_too(settings: Settings, network: str, other: str = "") -> str:
    """Return the advice to change internal.address as well, if it is in the network."""
    address = internal_address.configured(settings).address
    if not address or ip_address(address) not in ip_network(network):
        return ""
    return f", with internal.address in {other or 'it'}"
