"""Other instances on this host, and what this one's firewall would close of them.

A drop in one table is final, even if another table accepts; and each instance knows only its own files.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from installer.firewall.ssh_sessions import AGAIN
from installer.host import wireguard
from installer.vpn.configuration import MARK
from runtime.base.constants import LABEL_INSTANCE
from runtime.base.errors import ShoestringError
from runtime.config.published_ports import PublishedPort
from runtime.docker import engine
from runtime.firewall import model, table
from runtime.firewall.model import Ruleset


@dataclass(frozen=True)
class OtherInstance:
    """Another instance: the ports that its containers publish, its VPN's interface, whether its firewall is on."""

    instance: str
    ports: tuple[PublishedPort, ...] = ()
    vpn: str = ""
    has_firewall: bool = False


def observe(instance: str) -> tuple[OtherInstance, ...]:
    """Return the other instances, by their nftables tables, VPNs, and containers if the engine answers."""
    ports = parse_ports(_containers())
    vpns = dict(_vpns())
    prefix = model.table_name("")
    with_firewall = {each.removeprefix(prefix) for each in table.names() if each.startswith(prefix)}
    others = sorted((set(ports) | set(vpns) | with_firewall) - {instance, ""})
    return tuple(
        OtherInstance(each, ports.get(each, ()), vpns.get(each, ""), each in with_firewall) for each in others
    )


def parse_ports(listed: Iterable[Mapping[str, Any]]) -> dict[str, tuple[PublishedPort, ...]]:
    """Return what each instance's containers publish but for this host alone, from `GET /containers/json`."""
    found: dict[str, list[PublishedPort]] = {}
    for container in listed:
        mine = found.setdefault(str((container.get("Labels") or {}).get(LABEL_INSTANCE, "")), [])
        for port in container.get("Ports") or ():
            at = ip_address(port.get("IP") or "::")
            number = int(port.get("PublicPort") or 0)
            if number and not at.is_loopback:
                mine.append(PublishedPort(str(port["Type"]), number, number, "" if at.is_unspecified else str(at)))
    return {instance: tuple(dict.fromkeys(ports)) for instance, ports in found.items()}


def objections(others: Collection[OtherInstance], ruleset: Ruleset) -> tuple[str, ...]:
    """Return a sentence for each that this ruleset would disturb, or that closes this one's ports. Pure."""
    return tuple(
        f"Instance {each.instance} is on this host too, and {', and '.join(about)}: each knows the ports of its own "
        "files alone, so have the firewall on with one instance on a host, or list such ports in x-open-ports of an "
        f"application, {AGAIN}"
        for each in others
        for about in (tuple(_about(each, ruleset)),)
        if about
    )


def _about(other: OtherInstance, ruleset: Ruleset) -> Iterator[str]:
    closed = dict.fromkeys(str(port) for port in other.ports if not ruleset.allows(port))
    lost = [*closed, *([f"its VPN {other.vpn}"] if other.vpn else [])]
    if lost:
        yield f"this firewall would close {', '.join(lost)}"
    if other.has_firewall:
        yield "its own firewall closes the ports of this one"


def _containers() -> list[Mapping[str, Any]]:
    """Return the containers of all instances that run; none where the engine does not answer."""
    try:
        client = engine.connect()
    except ShoestringError:
        return []
    listed: list[Mapping[str, Any]] = client.api.containers(filters={"label": [LABEL_INSTANCE]})
    return listed


def _vpns() -> Iterator[tuple[str, str]]:
    """Yield pairs of an instance and its VPN's interface that is there, by the mark in the configuration."""
    for _, name in socket.if_nameindex():
        file = wireguard.configuration_file(name)
        for line in () if not file.is_file() else file.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(MARK):
                yield line.removeprefix(MARK).strip(), name
