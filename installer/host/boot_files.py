"""Files that the host reads at boot before Docker starts: directories of sockets, late addresses, the isolation."""

from __future__ import annotations

from pathlib import Path

from installer.host import systemd
from installer.host.systemd import SystemdUnit, unit_name
from runtime.base import command, files
from runtime.base.paths import Paths, RunPaths, Side
from runtime.docker.images import TEMPLATES
from runtime.proxy.container import PROXY_UID

# Of the same name in each folder.
_FILE = "shoestring.conf"
_TMPFILES = Path("/etc/tmpfiles.d")
_SYSCTL = Path("/etc/sysctl.d")
FOLDER = TEMPLATES / "systemd"
ISOLATION = "shoestring-isolation.service"
_MADE = "# Made by `shoestring timers install`.\n"
# Applies what all files of sysctl.d(5) set for late addresses, and nothing else.
_APPLY_SYSCTL = (
    "/usr/lib/systemd/systemd-sysctl",
    "--prefix=/net/ipv4/ip_nonlocal_bind",
    "--prefix=/net/ipv6/ip_nonlocal_bind",
)


def directories(instance: str) -> SystemdUnit:
    """Return the file for the directories of the proxies' sockets, created before Docker starts (tmpfiles.d(5)).

    Otherwise Docker creates them, owned by root, and the proxies fail until the start at boot has repaired that.
    """
    run = RunPaths(instance)
    owned = [(path, "0755", 0) for path in (run.root, run.directory)]
    owned += [(run.proxy(side), "0750", PROXY_UID) for side in Side]
    lines = "".join(f"d {path} {mode} {owner} {owner} -\n" for path, mode, owner in owned)
    return SystemdUnit(unit_name(_FILE, instance), _MADE + lines, _TMPFILES)


def late_addresses(instance: str, allowed: int = 1) -> SystemdUnit:
    """Return the file that lets a proxy start before its address exists, such as with DHCP (sysctl.d(5), ip-sysctl).

    Otherwise Docker gives up the container at boot, whatever its `restart` is. It applies from the next boot on; the
    `-` is for a kernel without IPv6.
    """
    lines = f"net.ipv4.ip_nonlocal_bind = {allowed}\n-net.ipv6.ip_nonlocal_bind = {allowed}\n"
    return SystemdUnit(unit_name(_FILE, instance), _MADE + lines, _SYSCTL)


def isolation(instance: str, root: Path) -> SystemdUnit:
    """Return the unit that loads the isolation of the last run, so that no container is reached before the start."""
    text = (FOLDER / ISOLATION).read_text(encoding="utf-8").replace("@INSTANCE@", instance)
    rules = systemd.quoted(Paths(root).isolation_generated)
    return SystemdUnit(unit_name(ISOLATION, instance), text.replace("@RULES@", rules))


def units(instance: str, root: Path) -> tuple[SystemdUnit, ...]:
    """Return the files that the start at boot needs before Docker starts."""
    return directories(instance), late_addresses(instance), isolation(instance, root)


def remove(instance: str, directory: Path = systemd.UNIT_DIRECTORY) -> None:
    """Remove them; the kernel returns to its default, or to what other files set for late addresses.

    `directory` is that of the units.
    """
    name = unit_name(ISOLATION, instance)
    # It is stopped too: systemd keeps directories for a unit that is active. The table in the kernel stays.
    if (directory / name).is_file():
        systemd.remove((name,), directory)
    made = directories(instance)
    files.remove(made.directory / made.name)
    refused = late_addresses(instance, allowed=0)
    if systemd.is_written(refused) is None:
        return
    systemd.write((refused,))
    command.run(_APPLY_SYSCTL)
    files.remove(refused.directory / refused.name)
    command.run(_APPLY_SYSCTL)
