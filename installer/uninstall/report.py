"""The plan of an uninstallation, as text or JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from installer.host import docker_daemon
from installer.uninstall.run import PACKAGE_HINT, UninstallPlan
from runtime.output.encoder import result_json
from runtime.output.table import table
from runtime.reconcile.changes import RemoveProject


@dataclass(frozen=True)
class UninstallChange:
    """A change of the containers and networks of an instance."""

    kind: Annotated[str, "`remove` or `remove-network`"]
    name: str


@dataclass(frozen=True)
class UninstallResult:
    """The result of `uninstall`: the plan, also when it was carried out."""

    units: Annotated[tuple[str, ...], "names of unit files"]
    changes: Annotated[tuple[UninstallChange, ...], "containers and networks"]
    tasks: Annotated[tuple[str, ...], "ids of containers that a killed command left"]
    images: tuple[str, ...]
    volumes: Annotated[tuple[str, ...], "volumes of Docker, with --purge"]
    vpn: Annotated[str, "network interfaces, separated by commas"]
    firewall: Annotated[bool, "the rules of the firewall"]
    swap: Annotated[bool, "the swap that Shoestring added"]
    daemon: Annotated[str, "what happens to the settings of Docker, or empty"]
    record: Annotated[bool, "it is the default data directory of the host"]
    directory: Annotated[Path, "the data directory"]
    purge: Annotated[bool, "the data directory is deleted"]
    others: Annotated[tuple[str, ...], "other instances on this host"]
    cron: Annotated[tuple[Path, ...], "crontabs that would start it again; then nothing is removed"]
    services: Annotated[tuple[str, ...], "services with files outside the data directory"]


def uninstall_lines(wanted: UninstallPlan) -> list[str]:
    """Return what would be removed, a line each; then what stays and what the user has to do."""
    rows = list(_rows(wanted))
    lines = table(rows) if rows else ["  Nothing to do: this host has nothing of this instance."]
    return [*lines, *(f"  {sentence}" for sentence in _notes(wanted))]


def _rows(wanted: UninstallPlan) -> Iterator[tuple[str, str, str]]:
    yield from (("-", "timer", unit) for unit in wanted.units)
    for change in wanted.changes:
        yield "-", "containers" if isinstance(change, RemoveProject) else "network", change.name
    yield from (("-", "container", f"{task[:12]}, left by a command") for task in wanted.tasks)
    yield from (("-", "volume", volume) for volume in wanted.volumes)
    yield from (("-", "image", image) for image in wanted.images)
    yield from (("-", "service", f"{name}: its files outside the data directory") for name in wanted.services)
    yield from (("-", "VPN", f"{name}, its interface and its file in /etc/wireguard") for name in wanted.vpn)
    if wanted.firewall:
        yield "-", "firewall", "its table in nftables, and its unit"
    if wanted.swap:
        yield "-", "swap", "that Shoestring added"
    if wanted.daemon:
        yield "~", "Docker", f"{docker_daemon.FILE}: {wanted.daemon}"
    if wanted.is_default:
        yield "-", "default", "data directory of commands, in /etc/shoestring"
    if wanted.purge:
        yield "-", "data", f"{wanted.directory} with all data"


def _notes(wanted: UninstallPlan) -> Iterator[str]:
    if not wanted.purge:
        yield f"The data directory stays: {wanted.directory} (add --purge to delete it)."
    if wanted.others:
        others = ", ".join(wanted.others)
        yield f"Images, swap and Docker's settings stay, because other instances use this host: {others}."
    for crontab in wanted.cron:
        yield f"✗ cron would start everything again: first remove Shoestring's lines from {crontab}."
    yield PACKAGE_HINT


def uninstall_json(wanted: UninstallPlan) -> str:
    """Return the answer of `uninstall`: what would be removed, empty lists for nothing."""
    return result_json(
        UninstallResult(
            units=wanted.units,
            changes=tuple(UninstallChange(change.kind, change.name) for change in wanted.changes),
            tasks=wanted.tasks,
            images=wanted.images,
            volumes=wanted.volumes,
            vpn=", ".join(wanted.vpn),
            firewall=wanted.firewall,
            swap=wanted.swap,
            daemon=wanted.daemon,
            record=wanted.is_default,
            directory=wanted.directory,
            purge=wanted.purge,
            others=wanted.others,
            cron=wanted.cron,
            services=wanted.services,
        )
    )
