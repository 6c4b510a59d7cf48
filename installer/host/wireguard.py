"""WireGuard on this host: an interface that is what its configuration says, and no connection lost on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from installer.host import systemd
from runtime import command, files
from runtime.errors import ShoestringError

CONFIGURATIONS = Path("/etc/wireguard")
DIRECTORY_MODE, FILE_MODE = 0o700, 0o600
# The name of an interface that is made and removed to see whether the kernel can.
_PROBE = "shoestring-wg"
_USERSPACE = "wireguard-go"
_SHORT_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Interface:
    """An interface as it should be.

    `addresses` have their prefix lengths. `text` is the file for wg-quick(8), `stripped` what wg(8) takes of it; both
    have secrets in them. `mark` is the line by which a file is known as this instance's.
    """

    name: str
    addresses: tuple[str, ...]
    mtu: int
    text: str
    stripped: str
    mark: str


@dataclass(frozen=True)
class Link:
    """A network interface as it is. `addresses` have their prefix lengths; `mtu` is in bytes."""

    addresses: frozenset[str]
    mtu: int
    is_up: bool


def configuration_file(name: str) -> Path:
    """Where wg-quick(8) looks for the configuration of an interface."""
    return CONFIGURATIONS / f"{name}.conf"


def check_possible(interface: Interface) -> None:
    """Raise ShoestringError if this host cannot have the interface, or has someone else's of that name."""
    name = interface.name
    if lacks := missing(look_at_kernel=not is_there(name)):
        raise ShoestringError(lacks)
    file = configuration_file(name)
    if file.exists():
        if interface.mark not in file.read_text(encoding="utf-8", errors="replace").splitlines():
            raise ShoestringError(
                f"{file} is there already, and not of this instance. Choose another wireguard.interface in "
                "conf/shoestring.yaml, or move that file away."
            )
    elif is_there(name):
        raise ShoestringError(
            f"There is a network interface {name} already, and it is not Shoestring's. Choose another "
            "wireguard.interface in conf/shoestring.yaml."
        )


def missing(*, look_at_kernel: bool = True) -> str:
    """What this host lacks for WireGuard, and what to install; empty if it lacks nothing."""
    if not command.exists("wg"):
        return "WireGuard's tools are not installed. Install the package wireguard-tools."
    if look_at_kernel and not _kind():
        return (
            "This kernel has no WireGuard, and wireguard-go is not installed. Install the package wireguard-go, or a "
            "kernel with WireGuard (Linux 5.6 or later, as your distribution builds it)."
        )
    return ""


def is_there(name: str) -> bool:
    """Whether a network interface of that name is there."""
    return _ip("link", "show", "dev", name).ok


def apply(interface: Interface) -> bool:
    """Make the interface what it should be. Returns whether the file changed.

    The file comes first: whatever ends this, the next run or the next boot goes on from it. Peers are set by
    `wg syncconf`, which leaves alone those that stay. Raises ShoestringError.
    """
    files.make_directory(CONFIGURATIONS, DIRECTORY_MODE)
    changed = files.write(configuration_file(interface.name), interface.text, FILE_MODE)
    if not is_there(interface.name):
        _make(interface.name)
    if systemd.is_running():
        systemd.systemctl("enable", "--quiet", f"wg-quick@{interface.name}")
    _check(("wg", "syncconf", interface.name, "/dev/stdin"), interface.stripped)
    for address in _addresses(interface.name) - set(interface.addresses):
        _check(("ip", "address", "delete", address, "dev", interface.name))
    for address in sorted(set(interface.addresses) - _addresses(interface.name)):
        _check(("ip", "address", "add", address, "dev", interface.name))
    _check(("ip", "link", "set", "dev", interface.name, "mtu", str(interface.mtu), "up"))
    return changed


def remove(name: str, mark: str) -> bool:
    """Take an interface down, and its file away, if it is this instance's. Returns whether there was one."""
    if not is_ours(name, mark):
        return False
    if systemd.is_running():
        command.run(("systemctl", "disable", "--now", "--quiet", f"wg-quick@{name}"))
    _ip("link", "delete", "dev", name)
    return files.remove(configuration_file(name))


def is_ours(name: str, mark: str) -> bool:
    """Whether an interface's file on this host is this instance's."""
    try:
        return mark in configuration_file(name).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False


def dump(name: str) -> str:
    """What `wg show NAME dump` prints, which has keys in it; empty if there is no such interface."""
    if not command.exists("wg"):
        return ""
    result = command.run(("wg", "show", name, "dump"), timeout=_SHORT_TIMEOUT_SECONDS)
    return result.out if result.ok else ""


def parse_link(text: str) -> Link | None:
    """An interface, from `ip -json address show dev NAME` (ip-address(8)); None if there is none."""
    # Some versions print an empty object for each interface that was not asked for.
    found = next((each for each in json.loads(text or "[]") if each), None)
    if found is None:
        return None
    addresses = (each for each in found["addr_info"] if each["scope"] != "link")
    return Link(
        frozenset(f"{each['local']}/{each['prefixlen']}" for each in addresses), found["mtu"], "UP" in found["flags"]
    )


def link(name: str) -> Link | None:
    """An interface as it is; None if it is not there."""
    return parse_link(_ip("-json", "address", "show", "dev", name).out)


def _addresses(name: str) -> frozenset[str]:
    found = link(name)
    return found.addresses if found else frozenset()


def _make(name: str) -> None:
    if systemd.is_running():
        try:
            systemd.systemctl("restart", f"wg-quick@{name}")
        except command.CommandError as error:
            raise ShoestringError(
                f"systemd could not bring {name} up. See: journalctl -u wg-quick@{name}\n{error.result.tail()}"
            ) from error
    elif _kind() == _USERSPACE:
        # It stays, in the background; it must not hold the directory that it was started in.
        command.check((_USERSPACE, name), timeout=_SHORT_TIMEOUT_SECONDS, directory=Path("/"))
    else:
        _check(("ip", "link", "add", "dev", name, "type", "wireguard"))


def _kind() -> str:
    """Who does the work: `kernel` or wireguard-go; empty where neither is there."""
    # Only trying tells: the module may be built in, on the disk, or missing.
    if _ip("link", "add", "dev", _PROBE, "type", "wireguard").ok:
        _ip("link", "delete", "dev", _PROBE)
        return "kernel"
    return _USERSPACE if command.exists(_USERSPACE) else ""


def _ip(*arguments: str) -> command.Result:
    return command.run(("ip", *arguments), timeout=_SHORT_TIMEOUT_SECONDS)


def _check(argv: tuple[str, ...], stdin: str = "") -> None:
    command.check(argv, timeout=_SHORT_TIMEOUT_SECONDS, stdin=stdin)
