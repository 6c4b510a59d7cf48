"""What an uninstallation would do, as text or JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from installer.host import docker_daemon
from installer.uninstall.run import PACKAGE_HINT, Uninstall
from runtime.output.encoder import as_json
from runtime.output.table import table
from runtime.reconcile.changes import RemoveProject


def uninstall_lines(wanted: Uninstall) -> list[str]:
    """What goes, a line each; then what stays and what a person has to do."""
    rows = list(_rows(wanted))
    lines = table(rows) if rows else ["  Nothing of this instance is on this host."]
    return [*lines, *(f"  {sentence}" for sentence in _notes(wanted))]


def _rows(wanted: Uninstall) -> Iterator[tuple[str, str, str]]:
    yield from (("-", "timer", unit) for unit in wanted.units)
    for change in wanted.changes:
        yield "-", "containers" if isinstance(change, RemoveProject) else "network", change.name
    yield from (("-", "container", f"{task[:12]}, left by a command") for task in wanted.tasks)
    yield from (("-", "volume", volume) for volume in wanted.volumes)
    yield from (("-", "image", image) for image in wanted.images)
    yield from (("-", "service", f"{name}: what it put outside the data directory") for name in wanted.services)
    yield from (("-", "VPN", f"{name}, its interface and its file in /etc/wireguard") for name in wanted.vpn)
    if wanted.firewall:
        yield "-", "firewall", "its table in nftables, and its unit"
    if wanted.swap:
        yield "-", "swap", "that Shoestring added"
    if wanted.daemon:
        yield "~", "Docker", f"{docker_daemon.FILE}: {wanted.daemon}"
    if wanted.record:
        yield "-", "record", "of the data directory, in /etc/shoestring"
    if wanted.purge:
        yield "-", "data", f"{wanted.directory}, with all that is in it"


def _notes(wanted: Uninstall) -> Iterator[str]:
    if not wanted.purge:
        yield f"The data directory stays: {wanted.directory} (with --purge it goes too)."
    if wanted.others:
        yield f"Other instances on this host keep images, swap and Docker's settings: {', '.join(wanted.others)}."
    for crontab in wanted.cron:
        yield f"✗ cron would start everything again: take Shoestring's lines out of {crontab} first."
    yield PACKAGE_HINT


def uninstall_json(wanted: Uninstall) -> str:
    """The answer of `uninstall`: what goes; empty lists for what does not."""
    return as_json(
        **{
            **asdict(wanted),
            "changes": [{"kind": change.kind, "name": change.name} for change in wanted.changes],
            "vpn": ", ".join(wanted.vpn),
            "directory": str(wanted.directory),
            "cron": [str(table) for crontab in wanted.cron],
        }
    )
