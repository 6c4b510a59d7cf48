"""Addresses of network interfaces, asked of the kernel when they are needed: some come late, or change.

The pass of each minute imports this: it must import little.
"""

from __future__ import annotations

import fcntl
import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime.config.settings import Settings

# netdevice(7): the first IPv4 address of an interface. Its name, then a sockaddr_in at 16.
_SIOCGIFADDR = 0x8915
_NAME_BYTES = 16
# proc(5): address, index, prefix length, scope, flags and name, all but the name hexadecimal. Scope 0 is global.
_IPV6_ADDRESSES = "/proc/net/if_inet6"


def address(interface: str) -> str:
    """The first address of an interface, IPv4 before IPv6; empty if it has none, or is not there."""
    return _ipv4(interface) or next(iter(_ipv6(interface)), "")


def holds(interface: str, wanted: str) -> bool:
    """Whether an interface still has an address, or still has none where `wanted` is empty. True without one."""
    if not interface:
        return True
    return wanted in (_ipv4(interface), *_ipv6(interface)) if wanted else not address(interface)


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
    if holds(interface, settings.internal.address):
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


def _ipv4(interface: str) -> str:
    request = struct.pack("256s", interface.encode()[: _NAME_BYTES - 1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)
        except OSError:
            return ""
    return socket.inet_ntop(socket.AF_INET, answer[_NAME_BYTES + 4 : _NAME_BYTES + 8])


def _ipv6(interface: str) -> tuple[str, ...]:
    from pathlib import Path

    try:
        listed = [line.split() for line in Path(_IPV6_ADDRESSES).read_text(encoding="ascii").splitlines()]
    except OSError:
        return ()
    found = (each[0] for each in listed if each[5] == interface and int(each[3], 16) == 0)
    return tuple(socket.inet_ntop(socket.AF_INET6, bytes.fromhex(each)) for each in found)
