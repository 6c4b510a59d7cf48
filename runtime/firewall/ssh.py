"""The ports that SSH answers at. They stay open whatever the files say: nobody is to be locked out.

`shoestring firewall on` asks the system and keeps what it found; sshd's own files are looked at in each pass besides,
so that a port that moves is open before anybody needs it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from runtime import files

DEFAULT_PORT = 22
CONFIGURATION = Path("/etc/ssh")
# sshd_config(5): keyword and argument, case-insensitive; an address may have a port.
_LINE = re.compile(
    r"^\s*(?:Port[\s=]+|ListenAddress[\s=]+(?:\[[^\]]*\]|[^\s:\[]+):)(?P<port>\d+)\s*(?:#.*)?$",
    re.IGNORECASE | re.MULTILINE,
)


def configuration_files(directory: Path = CONFIGURATION) -> tuple[Path, ...]:
    """Where sshd reads its ports."""
    return (directory / "sshd_config", *sorted((directory / "sshd_config.d").glob("*.conf")))


def parse(text: str) -> frozenset[int]:
    """The ports that a file in the form of sshd_config(5), or what `sshd -T` prints, names."""
    found = (int(match["port"]) for match in _LINE.finditer(text))
    return frozenset(port for port in found if 0 < port <= 65535)


def configured(directory: Path = CONFIGURATION) -> frozenset[int]:
    """The ports of sshd's files; 22 where they name none."""
    named: frozenset[int] = frozenset()
    for file in configuration_files(directory):
        try:
            named |= parse(file.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
    return named or frozenset((DEFAULT_PORT,))


def kept(file: Path) -> frozenset[int] | None:
    """The ports of the moment when a person kept the firewall; None if nobody did."""
    try:
        answer = json.loads(file.read_text(encoding="utf-8"))
        return frozenset(int(port) for port in answer["ssh_ports"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(file: Path, ports: Iterable[int]) -> None:
    """Remember that the firewall is wanted, and these ports with it."""
    files.make_directory(file.parent, mode=0o700)
    files.write(file, json.dumps({"ssh_ports": sorted(ports)}) + "\n", mode=0o600)
