"""The address of the internal side on this host now: an observation, kept apart from the settings."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from runtime.config.listen_address import FollowedInterface, fixed_address
from runtime.config.settings import Settings
from runtime.network import interfaces


@dataclass(frozen=True)
class InternalAddress:
    """The address of the internal side, as far as it is known.

    `address` is empty while the followed interface has none, and without an internal side. `interface` is the one
    that it depends on, if any; `is_up` is false while the VPN's interface lacks the address.
    """

    address: str = ""
    interface: str = ""
    is_up: bool = True

    @property
    def is_served(self) -> bool:
        """Return whether something can listen at it now."""
        return bool(self.address) and self.is_up

    @property
    def is_loopback(self) -> bool:
        """Return whether only this host reaches it."""
        return bool(self.address) and ipaddress.ip_address(self.address).is_loopback


def configured(settings: Settings) -> InternalAddress:
    """Return the internal address from the settings alone; the address of a followed interface is not known."""
    listen = settings.internal.address if settings.internal else None
    interface = listen.interface if isinstance(listen, FollowedInterface) else ""
    return InternalAddress(fixed_address(listen), interface)


def follow(settings: Settings) -> InternalAddress:
    """Return the internal address, with the address that a followed interface has now; the VPN may be down."""
    found = configured(settings)
    return InternalAddress(interfaces.address(found.interface), found.interface) if found.interface else found


def observe(settings: Settings) -> InternalAddress:
    """Return the internal address as it is on this host now."""
    found = follow(settings)
    if not settings.wireguard.enabled or not found.address:
        return found
    interface = settings.wireguard.interface
    return InternalAddress(found.address, interface, interfaces.has_address(interface, found.address))
