"""WireGuard on this host: configure an interface without losing a connection."""

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
class WireGuardInterface:
    """A desired interface.

    `addresses` have their prefix lengths. `text` is the file for wg-quick(8), `stripped` its part for wg(8); both
    contain secrets. The line `mark` identifies a file as one of this instance; `public_key`, the key of the server,
    identifies a running interface.
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
        """Return the name of the unit that brings it up at boot."""
        return _unit(self.name)


@dataclass(frozen=True)
class WireGuardLink:
    """An observed network interface. `addresses` have their prefix lengths; `mtu` is in bytes."""

    addresses: frozenset[str]
    mtu: int
    is_up: bool


@dataclass(frozen=True)
class BootState:
    """The state of an interface at boot: it comes up if its file is as desired and its unit enabled.

    Without systemd something else brings it up: then the unit counts as enabled.
    """

    is_written: bool
    is_enabled: bool = True


def configuration_file(name: str) -> Path:
    """Return the file that wg-quick(8) reads for an interface."""
    return CONFIGURATIONS / f"{name}.conf"


def check_possible(interface: WireGuardInterface) -> None:
    """Raise ShoestringError if this host cannot have the interface, or has a foreign one of that name."""
    name = interface.name
    if lacks := missing(check_kernel=not exists(name)):
        raise ShoestringError(lacks)
    if name in managed_interfaces(interface.mark, interface.public_key):
        return
    file = configuration_file(name)
    if file.exists():
        raise ShoestringError(
            f"{file} exists, but was not created by this instance. Choose another wireguard.interface in "
            "conf/shoestring.yaml, or move that file away."
        )
    if exists(name):
        raise ShoestringError(
            f"The network interface {name} exists, but was not created by Shoestring. Choose another "
            "wireguard.interface in conf/shoestring.yaml."
        )


def missing(*, check_kernel: bool = True) -> str:
    """Return what this host lacks for WireGuard, and what to install; empty if it lacks nothing."""
    if not command.exists("wg"):
        return "WireGuard's tools are not installed. Install the package wireguard-tools."
    if check_kernel and not _kind():
        return (
            "This kernel has no WireGuard, and wireguard-go is not installed. Install the package wireguard-go, or a "
            "kernel with WireGuard (Linux 5.6 or later, as your distribution builds it)."
        )
    return ""


def exists(name: str) -> bool:
    """Return whether a network interface of that name exists."""
    return _ip("link", "show", "dev", name).ok


def apply(interface: WireGuardInterface) -> bool:
    """Configure the interface as desired. Returns whether the file changed.

    The file comes first: after an interruption, the next run or boot continues from it. Peers are set by
    `wg syncconf`, which keeps the connections of those that stay. Raises ShoestringError.
    """
    files.make_directory(CONFIGURATIONS, DIRECTORY_MODE)
    changed = files.write(configuration_file(interface.name), interface.text, FILE_MODE)
    if not exists(interface.name):
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


def boot(interface: WireGuardInterface) -> BootState:
    """Return whether an interface comes up at boot."""
    try:
        written = configuration_file(interface.name).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        written = ""
    enabled = not systemd.is_running() or command.run(("systemctl", "is-enabled", "--quiet", interface.unit)).ok
    return BootState(written == interface.text, enabled)


def remove(name: str) -> None:
    """Remove an interface of this instance and its file. After an interruption, run it again."""
    if systemd.is_running():
        command.run(("systemctl", "disable", "--now", "--quiet", _unit(name)))
    _ip("link", "delete", "dev", name)
    files.remove(configuration_file(name))
    # Otherwise a power cut in the next seconds would restore both, and the interface at boot.
    command.run(("sync", "--file-system", str(CONFIGURATIONS)), timeout=_SHORT_TIMEOUT_SECONDS)


def managed_interfaces(mark: str, public_key: str) -> tuple[str, ...]:
    """Return the interfaces of an instance on this host, by every name that it has had.

    Their files have its mark; where the file is lost, the running interface has its key (empty: it has none).
    """
    lost = (name for name, key in _keys() if key == public_key and not configuration_file(name).exists())
    return tuple(sorted({*_marked(mark), *lost}))


def _marked(mark: str) -> Iterator[str]:
    for file in CONFIGURATIONS.glob("*.conf"):
        # Foreign files may contain anything.
        with contextlib.suppress(OSError):
            if mark in file.read_text(encoding="utf-8", errors="replace").splitlines():
                yield file.stem


def _keys() -> Iterator[tuple[str, str]]:
    """Yield the name and the public key of each interface of WireGuard."""
    if command.exists("wg"):
        result = command.run(("wg", "show", "all", "public-key"), timeout=_SHORT_TIMEOUT_SECONDS)
        for line in result.out.splitlines():
            name, _, key = line.partition("\t")
            yield name, key


def dump(name: str) -> str:
    """Return the output of `wg show NAME dump`, which contains keys; empty without such an interface."""
    if not command.exists("wg"):
        return ""
    result = command.run(("wg", "show", name, "dump"), timeout=_SHORT_TIMEOUT_SECONDS)
    return result.out if result.ok else ""


def parse_link(text: str) -> WireGuardLink | None:
    """Return an interface from `ip -json address show dev NAME` (ip-address(8)); None if there is none."""
    # Some versions print an empty object for each interface that was not asked for.
    found = next((each for each in json.loads(text or "[]") if each), None)
    if found is None:
        return None
    addresses = (each for each in found["addr_info"] if each["scope"] != "link")
    return WireGuardLink(
        frozenset(f"{each['local']}/{each['prefixlen']}" for each in addresses), found["mtu"], "UP" in found["flags"]
    )


def link(name: str) -> WireGuardLink | None:
    """Return an observed interface; None if it does not exist."""
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
        # It stays in the background, and must not keep the directory busy that it was started in.
        command.check((_USERSPACE, name), timeout=_SHORT_TIMEOUT_SECONDS, directory=Path("/"))
    else:
        _check(("ip", "link", "add", "dev", name, "type", "wireguard"))


def _kind() -> str:
    """Return the implementation: `kernel` or wireguard-go; empty if neither is available."""
    # Only an attempt shows it: the module may be built in, on the disk, or missing.
    if _ip("link", "add", "dev", _PROBE, "type", "wireguard").ok:
        _ip("link", "delete", "dev", _PROBE)
        return "kernel"
    return _USERSPACE if command.exists(_USERSPACE) else ""


def _ip(*arguments: str) -> command.Result:
    return command.run(("ip", *arguments), timeout=_SHORT_TIMEOUT_SECONDS)


def _check(argv: tuple[str, ...], stdin: str = "") -> None:
    command.check(argv, timeout=_SHORT_TIMEOUT_SECONDS, stdin=stdin)
