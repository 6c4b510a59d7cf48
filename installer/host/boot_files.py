"""Files that the host reads at boot before Docker starts: directories of sockets, and addresses that come late."""

from __future__ import annotations

from pathlib import Path

from installer.host import systemd
from installer.host.systemd import Unit, unit_name
from runtime.base import command, files
from runtime.base.paths import RunPaths, Side
from runtime.proxy.container import PROXY_UID

# Of the same name in each folder.
_FILE = "shoestring.conf"
_TMPFILES = Path("/etc/tmpfiles.d")
_SYSCTL = Path("/etc/sysctl.d")
_MADE = "# Made by `shoestring timers install`.\n"
# Tells the kernel what all files of sysctl.d(5) say of late addresses, and nothing else.
_TELL_KERNEL = (
    "/usr/lib/systemd/systemd-sysctl",
    "--prefix=/net/ipv4/ip_nonlocal_bind",
    "--prefix=/net/ipv6/ip_nonlocal_bind",
)


def directories(instance: str) -> Unit:
    """The directories of the proxies' sockets, made at boot before Docker starts the proxies (tmpfiles.d(5)).

    Else Docker makes them, as root's, and the proxies cannot work until the start at boot has mended that.
    """
    run = RunPaths(instance)
    owned = [(path, "0755", 0) for path in (run.root, run.directory)]
    owned += [(run.proxy(side), "0750", PROXY_UID) for side in Side]
    lines = "".join(f"d {path} {mode} {owner} {owner} -\n" for path, mode, owner in owned)
    return Unit(unit_name(_FILE, instance), _MADE + lines, _TMPFILES)


def late_addresses(instance: str, allowed: int = 1) -> Unit:
    """Lets a proxy start before its address is there, such as one that DHCP gives late (sysctl.d(5), ip-sysctl).

    Else Docker gives the container up at boot, whatever its `restart` says. It holds from the next boot on; the `-`
    is for a kernel without IPv6.
    """
    lines = f"net.ipv4.ip_nonlocal_bind = {allowed}\n-net.ipv6.ip_nonlocal_bind = {allowed}\n"
    return Unit(unit_name(_FILE, instance), _MADE + lines, _SYSCTL)


def units(instance: str) -> tuple[Unit, ...]:
    """What the unit of the start needs of the host before Docker starts."""
    return directories(instance), late_addresses(instance)


def remove(instance: str) -> None:
    """Remove them. The kernel goes back to its default, or to what other files say of late addresses."""
    made = directories(instance)
    files.remove(made.directory / made.name)
    refused = late_addresses(instance, allowed=0)
    if systemd.is_written(refused) is None:
        return
    systemd.write((refused,))
    command.run(_TELL_KERNEL)
    files.remove(refused.directory / refused.name)
    command.run(_TELL_KERNEL)
