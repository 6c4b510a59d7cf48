"""WireGuard on this host: an interface that is what its configuration says, and no connection lost on the way."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from installer.host import systemd
from runtime.base import command, files
from runtime.base.errors import ShoestringError

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
    have secrets in them. `mark` is the line by which a file is known as this instance's, `public_key` that of the
    server, by which a running interface is.
    """

    name: str
    addresses: tuple[str, ...]
    mtu: int
    text: str
    stripped: str
    mark: str
    public_key: str

    @property
    def unit(self) -> str:
        """The unit that brings it up at boot."""
        return _unit(self.name)


@dataclass(frozen=True)
class Link:
    """A network interface as it is. `addresses` have their prefix lengths; `mtu` is in bytes."""

    addresses: frozenset[str]
    mtu: int
    is_up: bool


@dataclass(frozen=True)
class Boot:
    """What brings an interface up at boot: whether its file is as it should be, and whether its unit is enabled.

    Where systemd does not run, something else does it: then the unit is as it should be.
    """

    is_written: bool
    is_enabled: bool = True


def configuration_file(name: str) -> Path:
    """Where wg-quick(8) looks for the configuration of an interface."""
    return CONFIGURATIONS / f"{name}.conf"


def check_possible(interface: Interface) -> None:
    """Raise ShoestringError if this host cannot have the interface, or has someone else's of that name."""
    name = interface.name
    if lacks := missing(look_at_kernel=not is_there(name)):
        raise ShoestringError(lacks)
    if name in ours(interface.mark, interface.public_key):
        return
    file = configuration_file(name)
    if file.exists():
        raise ShoestringError(
            f"{file} is there already, and not of this instance. Choose another wireguard.interface in "
            "conf/shoestring.yaml, or move that file away."
        )
    if is_there(name):
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
        systemd.enable(interface.unit)
    _check(("wg", "syncconf", interface.name, "/dev/stdin"), interface.stripped)
    for address in _addresses(interface.name) - set(interface.addresses):
        _check(("ip", "address", "delete", address, "dev", interface.name))
    for address in sorted(set(interface.addresses) - _addresses(interface.name)):
        _check(("ip", "address", "add", address, "dev", interface.name))
    _check(("ip", "link", "set", "dev", interface.name, "mtu", str(interface.mtu), "up"))
    return changed


def boot(interface: Interface) -> Boot:
    """What brings an interface up at boot, as it is."""
    try:
        written = configuration_file(interface.name).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        written = ""
    enabled = not systemd.is_running() or command.run(("systemctl", "is-enabled", "--quiet", interface.unit)).ok
    return Boot(written == interface.text, enabled)


def remove(name: str) -> None:
    """Take an interface of this instance down, and its file away. Killed and run again, it goes on."""
    if systemd.is_running():
        command.run(("systemctl", "disable", "--now", "--quiet", _unit(name)))
    _ip("link", "delete", "dev", name)
    files.remove(configuration_file(name))
    # Else a power cut in the next seconds would bring both back, and at boot the interface.
    command.run(("sync", "--file-system", str(CONFIGURATIONS)), timeout=_SHORT_TIMEOUT_SECONDS)


def ours(mark: str, public_key: str) -> tuple[str, ...]:
    """The interfaces of an instance on this host, by every name that it has had.

    Their files have its mark; where the file is lost, the running interface has its key (empty: it has none).
    """
    lost = (name for name, key in _keys() if key == public_key and not configuration_file(name).exists())
    return tuple(sorted({*_marked(mark), *lost}))


def _marked(mark: str) -> Iterator[str]:
    for file in CONFIGURATIONS.glob("*.conf"):
        # Those of others may be anything.
        with contextlib.suppress(OSError):
            if mark in file.read_text(encoding="utf-8", errors="replace").splitlines():
                yield file.stem


def _keys() -> Iterator[tuple[str, str]]:
    """The name and the public key of each interface of WireGuard."""
    if command.exists("wg"):
        result = command.run(("wg", "show", "all", "public-key"), timeout=_SHORT_TIMEOUT_SECONDS)
        for line in result.out.splitlines():
            name, _, key = line.partition("\t")
            yield name, key


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


def _unit(name: str) -> str:
    return f"wg-quick@{name}"


def _addresses(name: str) -> frozenset[str]:
    found = link(name)
    return found.addresses if found else frozenset()


def _make(name: str) -> None:
    if systemd.is_running():
        try:
            systemd.systemctl("restart", _unit(name))
        except command.CommandError as error:
            raise ShoestringError(
                f"systemd could not bring {name} up. See: journalctl -u {_unit(name)}\n{error.result.tail()}"
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
