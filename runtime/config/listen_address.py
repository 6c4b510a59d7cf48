"""Where the settings have the internal side listen: an address, or an interface whose address is followed."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from runtime.base import validators

_PREFIX = "auto:"


@dataclass(frozen=True)
class FixedAddress:
    """An IP address that the settings name."""

    address: str

    def __str__(self) -> str:
        return self.address


@dataclass(frozen=True)
class FollowedInterface:
    """An interface whose present address is used, also after it changes."""

    interface: str

    def __str__(self) -> str:
        return f"{_PREFIX}{self.interface}"


ListenAddress = FixedAddress | FollowedInterface


def parse(value: object) -> ListenAddress:
    """Return the address of a value of the settings file: one address, not all of them, or `auto:INTERFACE`.

    Raises ValueError.
    """
    if isinstance(value, FixedAddress | FollowedInterface):
        return value
    if isinstance(value, str) and value.startswith(_PREFIX):
        return FollowedInterface(validators.interface(value.removeprefix(_PREFIX)))
    address = validators.ip_address(value)
    if ipaddress.ip_address(address).is_unspecified:
        raise ValueError(f"{address} would open the internal services on every address; name one address")
    return FixedAddress(address)


def fixed_address(listen: ListenAddress | None) -> str:
    """Return the address that the settings name; empty where an interface is followed, or there is no such side."""
    return listen.address if isinstance(listen, FixedAddress) else ""
