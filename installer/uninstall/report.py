"""The plan of an uninstallation as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from installer.host import docker_daemon
from installer.uninstall.run import PACKAGE_HINT, UninstallPlan
from runtime.output.table import table
from runtime.reconcile.changes import RemoveProject


def uninstall_lines(planned: UninstallPlan) -> list[str]:
    """Return what would be removed, a line each; then what stays and what the user has to do."""
    rows = list(_rows(planned))
    lines = table(rows) if rows else ["  Nothing to do: this host has nothing of this instance."]
    return [*lines, *(f"  {sentence}" for sentence in _notes(planned))]


def _rows(planned: UninstallPlan) -> Iterator[tuple[str, str, str]]:
    yield from (("-", "timer", unit) for unit in planned.units)
    for change in planned.changes:
        yield "-", "containers" if isinstance(change, RemoveProject) else "network", change.name
    yield from (("-", "container", f"{task[:12]}, left by a command") for task in planned.tasks)
    yield from (("-", "volume", volume) for volume in planned.volumes)
    yield from (("-", "image", image) for image in planned.images)
    yield from (("-", "service", f"{name}: its files outside the data directory") for name in planned.services)
    yield from (("-", "VPN", f"{name}, its interface and its file in /etc/wireguard") for name in planned.vpn)
    if planned.firewall:
        yield "-", "firewall", "its table in nftables, and its unit"
    if planned.swap:
        yield "-", "swap", "that Shoestring added"
    if planned.daemon:
        yield "~", "Docker", f"{docker_daemon.FILE}: {planned.daemon}"
    if planned.is_default:
        yield "-", "default", "data directory of commands, in /etc/shoestring"
    if planned.purge:
        yield "-", "data", f"{planned.directory} with all data"


def _notes(planned: UninstallPlan) -> Iterator[str]:
    if not planned.purge:
        yield f"The data directory stays: {planned.directory} (add --purge to delete it)."
    if planned.others:
        others = ", ".join(planned.others)
        yield f"Images, swap and Docker's settings stay, because other instances use this host: {others}."
    for crontab in planned.cron:
        yield f"✗ cron would start everything again: first remove Shoestring's lines from {crontab}."
    yield PACKAGE_HINT
