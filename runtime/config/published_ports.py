"""The ports of the host that a Compose file publishes, and the form of those that may be reached. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.base import validators
from runtime.config.interpolation import interpolate_known

PROTOCOLS = ("tcp", "udp")
# Compose specification, `ports`, short syntax: [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL], with ranges FIRST-LAST.
_SHORT = re.compile(
    r"(?:(?:(?P<address>\[[0-9a-fA-F:]+\]|[0-9.]+|[0-9a-fA-F:]*::[0-9a-fA-F:]*):)?(?P<host>[0-9-]*):)?"
    r"[0-9-]+(?:/(?P<protocol>\w+))?"
)
_RANGE = re.compile(r"(?P<first>[0-9]+)(?:-(?P<last>[0-9]+))?")


@dataclass(frozen=True)
class PublishedPort:
    """Ports of the host, `first` to `last`; both are 0 where Docker chooses one.

    `address` is empty where it is every address.
    """

    protocol: str
    first: int
    last: int
    address: str = ""

    def __str__(self) -> str:
        if not self.first:
            return f"a port that Docker chooses/{self.protocol}"
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{ports}/{self.protocol}"

    def covers(self, other: PublishedPort) -> bool:
        """Return whether it includes all of the other's ports; addresses do not matter."""
        return bool(other.first) and (
            self.protocol == other.protocol and self.first <= other.first and other.last <= self.last
        )


def open_port(value: object) -> PublishedPort:
    """Return one item of `x-open-ports`: `25565`, `53/udp`, `6000-6010/udp`. Raises ValueError."""
    text, _, protocol = str(value).partition("/")
    ports = _range(text) if not isinstance(value, bool) else None
    if ports is None or (protocol or "tcp") not in PROTOCOLS or (str(value).endswith("/")):
        raise ValueError(f"{value!r} is not a port; one looks like 25565, 53/udp or 6000-6010/udp")
    return PublishedPort(protocol or "tcp", *ports)


def read(services: Iterable[Mapping[str, Any]], variables: Mapping[str, str]) -> tuple[PublishedPort, ...]:
    """Return the ports that services publish on the host, in the short and the long form of Compose's `ports`.

    A port that cannot be read, such as a port in a variable without a value, is left out: it stays closed, since only
    `x-open-ports` opens one.
    """
    return tuple(dict.fromkeys(port for service in services for port in _of(service, variables)))


def _of(service: Mapping[str, Any], variables: Mapping[str, str]) -> Iterator[PublishedPort]:
    listed = service.get("ports")
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict):
            yield from _long_form(item, variables)
        elif match := _SHORT.fullmatch(interpolate_known(str(item), variables) or ""):
            yield from _published(match["address"] or "", match["host"] or "", match["protocol"] or "tcp")


def _long_form(item: Mapping[str, Any], variables: Mapping[str, str]) -> Iterator[PublishedPort]:
    given = {"host_ip": "", "published": "", "protocol": "tcp"}
    given |= {key: str(item[key]) for key in given if item.get(key) is not None}
    filled = [interpolate_known(text, variables) for text in given.values()]
    known = [each for each in filled if each is not None]
    if len(known) == len(filled):
        yield from _published(*known)


def _published(address: str, ports: str, protocol: str) -> Iterator[PublishedPort]:
    try:
        at = ipaddress.ip_address(validators.ip_address(address.strip("[]") or "::"))
    except ValueError:
        return
    found = _range(ports) if ports else (0, 0)
    if found and protocol in PROTOCOLS:
        yield PublishedPort(protocol, *found, address="" if at.is_unspecified else str(at))


def _range(text: str) -> tuple[int, int] | None:
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    try:
        first = validators.port(int(match["first"]))
        last = validators.port(int(match["last"] or first))
    except ValueError:
        return None
    return (first, last) if first <= last else None
