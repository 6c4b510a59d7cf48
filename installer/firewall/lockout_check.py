"""Does SSH still answer? Asked from a network namespace: its packets come in by the rules for those from outside.

A namespace with a cable to this host is made for a moment, with an address of its own, and connects from there.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address

from installer.firewall import ssh_ports
from installer.host.ports import ListeningSocket
from runtime.base import command
from runtime.base.errors import ShoestringError

# RFC 2544 and RFC 5180: for tests between two machines, so no network uses them.
HERE, THERE, PREFIX = "198.18.255.253", "198.18.255.254", 30
HERE6, THERE6, PREFIX6 = "2001:2:0:ffff::1", "2001:2:0:ffff::2", 64
# Where a socket of all addresses is asked: over the cable, or from this host itself.
_ALL4, _ALL6 = "0.0.0.0", "::"  # noqa: S104 - what others listen at
_BY_CABLE = {_ALL4: HERE, _ALL6: HERE6}
_BY_LOOPBACK = {_ALL4: "127.0.0.1", _ALL6: "::1"}
_TIMEOUT_SECONDS = 20.0
_CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).close()"


@dataclass(frozen=True)
class ProbeTarget:
    """An address where SSH answers. 0.0.0.0: at every IPv4 address, `::`: at every IPv6 address."""

    address: str
    port: int


@dataclass(frozen=True)
class ProbeAnswers:
    """The targets that answered, of those that were asked, and from where they were asked."""

    targets: frozenset[ProbeTarget]
    through_ruleset: bool
    probed: frozenset[ProbeTarget]

    @property
    def ports(self) -> str:
        """Return the ports that answered, as text for the user."""
        return _ports(self.targets)

    @property
    def about(self) -> str:
        """Return what is proven, as a sentence."""
        if not self.probed:
            return "No SSH server listens on this host, so there was nothing to check."
        if not self.targets:
            return (
                f"SSH listens on port {_ports(self.probed)}, but did not answer without these rules either, so "
                "this proves nothing: log in once more from another terminal before you close this one."
            )
        families = sorted({"IPv6" if ":" in each.address else "IPv4" for each in self.targets})
        where = f"SSH answers on port {self.ports} by {' and '.join(families)}"
        if self.through_ruleset:
            return f"{where}, checked from a network namespace through these rules."
        return f"{where}, checked from this host only; from outside it was not checked."


def targets(listeners: Iterable[ListeningSocket], ports: frozenset[int]) -> frozenset[ProbeTarget]:
    """Return where an SSH server listens now, except loopback addresses.

    `ports` are those that are known to be SSH's: systemd may listen there for it.
    """
    found = (each for each in listeners if ssh_ports.is_server(each) or each.port in ports)
    return frozenset(
        ProbeTarget(address, each.port)
        for each in found
        if not ip_address(each.address).is_loopback
        # A socket of all IPv6 addresses may be one of all IPv4 addresses too (ipv6(7), IPV6_V6ONLY).
        for address in ((_ALL4, _ALL6) if each.address == _ALL6 else (each.address,))
    )


def probe(listening: frozenset[ProbeTarget]) -> ProbeAnswers:
    """Connect to each target, from a namespace if one can be made, else from this host."""
    if not listening:
        return ProbeAnswers(listening, through_ruleset=False, probed=listening)
    try:
        with _namespace() as name:
            answered = _answering(listening, _BY_CABLE, ("ip", "netns", "exec", name))
        if answered:
            return ProbeAnswers(answered, through_ruleset=True, probed=listening)
    except ShoestringError:
        # Some containers may make none.
        pass
    return ProbeAnswers(_answering(listening, _BY_LOOPBACK), through_ruleset=False, probed=listening)


def passes(before: ProbeAnswers, after: ProbeAnswers) -> bool:
    """Return whether all that answered before still does. One asked in another way proves nothing."""
    return before.targets <= after.targets and after.through_ruleset >= before.through_ruleset


def _ports(those: frozenset[ProbeTarget]) -> str:
    return ", ".join(map(str, sorted({each.port for each in those})))


def _answering(
    listening: frozenset[ProbeTarget], at: Mapping[str, str], prefix: tuple[str, ...] = ()
) -> frozenset[ProbeTarget]:
    """Return those that answer a program run with a prefix. `at`: what to ask for sockets of all addresses."""
    return frozenset(each for each in listening if _connects(prefix, at.get(each.address, each.address), each.port))


def _connects(prefix: tuple[str, ...], address: str, port: int) -> bool:
    argv = (*prefix, sys.executable, "-I", "-c", _CONNECT, address, str(port))
    return command.run(argv, timeout=_TIMEOUT_SECONDS).ok


@contextmanager
def _namespace() -> Iterator[str]:
    """Yield a network namespace with a veth pair to this host; both ends are removed with it."""
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
        _also_ipv6(name, near, far)
        yield name
    finally:
        command.run(("ip", "link", "delete", near), timeout=_TIMEOUT_SECONDS)
        command.run(("ip", "netns", "delete", name), timeout=_TIMEOUT_SECONDS)


def _also_ipv6(name: str, near: str, far: str) -> None:
    """Give both ends an IPv6 address too; a host without IPv6 has none, and then nothing of it answers."""
    for argv in (
        ("address", "add", f"{HERE6}/{PREFIX6}", "dev", near, "nodad"),
        ("-n", name, "address", "add", f"{THERE6}/{PREFIX6}", "dev", far, "nodad"),
        ("-n", name, "route", "add", "default", "via", HERE6),
    ):
        command.run(("ip", *argv), timeout=_TIMEOUT_SECONDS)


def _ip(*arguments: str) -> None:
    command.check(("ip", *arguments), timeout=_TIMEOUT_SECONDS)
