"""The processes that listen on a port, and the containers that publish it."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runtime.base.paths import Side
from runtime.core import ipv6_proxy
from runtime.network.addresses import overlap

_USER = re.compile(r'\("(?P<name>[^"]*)",pid=(?P<pid>\d+)')
_UNIT = re.compile(r"/(?P<unit>[^/]+\.service)$")
_COMPOSE_PROJECT = "com.docker.compose.project"
_COMPOSE_FILES = "com.docker.compose.project.config_files"


@dataclass(frozen=True)
class ListeningSocket:
    """A socket that listens for TCP connections.

    `process` is empty and `pid` 0 if unknown; `unit` is its systemd service, empty for none.
    """

    address: str
    port: int
    process: str = ""
    pid: int = 0
    unit: str = ""


@dataclass(frozen=True)
class PublishingContainer:
    """A running container: its Compose project and files, and the addresses and ports that it publishes."""

    name: str
    project: str
    files: str
    published: tuple[tuple[str, int], ...]


def parse_listeners(text: str) -> tuple[ListeningSocket, ...]:
    """Return the listening sockets from `ss -ltnpH` (ss(8))."""
    listeners = []
    for line in text.splitlines():
        columns = line.split(maxsplit=5)
        if len(columns) < 5:
            continue
        address, _, port = columns[3].rpartition(":")
        if not port.isdigit():
            continue
        # `*` is a socket for both families; a scope such as %lo follows some addresses.
        address = "::" if address == "*" else address.strip("[]").partition("%")[0]
        user = _USER.search(columns[5]) if len(columns) > 5 else None
        listeners.append(
            ListeningSocket(address, int(port), user["name"] if user else "", int(user["pid"]) if user else 0)
        )
    return tuple(listeners)


def parse_containers(items: Iterable[Mapping[str, Any]]) -> tuple[PublishingContainer, ...]:
    """Return the containers of the engine's answer to GET /containers/json (Docker Engine API)."""
    return tuple(
        PublishingContainer(
            name=str((item.get("Names") or ["?"])[0]).lstrip("/"),
            project=str((item.get("Labels") or {}).get(_COMPOSE_PROJECT, "")),
            files=str((item.get("Labels") or {}).get(_COMPOSE_FILES, "")),
            published=tuple(
                (str(port.get("IP") or "0.0.0.0"), int(port["PublicPort"]))  # noqa: S104 - what the engine means
                for port in item.get("Ports") or ()
                if port.get("PublicPort") and port.get("Type") == "tcp"
            ),
        )
        for item in items
    )


def parse_unit(text: str) -> str:
    """Return the systemd unit of a process, from /proc/PID/cgroup; empty if it has none."""
    for line in text.splitlines():
        match = _UNIT.search(line)
        if match:
            return match["unit"].removesuffix(".service")
    return ""


def with_units(listeners: tuple[ListeningSocket, ...]) -> tuple[ListeningSocket, ...]:
    """Add the systemd service of each process; one that has ended has none."""
    return tuple(replace(each, unit=_unit_of(each.pid)) if each.pid else each for each in listeners)


def _unit_of(pid: int) -> str:
    try:
        return parse_unit(Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8"))
    except OSError:
        return ""


def publisher(address: str, port: int, containers: tuple[PublishingContainer, ...]) -> PublishingContainer | None:
    """Return the container that publishes a port at this address."""
    return next(
        (
            container
            for container in containers
            if any(port == theirs and overlap(address, at) for at, theirs in container.published)
        ),
        None,
    )


def is_ipv6_proxy(found: ListeningSocket, containers: tuple[PublishingContainer, ...], instance: str) -> bool:
    """Return whether a socket is that of the instance's own HAProxy for IPv6, which publishes no port.

    See runtime/core/ipv6_proxy.py.
    """
    own = (each for each in containers if instance and each.project == f"{instance}_core")
    there = any(ipv6_proxy.service_name(side) in each.name for each in own for side in Side)
    return there and ":" in found.address and found.process == "haproxy"


def listener(address: str, port: int, listeners: tuple[ListeningSocket, ...]) -> ListeningSocket | None:
    """Return the socket that listens on a port at this address."""
    found = [each for each in listeners if each.port == port and overlap(address, each.address)]
    return next((each for each in found if each.pid), found[0] if found else None)


def can_bind(address: str, port: int) -> bool:
    """Return whether a TCP socket can be bound; also for an address of another host, which is another check."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Connections that have ended hold a port for a while; only one that listens counts.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
    return True
