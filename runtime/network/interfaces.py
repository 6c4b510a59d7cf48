"""Addresses of network interfaces, asked of the kernel when they are needed: some come late, or change.

The fast path imports this: it must import little.
"""

from __future__ import annotations

from runtime.network import netlink


def address(interface: str) -> str:
    """Return the first address of an interface, IPv4 before IPv6; empty if it has none, or does not exist."""
    return next(iter(_usable(interface)), "")


def has_address(interface: str, expected: str) -> bool:
    """Return whether an interface still has an address, or still has none where `expected` is empty.

    True without an interface. Of several IPv4 addresses only the first one counts, as for `address`.
    """
    return not interface or expected in (_usable(interface) or ("",))


def _usable(interface: str) -> tuple[str, ...]:
    """Return the first IPv4 address of an interface, then its IPv6 addresses that are valid everywhere."""
    try:
        found = [each for each in netlink.addresses() if each.interface == interface]
    except OSError:
        return ()
    ipv4 = [each.address for each in found if ":" not in each.address]
    ipv6 = [each.address for each in found if ":" in each.address and each.scope == netlink.SCOPE_GLOBAL]
    return (*ipv4[:1], *ipv6)
