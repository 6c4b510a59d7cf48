"""A DNS resolver of the settings: an address and a port."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.base import validators
from runtime.network.addresses import bracketed

DNS_PORT = 53


@dataclass(frozen=True)
class Resolver:
    """A DNS resolver at an IP address."""

    address: str
    port: int = DNS_PORT

    @property
    def host_port(self) -> str:
        """Return the address with the port: `127.0.0.1:53`, `[::1]:53`."""
        return f"{bracketed(self.address)}:{self.port}"

    def __str__(self) -> str:
        return self.address if self.port == DNS_PORT else self.host_port


def parse(value: object) -> Resolver:
    """Return the resolver of a value of the settings file: `127.0.0.1`, `127.0.0.1:5353`, `::1` or `[::1]:5353`.

    Raises ValueError.
    """
    if isinstance(value, Resolver):
        return value
    if isinstance(value, str):
        address, found, port = value.rpartition(":")
        if found and (":" not in address or address.startswith("[")) and port.isdecimal():
            return Resolver(validators.ip_address(address.strip("[]")), validators.port(int(port)))
    return Resolver(validators.ip_address(value))
