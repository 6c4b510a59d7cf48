"""Facts about this host: each is a command or a file, and a pure parser."""

from __future__ import annotations

import json
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from installer.host import networks
from installer.host.networks import HostNetwork
from installer.host.ports import ListeningSocket, PublishingContainer, parse_containers, parse_listeners, with_units
from runtime.base import command, meminfo
from runtime.base.errors import ShoestringError
from runtime.docker import compose, engine
from runtime.network import addresses
from runtime.network.addresses import HostAddress

_VERSION = re.compile(r"\d+(?:\.\d+)+")
# Only the kernel's routing table is asked; no packet is sent.
_ELSEWHERE = (("-4", "1.1.1.1"), ("-6", "2606:4700:4700::1111"))
_SHORT_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class EngineFacts:
    """Version and containers of the Docker Engine; `problem` is a sentence if it does not answer."""

    version: str = ""
    containers: tuple[PublishingContainer, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Facts:
    """The host as setup needs it. Sizes are in bytes, 0 for none.

    `has_ipv6`: a new interface can have an IPv6 address.
    """

    system: str
    cores: int
    memory: int
    swap: int
    free_disk: int
    addresses: tuple[HostAddress, ...]
    default_address: str
    host_name: str
    engine: EngineFacts
    compose_version: str
    listeners: tuple[ListeningSocket, ...]
    is_root: bool
    has_git: bool
    networks: tuple[HostNetwork, ...] = ()
    has_ipv6: bool = True

    @property
    def offered_addresses(self) -> tuple[HostAddress, ...]:
        """Return the addresses to offer, that of the default route first, IPv4 before IPv6."""
        offered = (address for address in self.addresses if address.is_offered)
        return tuple(sorted(offered, key=lambda each: (each.address != self.default_address, ":" in each.address)))


def gather(near: Path) -> Facts:
    """Collect the facts of this host; `near` is a path on the disk whose free space counts. Changes nothing."""
    sizes = meminfo.read()
    return Facts(
        system=parse_os_release(_text(Path("/etc/os-release"))),
        cores=len(os.sched_getaffinity(0)),
        memory=sizes.total,
        swap=sizes.swap,
        free_disk=free_disk(near),
        addresses=addresses.observe(),
        default_address=_default_address(),
        host_name=_output("hostname", "-f"),
        engine=_engine(),
        compose_version=parse_version(_output(*compose.version())),
        listeners=with_units(parse_listeners(_output("ss", "-ltnpH"))),
        is_root=os.geteuid() == 0,
        has_git=command.exists("git"),
        networks=networks.observe(),
        has_ipv6=networks.has_ipv6(),
    )


def free_disk(near: Path) -> int:
    """Return the free bytes of the disk that a path is on, or would be on."""
    existing = next(each for each in (near, *near.parents) if each.exists())
    status = os.statvfs(existing)
    return status.f_bavail * status.f_frsize


def parse_os_release(text: str) -> str:
    """Return the name and version of the distribution from /etc/os-release (os-release(5)): `Debian 13`."""
    values = {}
    for line in text.splitlines():
        name, found, value = line.partition("=")
        if found:
            values[name.strip()] = " ".join(shlex.split(value))
    name = values.get("NAME", "Linux").removesuffix(" GNU/Linux")
    return f"{name} {values.get('VERSION_ID', '')}".strip()


def parse_route(text: str) -> str:
    """Return the local address that a route uses, from `ip -json route get`; empty if there is none."""
    try:
        return next((str(route["prefsrc"]) for route in json.loads(text or "[]") if "prefsrc" in route), "")
    except ValueError:
        return ""


def parse_version(text: str) -> str:
    """Return the numbers of a version, without what a distribution adds: `2.26.1-4` is 2.26.1. Empty if there are
    none.
    """
    match = _VERSION.search(text)
    return match[0] if match else ""


def _default_address() -> str:
    found = (parse_route(_output("ip", family, "-json", "route", "get", to)) for family, to in _ELSEWHERE)
    return next((address for address in found if address), "")


def _engine() -> EngineFacts:
    try:
        client = engine.connect()
    except ShoestringError as error:
        return EngineFacts(problem=str(error))
    try:
        return EngineFacts(parse_version(str(client.version()["Version"])), parse_containers(client.api.containers()))
    finally:
        client.close()


def _output(*argv: str) -> str:
    """Return what a command prints, or nothing where it is not there or fails."""
    try:
        result = command.run(argv, timeout=_SHORT_TIMEOUT_SECONDS)
    except ShoestringError:
        return ""
    return result.out.strip() if result.ok else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
