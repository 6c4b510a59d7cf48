"""The ports that SSH answers at. They stay open whatever the files define, so that no user is locked out.

`shoestring firewall on` asks the system and saves the ports that it found; each run of the watchdog also reads sshd's
own files, so that a changed port is open before it is used. A confirmation on one host does not count on another to
which the data directory was copied.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

from runtime.base import files

DEFAULT_PORT = 22
CONFIGURATION = Path("/etc/ssh")
MACHINE = Path("/etc/machine-id")
# machine-id(5); for a moment at a first boot it may be `uninitialized`.
_MACHINE = re.compile(r"[0-9a-f]{32}")
# sshd_config(5): keyword and argument, case-insensitive; an address may have a port.
_LINE = re.compile(
    r"^\s*(?:Port[\s=]+|ListenAddress[\s=]+(?:\[[^\]]*\]|[^\s:\[]+):)(?P<port>\d+)\s*(?:#.*)?$",
    re.IGNORECASE | re.MULTILINE,
)


def configuration_files(directory: Path = CONFIGURATION) -> tuple[Path, ...]:
    """Return where sshd reads its ports."""
    return (directory / "sshd_config", *sorted((directory / "sshd_config.d").glob("*.conf")))


def parse(text: str) -> frozenset[int]:
    """Return the ports that a file in the form of sshd_config(5), or what `sshd -T` prints, names."""
    found = (int(match["port"]) for match in _LINE.finditer(text))
    return frozenset(port for port in found if 0 < port <= 65535)


def configured(directory: Path = CONFIGURATION) -> frozenset[int]:
    """Return the ports of sshd's files; 22 where they name none."""
    named: frozenset[int] = frozenset()
    for file in configuration_files(directory):
        try:
            named |= parse(file.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
    return named or frozenset((DEFAULT_PORT,))


def confirmed_ports(file: Path, machine: Path = MACHINE) -> frozenset[int] | None:
    """Return SSH's ports at the time when the firewall was confirmed on this host; None if it was not."""
    found, here = _read(file), _host(machine)
    return found[0] if found and (found[1] == here or not found[1] or not here) else None


def is_confirmed_elsewhere(file: Path, machine: Path = MACHINE) -> bool:
    """Return whether it was confirmed on another host, which the data directory was copied from."""
    return _read(file) is not None and confirmed_ports(file, machine) is None


def confirm(file: Path, ports: Iterable[int], machine: Path = MACHINE) -> None:
    """Save that the firewall is confirmed on this host, and these ports with it."""
    files.make_directory(file.parent, mode=0o700)
    content = {"ssh_ports": sorted(ports), "host": _host(machine)}
    files.write(file, json.dumps(content) + "\n", mode=0o600)


def _read(file: Path) -> tuple[frozenset[int], str] | None:
    """Return the ports, and the host; empty where it is not known."""
    try:
        answer = json.loads(file.read_text(encoding="utf-8"))
        return frozenset(int(port) for port in answer["ssh_ports"]), str(answer.get("host", ""))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _host(machine: Path) -> str:
    """Return an identifier of this host that does not reveal its machine id (machine-id(5)); empty without an id."""
    try:
        text = machine.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
    return hashlib.sha256(f"shoestring firewall {text}".encode()).hexdigest() if _MACHINE.fullmatch(text) else ""
