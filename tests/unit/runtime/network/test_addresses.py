"""The addresses of a host that something can be served on."""

from __future__ import annotations

import pytest

from runtime.network import addresses
from runtime.network.addresses import HostAddress
from runtime.network.netlink import SCOPE_GLOBAL, SCOPE_HOST, SCOPE_LINK, InterfaceAddress


def test_host_addresses_leaves_out_link_scope() -> None:
    found = addresses.host_addresses(
        (
            InterfaceAddress("lo", "127.0.0.1", 8, SCOPE_HOST, "127.0.0.1"),
            InterfaceAddress("eth0", "192.0.2.2", 24, SCOPE_GLOBAL, "192.0.2.2"),
            InterfaceAddress("eth0", "fd00::2", 64, SCOPE_GLOBAL, "fd00::2"),
            InterfaceAddress("eth0", "fe80::fc:ff:fe00:1", 64, SCOPE_LINK, "fe80::fc:ff:fe00:1"),
        )
    )
    assert found == (
        HostAddress("127.0.0.1", "lo"),
        HostAddress("192.0.2.2", "eth0"),
        HostAddress("fd00::2", "eth0"),
    )


def test_observe_finds_loopback() -> None:
    assert HostAddress("127.0.0.1", "lo") in addresses.observe()


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
def test_is_public(address: str, interface: str, public: bool) -> None:
    assert HostAddress(address, interface).is_public is public


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("0.0.0.0", "10.0.0.2", True),
        ("10.0.0.2", "0.0.0.0", True),
        ("::", "10.0.0.2", True),
        ("0.0.0.0", "::1", False),
        ("0.0.0.0", "::", True),
    ],
)
def test_overlap(first: str, second: str, both: bool) -> None:
    assert addresses.overlap(first, second) is both


def test_bracketed() -> None:
    assert [addresses.bracketed(each) for each in ("::1", "10.0.0.1", "host.example.com")] == [
        *("[::1]", "10.0.0.1", "host.example.com")
    ]
