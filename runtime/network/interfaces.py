"""Addresses of network interfaces, asked of the kernel when they are needed: some come late, or change.

The fast path imports this: it must import little.
"""

from __future__ import annotations

from runtime.network import netlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime.config.settings import Settings


def address(interface: str) -> str:
    """Return the first address of an interface, IPv4 before IPv6; empty if it has none, or does not exist."""
    return next(iter(_usable(interface)), "")


def has_address(interface: str, expected: str) -> bool:
    """Return whether an interface still has an address, or still has none where `expected` is empty.

    True without an interface. Of several IPv4 addresses only the first one counts, as for `address`.
    """
    return not interface or expected in (_usable(interface) or ("",))


def _usable(interface: str) -> tuple[str, ...]:
    """The first IPv4 address of an interface, then its IPv6 addresses that are valid everywhere."""
    try:
        found = [each for each in netlink.addresses() if each.interface == interface]
    except OSError:
        return ()
    ipv4 = [each.address for each in found if ":" not in each.address]
    ipv6 = [each.address for each in found if ":" in each.address and each.scope == netlink.SCOPE_GLOBAL]
    return (*ipv4[:1], *ipv6)


def resolved(settings: Settings) -> tuple[Settings, str]:
    """Settings as they can be served now, and the interface that this depends on, empty if on none.

    `internal.address` is an address also where it follows an interface. It is `auto:…` while that interface has none,
    or while the VPN's lacks the address that it should have.
    """
    from dataclasses import replace

    from runtime.base import validators

    settings, interface = followed(settings)
    if not settings.wireguard.enabled or settings.internal is None:
        return settings, interface
    interface = settings.wireguard.interface
    if has_address(interface, settings.internal.address):
        return settings, interface
    return replace(settings, internal=replace(settings.internal, address=f"{validators.AUTO}{interface}")), interface


def followed(settings: Settings) -> tuple[Settings, str]:
    """Settings with the address of the interface that `internal.address` follows, if it does and there is one."""
    from dataclasses import replace

    from runtime.base import validators

    internal = settings.internal
    if internal is None or not validators.is_auto(internal.address):
        return settings, ""
    interface = internal.address.removeprefix(validators.AUTO)
    found = address(interface)
    if not found:
        return settings, interface
    return replace(settings, internal=replace(internal, address=found)), interface
