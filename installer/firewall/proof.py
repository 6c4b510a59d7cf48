"""Does SSH still answer? Asked from a network namespace: its packets come in by the rules for those from outside.

A namespace with a cable to this host is made for a moment, with an address of its own, and connects from there.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address

from installer.firewall import ssh_ports
from installer.host.ports import Listener
from runtime import command
from runtime.errors import ShoestringError

# RFC 2544: for tests between two machines, so nobody's own.
HERE, THERE, PREFIX = "198.18.255.253", "198.18.255.254", 30
_TIMEOUT_SECONDS = 20.0
_CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).close()"


@dataclass(frozen=True)
class Target:
    """Where SSH answers. Empty `address`: at every one."""

    address: str
    port: int


@dataclass(frozen=True)
class Answers:
    """The targets that answered, and from where they were asked."""

    targets: frozenset[Target]
    through_the_rules: bool

    @property
    def ports(self) -> str:
        """The ports that answered, as a person reads them."""
        return ", ".join(map(str, sorted({each.port for each in self.targets})))

    @property
    def about(self) -> str:
        """What is proven, as a sentence."""
        if not self.targets:
            return "No SSH server listens on this host, so there was nothing to prove."
        if self.through_the_rules:
            return f"SSH answers on port {self.ports}, asked from a network namespace through these rules."
        return f"SSH answers on port {self.ports} from this host itself; from outside that is not proven."


def targets(listeners: Iterable[Listener]) -> frozenset[Target]:
    """Where an SSH server listens now, but on this host alone."""
    found = (each for each in listeners if ssh_ports.is_server(each))
    return frozenset(
        Target("" if ip_address(each.address).is_unspecified else each.address, each.port)
        for each in found
        if not ip_address(each.address).is_loopback and "%" not in each.address
    )


def ask(wanted: frozenset[Target]) -> Answers:
    """Connect to each target, from a namespace if one can be made, else from this host."""
    if not wanted:
        return Answers(frozenset(), through_the_rules=False)
    try:
        with _namespace() as name:
            prefix = ("ip", "netns", "exec", name)
            answered = frozenset(each for each in wanted if _connects(prefix, each.address or HERE, each.port))
        if answered:
            return Answers(answered, through_the_rules=True)
    except ShoestringError:
        # Some containers may make none.
        pass
    own = frozenset(each for each in wanted if _connects((), each.address or "127.0.0.1", each.port))
    return Answers(own, through_the_rules=False)


def holds(before: Answers, after: Answers) -> bool:
    """Whether all that answered before still does. One asked in another way proves nothing."""
    return before.targets <= after.targets and after.through_the_rules >= before.through_the_rules


def _connects(prefix: tuple[str, ...], address: str, port: int) -> bool:
    argv = (*prefix, sys.executable, "-I", "-c", _CONNECT, address, str(port))
    return command.run(argv, timeout=_TIMEOUT_SECONDS).ok


@contextmanager
def _namespace() -> Iterator[str]:
    """A network namespace with a cable to this host; both ends go with it."""
    token = secrets.token_hex(3)
    name, near, far = f"shoestring-{token}", f"sho{token}n", f"sho{token}f"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        _ip("address", "add", f"{HERE}/{PREFIX}", "dev", near)
        _ip("link", "set", near, "up")
        _ip("-n", name, "address", "add", f"{THERE}/{PREFIX}", "dev", far)
        _ip("-n", name, "link", "set", far, "up")
        _ip("-n", name, "route", "add", "default", "via", HERE)
        yield name
    finally:
        command.run(("ip", "link", "delete", near), timeout=_TIMEOUT_SECONDS)
        command.run(("ip", "netns", "delete", name), timeout=_TIMEOUT_SECONDS)


def _ip(*arguments: str) -> None:
    command.check(("ip", *arguments), timeout=_TIMEOUT_SECONDS)
