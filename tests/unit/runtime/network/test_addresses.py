"""The addresses of a host, on recorded output."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.network import addresses
from runtime.network.addresses import HostAddress

RECORDED = Path(__file__).parents[1] / "recorded"


def test_addresses_are_read_without_those_of_a_link() -> None:
    found = addresses.parse((RECORDED / "ip-addr.json").read_text())
    assert HostAddress("127.0.0.1", "lo") in found
    assert HostAddress("192.0.2.2", "eth0") in found
    assert HostAddress("fd00::2", "eth0") in found
    assert not [each for each in found if each.address.startswith("fe80")]
    assert addresses.parse("") == ()


@pytest.mark.parametrize(
    ("address", "interface", "public"),
    [
        ("203.0.113.7", "eth0", True),
        ("2001:db8::7", "eth0", True),
        ("203.0.113.7", "docker0", False),
        ("10.0.0.5", "eth0", False),
        ("172.31.0.1", "eth0", False),
        ("172.32.0.1", "eth0", True),
        ("100.64.0.1", "eth0", False),
        ("fd00::2", "eth0", False),
        ("127.0.0.1", "lo", False),
    ],
)
def test_what_the_world_can_reach(address: str, interface: str, public: bool) -> None:
    assert HostAddress(address, interface).is_public is public
