from __future__ import annotations

import pytest

from installer.vpn.endpoint import problem
from runtime.network.addresses import HostAddress

PUBLIC = (HostAddress("127.0.0.1", "lo"), HostAddress("8.8.4.4", "eth0"), HostAddress("2a01:4f8::1", "eth0"))
TRANSLATED = (HostAddress("127.0.0.1", "lo"), HostAddress("10.0.0.5", "eth0"))


@pytest.mark.parametrize(
    ("host", "resolved", "own"),
    [
        ("8.8.4.4", ("8.8.4.4",), PUBLIC),
        ("vpn.example.com", ("9.9.9.9", "2a01:4f8::1"), PUBLIC),
        ("10.0.0.5", ("10.0.0.5",), TRANSLATED),
        # The public address of a NAT is on no interface.
        ("9.9.9.9", ("9.9.9.9",), TRANSLATED),
    ],
)
def test_problem_is_empty_for_this_host(host: str, resolved: tuple[str, ...], own: tuple[HostAddress, ...]) -> None:
    assert problem(host, resolved, own) == ""


@pytest.mark.parametrize(
    ("host", "resolved", "own", "message"),
    [
        ("9.9.9.9", ("9.9.9.9",), PUBLIC, "The endpoint 9.9.9.9 is not this host, which has 127.0.0.1, 8.8.4.4"),
        ("a.com", ("9.9.9.9",), PUBLIC, "The endpoint a.com (9.9.9.9) is not this host"),
        ("10.0.0.6", ("10.0.0.6",), TRANSLATED, "The endpoint 10.0.0.6 is not this host"),
        ("a.com", (), PUBLIC, "The endpoint a.com does not resolve to an address"),
        ("localhost", ("127.0.0.1",), PUBLIC, "The endpoint localhost is the loopback address"),
    ],
)
def test_problem_of_other_host(
    host: str, resolved: tuple[str, ...], own: tuple[HostAddress, ...], message: str
) -> None:
    assert problem(host, resolved, own).startswith(message)
