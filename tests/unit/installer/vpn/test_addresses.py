from __future__ import annotations

import pytest

from installer.vpn import addresses
from runtime.base.errors import UsageError
from runtime.config.settings import Settings
from tests.support.builders.runtime import make_settings


def settings(network: str = "10.12.0.0/24", network6: str = "", address: str = "10.12.0.1") -> Settings:
    return make_settings(
        f"internal: {{address: '{address}'}}\n"
        f"wireguard: {{enabled: on, network: {network}, network6: '{network6}'}}\n"
    )


def test_server_addresses() -> None:
    assert addresses.server(settings(network6="fd12::/64")) == ("10.12.0.1/24", "fd12::1/64")
    assert addresses.server(settings(network6="fd12::/64", address="fd12::9")) == ("10.12.0.1/24", "fd12::9/64")
    assert addresses.server(settings(address="10.12.0.7")) == ("10.12.0.7/24",)


def test_allocate_lowest_free_addresses() -> None:
    both = settings(network6="fd12::/64")
    assert addresses.allocate(both, ()) == ("10.12.0.2", "fd12::2")
    assert addresses.allocate(both, ("10.12.0.2", "fd12::2", "10.12.0.4")) == ("10.12.0.3", "fd12::3")
    assert addresses.allocate(settings(address="10.12.0.2"), ()) == ("10.12.0.1",)


def test_fitting_keeps_addresses_in_networks() -> None:
    both = settings(network6="fd12::/64")
    assert addresses.fitting(both, ("10.12.0.7", "fd12::7"), ("10.12.0.7", "fd12::7")) == ("10.12.0.7", "fd12::7")
    # An address of a former network, of one family only, and the server's present address.
    for before in (("10.13.0.7", "fd12::7"), ("fd12::7",), ("10.12.0.1", "fd12::7")):
        assert addresses.fitting(both, before, (*before, "10.12.0.2")) == ("10.12.0.3", "fd12::7")
    assert addresses.fitting(settings(), ("10.12.0.7", "fd12::7"), ()) == ("10.12.0.7",)


def test_allocate_in_exhausted_network() -> None:
    small = settings("10.12.0.0/30")
    assert addresses.allocate(small, ()) == ("10.12.0.2",)
    with pytest.raises(UsageError, match=r"^All addresses of 10.12.0.0/30 are in use. Remove a client "):
        addresses.allocate(small, ("10.12.0.2",))


def test_ula_network() -> None:
    assert addresses.ula_network(bytes.fromhex("0123456789")) == "fd01:2345:6789::/64"
    made = addresses.ula_network(bytes.fromhex("ffffffffff"))
    assert make_settings(f"wireguard: {{network6: '{made}'}}\n").wireguard.network6 == made
    with pytest.raises(ValueError, match="40 bits"):
        addresses.ula_network(bytes(4))
