"""Where SSH answers on this host, from all sources: sshd itself, sockets, systemd, the present connection."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from installer.host.ports import ListeningSocket, parse_listeners
from runtime.base import command
from runtime.base.errors import ShoestringError
from runtime.firewall import ssh

SERVERS = ("sshd", "dropbear", "tinysshd")
# systemd may listen for them (systemctl(1), show: `Listen=[::]:22 (Stream)`).
_SOCKETS = ("ssh.socket", "sshd.socket", "dropbear.socket")
_LISTEN = re.compile(r"^Listen=.*:(\d+) \(Stream\)$", re.MULTILINE)
_TIMEOUT_SECONDS = 10.0


def find(listeners: Iterable[ListeningSocket]) -> frozenset[int]:
    """Return all ports that SSH answers at, or would after a restart of its server; 22 if unknown."""
    found = ssh.parse(output("sshd", "-T")) | parse_sockets(output("systemctl", "show", "-p", "Listen", *_SOCKETS))
    # SSH_CONNECTION (ssh(1)): the client's address and port, then the server's.
    own = os.environ.get("SSH_CONNECTION", "").split()
    found |= {int(own[3])} if len(own) == 4 and own[3].isdecimal() else set()
    return found | {each.port for each in listeners if is_server(each)} | ssh.configured()


def is_server(listener: ListeningSocket) -> bool:
    """Return whether a socket is that of an SSH server, and not a port that a logged-in user forwards."""
    return listener.process in SERVERS and not is_session(_title(listener.pid))


def is_session(title: str) -> bool:
    """Return whether a process of sshd's is that of one connection, by what ps(1) shows of it."""
    return title.startswith("sshd: ") and "[listener]" not in title


def listeners(*options: str) -> tuple[ListeningSocket, ...]:
    """Return the sockets that listen, by TCP, or with `-u` by UDP (ss(8))."""
    return parse_listeners(output("ss", "-lnpH", *(options or ("-t",))))


def parse_sockets(text: str) -> frozenset[int]:
    """Return the ports at which systemd listens for others, from `systemctl show -p Listen`."""
    return frozenset(int(port) for port in _LISTEN.findall(text))


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def output(*argv: str) -> str:
    """Return what a command prints, or nothing where it is not there or fails."""
    try:
        result = command.run(argv, timeout=_TIMEOUT_SECONDS)
    except ShoestringError:
        return ""
    return result.out if result.ok else ""
