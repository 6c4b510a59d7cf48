"""Reads application files: one Compose file each, with our `x-` keys checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from runtime.base import validators, yaml_documents
from runtime.base.errors import Problem
from runtime.base.paths import Side
from runtime.base.schema import suggestion
from runtime.base.yaml_documents import Document, DocumentError, KeyPath
from runtime.config import published_ports, rollout_options
from runtime.config.applications import (
    CONTAINER_PORT,
    DEFAULT_PORT,
    HEALTH_CHECK,
    HOST_NAMES,
    KEYS,
    OPEN_PORTS,
    PROXIED_SERVICE,
    ROLLOUT,
    TCP_PORTS,
    Application,
    Backend,
    BrokenApplication,
    Order,
    Rollout,
    TcpPort,
    host_name_of,
    proxy_alias,
)
from runtime.config.compose_file import ComposeService
from runtime.config.published_ports import PublishedPort

T = TypeVar("T")

# An `x-` key that begins like this is meant for us; all others are the user's own (Compose allows any).
OWN_PREFIXES = ("x-external", "x-container", "x-health", "x-rollout", "x-open-port", "x-openport")
SUFFIXES = (".yaml", ".yml")
# The Compose project of the proxies has this name.
RESERVED_NAMES = ("core",)


class _Reader:
    """Reads one document and collects all its problems."""

    def __init__(self, document: Document, name: str, side: Side) -> None:
        self.document = document
        self.name = name
        self.side = side
        self.problems: list[Problem] = []

    def refuse(self, path: KeyPath, what: str) -> None:
        self.problems.append(self.document.problem(path, what))

    def checked(self, check: Callable[[Any], T], value: object, path: KeyPath) -> T | None:
        """Return a value in its normal form, or None after recording a problem."""
        try:
            return check(value)
        except ValueError as error:
            self.refuse(path, str(error))
            return None

    def read(self) -> Application:
        top = self.document.value
        self._unknown_keys(top, ())
        services = tuple(self._services())
        backends = tuple(self._top_level_backends(services)) or tuple(self._service_backends(services))
        return Application(
            self.name,
            self.side,
            self.document.file,
            self.document,
            services,
            backends,
            tuple(self._tcp_ports(services)),
            self._rollout(services),
            tuple(self._open_ports()),
        )

    def _unknown_keys(self, mapping: dict[str, Any], path: KeyPath) -> None:
        for key in mapping:
            if str(key).startswith(OWN_PREFIXES) and key not in KEYS:
                what = f"unknown key{suggestion(str(key), KEYS)}"
                self.problems.append(self.document.problem((*path, str(key)), what, key=str(key)))

    def _services(self) -> Iterator[ComposeService]:
        services = self.document.value.get("services")
        if not isinstance(services, dict) or not services:
            self.refuse(("services",), "is missing; an application file is a Compose file with at least one service")
            return
        for name, definition in services.items():
            if isinstance(definition, dict):
                self._unknown_keys(definition, ("services", str(name)))
                yield ComposeService(str(name), definition)
            else:
                self.refuse(("services", str(name)), "is not a mapping (key: value)")

    def _host_name(self, service: ComposeService, path: KeyPath) -> str:
        """Return the host name of the containers on the network, which names the backend."""
        given = service.definition.get("hostname")
        if "network_mode" in service.definition:
            self.refuse(
                (*path, "network_mode"), "a proxied service cannot have it; the proxy reaches it by a network"
            )
        if given is not None:
            self.checked(validators.backend, given, (*path, "hostname"))
        return host_name_of(self.name, service)

    def _top_level_backends(self, services: tuple[ComposeService, ...]) -> Iterator[Backend]:
        """Yield the plain form: host names and port at the top level, for the service named `application`."""
        top = self.document.value
        port = self.checked(validators.port, top.get(CONTAINER_PORT, DEFAULT_PORT), (CONTAINER_PORT,)) or 0
        health_check = self._health_check(top, ())
        given = top.get(HOST_NAMES)
        # One host name may stand without a list.
        listed = [given] if isinstance(given, str) else given or []
        if not isinstance(listed, list):
            self.refuse((HOST_NAMES,), "is not a list of host names")
            return
        host_names = [
            self.checked(validators.host_pattern, item, (HOST_NAMES, index)) or ""
            for index, item in enumerate(listed)
        ]
        service = next((each for each in services if each.name == PROXIED_SERVICE), None)
        if not host_names or service is None:
            return
        if len(set(host_names)) != len(host_names):
            self.refuse((HOST_NAMES,), "has a duplicate host name; remove one")
        name = self._host_name(service, ("services", service.name))
        alias = proxy_alias(self.name, service.name)
        yield Backend(name, self.name, service.name, alias, port, tuple(host_names), health_check)

    def _service_backends(self, services: tuple[ComposeService, ...]) -> Iterator[Backend]:
        """Yield the form for more than one port: `[port, host name]` pairs in the services themselves."""
        for service in services:
            path: KeyPath = ("services", service.name)
            pairs = service.definition.get(HOST_NAMES) or []
            if not isinstance(pairs, list):
                self.refuse((*path, HOST_NAMES), "is not a list of [port, host name] pairs")
                continue
            by_port: dict[int, list[str]] = {}
            for index, pair in enumerate(pairs):
                here = (*path, HOST_NAMES, index)
                if not isinstance(pair, list) or len(pair) != 2:
                    self.refuse(here, "is not a [port, host name] pair, such as [3900, files.example.com]")
                    continue
                port = self.checked(validators.port, pair[0], here)
                host_name = self.checked(validators.host_pattern, pair[1], here)
                if port and host_name:
                    by_port.setdefault(port, []).append(host_name)
            if pairs:
                name, alias = self._host_name(service, path), proxy_alias(self.name, service.name)
                check = self._health_check(service.definition, path)
                for port, host_names in by_port.items():
                    yield Backend(f"{name}_{port}", self.name, service.name, alias, port, tuple(host_names), check)

    def _rollout(self, services: tuple[ComposeService, ...]) -> Rollout:
        service = next((each.definition for each in services if each.name == PROXIED_SERVICE), None)
        rollout = self.checked(
            lambda value: rollout_options.read(value, service), self.document.value.get(ROLLOUT), (ROLLOUT,)
        )
        return rollout or Rollout(Order.STOP_FIRST)

    def _open_ports(self) -> Iterator[PublishedPort]:
        listed = self.document.value.get(OPEN_PORTS) or []
        if not isinstance(listed, list):
            self.refuse((OPEN_PORTS,), "is not a list of ports")
            return
        for index, item in enumerate(listed):
            port = self.checked(published_ports.open_port, item, (OPEN_PORTS, index))
            if port:
                yield port

    def _health_check(self, mapping: dict[str, Any], path: KeyPath) -> str:
        if HEALTH_CHECK not in mapping:
            return ""
        return self.checked(validators.http_path, mapping[HEALTH_CHECK], (*path, HEALTH_CHECK)) or ""

    def _tcp_ports(self, services: tuple[ComposeService, ...]) -> Iterator[TcpPort]:
        listed = self.document.value.get(TCP_PORTS) or []
        if not listed:
            return
        if self.side is Side.PUBLIC:
            self.refuse(
                (TCP_PORTS,), "works on the internal side only; the public side has no ports but HTTP and HTTPS"
            )
            return
        if not isinstance(listed, list):
            self.refuse((TCP_PORTS,), "is not a list of ports")
            return
        service = next((each for each in services if each.name == PROXIED_SERVICE), None)
        if service is None:
            self.refuse((TCP_PORTS,), f"needs a service named {PROXIED_SERVICE}")
            return
        self._host_name(service, ("services", service.name))
        alias = proxy_alias(self.name, service.name)
        for index, item in enumerate(listed):
            pair = self.checked(_port_pair, item, (TCP_PORTS, index))
            if pair:
                yield TcpPort(self.name, alias, *pair)


def _port_pair(value: object) -> tuple[int, int]:
    """Return the port outside and the container's, of `5432` or `"15432:5432"`."""
    if isinstance(value, str) and value.count(":") == 1:
        outside, inside = value.split(":")
        if outside.isdecimal() and inside.isdecimal():
            return validators.port(int(outside)), validators.port(int(inside))
    port = validators.port(value)
    return port, port


def parse(document: Document, side: Side) -> Application | BrokenApplication:
    """Return the application of a file, or all problems of the file."""
    name = document.file.stem
    reader = _Reader(document, name, side)
    reader.checked(validators.application, name, ())
    if name in RESERVED_NAMES:
        reader.refuse((), f"the name {name} is reserved for the proxies; rename the file")
    application = reader.read()
    if reader.problems:
        return BrokenApplication(name, side, document.file, tuple(reader.problems))
    return application


def load(file: Path, side: Side) -> Application | BrokenApplication:
    """Read one application file, whatever is in it."""
    try:
        return parse(yaml_documents.load(file), side)
    except DocumentError as error:
        return BrokenApplication(file.stem, side, file, (error.problem,))


def list_side(directory: Path) -> list[Path]:
    """Return the application files of a side, in the order of their names. Raises OSError."""
    return sorted(file for file in directory.iterdir() if file.suffix in SUFFIXES and not file.name.startswith("."))


def load_side(directory: Path, side: Side) -> tuple[Application | BrokenApplication, ...]:
    """Read all application files of a side, in the order of their names.

    Raises OSError if the directory cannot be read; that is never the same as an empty one.
    """
    found: list[Application | BrokenApplication] = []
    stems: dict[str, Path] = {}
    for file in list_side(directory):
        first = stems.setdefault(file.stem, file)
        if first is not file:
            what = f"is a second file of the application {file.stem}, beside {first.name}; remove one"
            found.append(BrokenApplication(file.stem, side, file, (Problem(file, what),)))
        else:
            found.append(load(file, side))
    return tuple(found)
