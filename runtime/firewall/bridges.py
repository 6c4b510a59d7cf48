"""Interfaces whose name does not show whether they are a bridge of Docker's; then the engine is asked.

The watchdog imports this each minute: it must import little.
"""

from __future__ import annotations

import os
import re
import socket

# Docker's own; a network's is br- and the first 12 hexadecimal digits of its id, and a rule cannot ask for those.
OWN = ("docker0", "docker_gwbridge")
PREFIX = "br-"
_OF_A_NETWORK = re.compile(r"br-[0-9a-f]{12}")
_INTERFACES = "/sys/class/net"


def unclear() -> tuple[str, ...]:
    """Return the present interfaces whose names begin as those of Docker's networks, and bridges with other names."""
    return tuple(sorted(name for _, name in socket.if_nameindex() if _is_unclear(name)))


def is_dockers(name: str) -> bool:
    """Return whether a name is one that Docker itself chooses for a bridge."""
    return name in OWN or _OF_A_NETWORK.fullmatch(name) is not None


def _is_unclear(name: str) -> bool:
    if is_dockers(name):
        return False
    return name.startswith(PREFIX) or os.path.isdir(f"{_INTERFACES}/{name}/bridge")
