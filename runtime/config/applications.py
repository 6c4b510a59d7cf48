"""What an application is: the services of its Compose file, and how the proxies reach them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from runtime.base.errors import Problem
from runtime.base.paths import Side
from runtime.base.yaml_documents import Document
from runtime.config.compose_file import ComposeFile, ComposeService
from runtime.config.published_ports import PublishedPort

HOST_NAMES = "x-external-host-names"
CONTAINER_PORT = "x-container-port"
TCP_PORTS = "x-external-tcp-ports"
HEALTH_CHECK = "x-health-check"
ROLLOUT = "x-rollout"
OPEN_PORTS = "x-open-ports"
KEYS = (HOST_NAMES, CONTAINER_PORT, TCP_PORTS, HEALTH_CHECK, ROLLOUT, OPEN_PORTS)

PROXIED_SERVICE = "application"
DEFAULT_PORT = 80


@dataclass(frozen=True)
class Backend:
    """One port of one service, proxied under its host names.

    `name` is unique on its side; `alias` is the proxy's own name of the containers on the side's network;
    `host_names` may have wildcards (`*.example.com`); `health_check` is the HTTP path that the proxy asks, empty for
    a TCP connect.
    """

    name: str
    application: str
    service: str
    alias: str
    port: int
    host_names: tuple[str, ...]
    health_check: str = ""


@dataclass(frozen=True)
class TcpPort:
    """A TCP port that the internal proxy forwards unchanged."""

    application: str
    alias: str
    port: int
    container_port: int


class Order(StrEnum):
    """The order of a rollout: the new version starts before the old one stops, or after. See docs/deploys.md."""

    START_FIRST = "start-first"
    STOP_FIRST = "stop-first"


@dataclass(frozen=True)
class Rollout:
    """The rollout of a new version of the service `application`. Times are in seconds.

    `health_timeout` is how long it may take to become healthy, `drain_timeout` how long the old one may take to end
    its requests, `watch_time` how long both serve before it is drained (0: as runtime/rollout/health.py has it).
    `is_order_given`: the order is in the file, not the default.
    """

    order: Order
    health_timeout: float = 60.0
    drain_timeout: float = 30.0
    watch_time: float = 0.0
    is_order_given: bool = False


def host_name_of(application: str, service: ComposeService) -> str:
    """Return the host name of a service on the network: its `hostname`, else the application's name."""
    default = application if service.name == PROXIED_SERVICE else f"{application}-{service.name}"
    return service.hostname or default


def proxy_alias(application: str, service: str) -> str:
    """Return the unique alias of a service for the proxy.

    Compose gives each container the name of its service as an alias on all its networks, so that one application's
    host name may be another one's service.
    """
    mark = hashlib.sha256(f"{application}/{service}".encode()).hexdigest()[:8]
    return f"shoestring-{mark}-{application[:40]}"


@dataclass(frozen=True)
class Application:
    """One application file that can be run. `open_ports` are those of its own that may be reached from outside."""

    name: str
    side: Side
    file: Path
    document: Document
    services: tuple[ComposeService, ...]
    backends: tuple[Backend, ...]
    tcp_ports: tuple[TcpPort, ...]
    rollout: Rollout
    open_ports: tuple[PublishedPort, ...] = ()

    @property
    def compose(self) -> ComposeFile:
        """Return its file, as Compose reads it."""
        return ComposeFile(self.document.value)

    @property
    def host_names(self) -> tuple[str, ...]:
        """Return all host names that are proxied to it."""
        return tuple(name for backend in self.backends for name in backend.host_names)

    def published(self, variables: Mapping[str, str]) -> tuple[PublishedPort, ...]:
        """Return the ports of the host that its services publish."""
        return tuple(dict.fromkeys(port for each in self.services for port in each.published(variables)))

    @property
    def aliases(self) -> dict[str, tuple[str, ...]]:
        """Return the network aliases of each service that is proxied: its host name, and the proxy's own."""
        proxied = {backend.service for backend in self.backends} | ({PROXIED_SERVICE} if self.tcp_ports else set())
        return {
            service.name: (host_name_of(self.name, service), proxy_alias(self.name, service.name))
            for service in self.services
            if service.name in proxied
        }

    @property
    def not_proxied_because(self) -> str:
        """Return why it is not proxied; empty if it is, or if its file does not ask for it."""
        if self.backends or self.tcp_ports:
            return ""
        if any(service.name == PROXIED_SERVICE for service in self.services):
            return f"it has no {HOST_NAMES}"
        return f"it has no service named {PROXIED_SERVICE}" if HOST_NAMES in self.compose.value else ""


@dataclass(frozen=True)
class BrokenApplication:
    """An application file that cannot be run, and why."""

    name: str
    side: Side
    file: Path
    problems: tuple[Problem, ...]
