"""The plan of an uninstallation as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from installer.host import docker_daemon
from installer.uninstall.run import PACKAGE_HINT, UninstallPlan
from runtime.output.table import table
from runtime.reconcile.changes import RemoveProject


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
