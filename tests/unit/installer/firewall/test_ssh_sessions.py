"""Answers recorded from ss and ip of iproute2 6.1."""

from __future__ import annotations

import pytest

from installer.firewall import ssh_sessions
from installer.firewall.ssh_sessions import SshSession
from runtime.firewall.model import Bridges, Ruleset

CONNECTIONS = """\
0      0               10.0.0.5:22               10.0.0.6:51022
0      36     [::ffff:10.0.0.5]:2222    [::ffff:10.0.0.8]:41000
0      0       [2001:db8::1%eth0]:22       [2001:db8::2]:41002
0      0             10.0.0.5:22               10.0.0.6:51024
0      0              127.0.0.1:40884            127.0.0.1:21970
"""
RULESET = Ruleset(
    "shoestring_a", (), vpn="wg0", vpn_networks=("10.12.0.0/24", "fd12::/64"), bridges=Bridges(("app0",))
)
SPOOFED = (
    "The present SSH session from 10.0.0.8 could not connect again: it arrives by eth2 at 10.0.0.7, but the route "
    "back to it is by eth1, so the rules treat it as spoofed; log in from another address, or change that route "
    "to eth2 (ip route), then once more: shoestring firewall on"
)
IN_THE_VPN = (
    "The present SSH session from 10.12.0.9 could not connect again: it is in the VPN's network 10.12.0.0/24 "
    "but does not arrive by wg0, so the rules treat it as spoofed; log in from another address, or choose another "
    "wireguard.network, then once more: shoestring firewall on"
)


def test_parse_connections() -> None:
    assert ssh_sessions.parse(CONNECTIONS, {22, 2222}) == (
        ("10.0.0.6", "10.0.0.5"),
        ("10.0.0.8", "10.0.0.5"),
        ("2001:db8::2", "2001:db8::1"),
    )
    assert ssh_sessions.parse("", {22}) == ()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","flags":[]}]', {"eth0"}),
        (
            '[{"dst":"default","flags":[],"nexthops":[{"gateway":"192.0.2.1","dev":"eth0","weight":1,"flags":[]},'
            '{"gateway":"192.0.3.1","dev":"eth1","weight":1,"flags":[]}]}]',
            {"eth0", "eth1"},
        ),
        ("", set()),
    ],
)
def test_parse_route_interfaces(answer: str, expected: set[str]) -> None:
    assert ssh_sessions.parse_route(answer) == expected


@pytest.mark.parametrize(
    ("routes", "tunnels", "expected"),
    [
        ({"eth0"}, (), "eth0"),
        ({"eth1"}, (), "eth0"),
        (set(), (), "eth0"),
        # A client of the VPN, or a machine of a mesh, that connects to the address of eth0.
        ({"wg0"}, ("wg0",), "wg0"),
        ({"eth0", "tun0"}, ("tun0",), "eth0"),
    ],
)
def test_came_by_interface(routes: set[str], tunnels: tuple[str, ...], expected: str) -> None:
    assert ssh_sessions.arrival_interface("eth0", frozenset(routes), tunnels) == expected


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (SshSession("10.0.0.8", "10.0.0.7", "eth2", frozenset({"eth1"})), (SPOOFED,)),
        (SshSession("10.0.0.8", "10.0.0.7", "eth2", frozenset({"eth1", "eth2"})), ()),
        (SshSession("10.0.0.8", "10.0.0.7", "eth2", frozenset()), ()),
        (SshSession("203.0.113.9", "10.0.0.7", "eth2", frozenset({"eth1"})), ()),
        (SshSession("fd00::8", "fd00::7", "eth2", frozenset({"eth2"})), ()),
        (SshSession("10.12.0.9", "10.0.0.7", "eth2", frozenset({"eth2"})), (IN_THE_VPN,)),
        (SshSession("10.12.0.9", "10.12.0.1", "wg0", frozenset({"wg0"})), ()),
        (SshSession("172.20.0.2", "172.20.0.1", "br-0123456789ab", frozenset({"eth0"})), ()),
        (SshSession("172.20.0.2", "172.20.0.1", "app0", frozenset({"eth0"})), ()),
        (SshSession("10.0.0.8", "10.0.0.7", "lo", frozenset({"eth1"})), ()),
    ],
)
def test_refused_sessions(peer: SshSession, expected: tuple[str, ...]) -> None:
    assert ssh_sessions.objections((peer,), RULESET) == expected
